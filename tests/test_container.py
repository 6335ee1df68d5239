"""The container: what its files say is what Gioconda has and does."""

import json
import re
import subprocess
import sys
import threading
import tomllib
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from gioconda.cli import make_parser

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["gioconda"]


def words(instruction: str) -> list[str]:
    """The last such instruction's words, written as JSON."""
    return json.loads(re.findall(rf"(?m)^\s*{instruction} (\[.*\])$", DOCKERFILE)[-1])


def test_the_command_is_one_that_gioconda_takes():
    assert words("ENTRYPOINT") == ["gioconda"]
    args = make_parser().parse_args(words("CMD"))
    assert (args.command, args.host, args.port) == ("serve", "0.0.0.0", 7860)
    assert "EXPOSE 7860" in DOCKERFILE
    assert SERVICE["ports"] == ["127.0.0.1:7860:7860"]


def test_the_base_is_of_one_release_and_the_user_is_not_root():
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert len(bases) == 2
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
    assert bases[0] == bases[1]
    folder = ".".join(bases[0].removeprefix("python:").split(".")[:2])
    assert f"/lib/python{folder}/site-packages" in DOCKERFILE
    assert re.findall(r"(?m)^USER (\d+)$", DOCKERFILE) == ["1000"]


@pytest.mark.parametrize(("state", "status"), [("ready", 0), ("starting", 1)])
def test_it_is_healthy_once_it_takes_sessions(state, status):
    check = words("HEALTHCHECK .*\\\\\n *CMD")

    class About(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/about"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"state": state, "ready": state == "ready"}).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), About) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = check[2].replace(":7860", f":{server.server_port}")
        done = subprocess.run([sys.executable, *check[1:2], code], capture_output=True, text=True)
        server.shutdown()
    assert done.returncode == status, done.stderr


def test_what_a_wheel_is_built_from_goes_into_the_container_and_nothing_more():
    kept = [line[1:] for line in lines() if line.startswith("!")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]]
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed += [wheel["hooks"]["custom"]["path"], *(p.split("/")[0] for p in wheel["packages"])]
    assert sorted(kept) == sorted(needed)
    assert lines()[0] == "*"
    assert not any(fnmatch(".git", name) or fnmatch("tests", name) for name in kept)


def lines() -> list[str]:
    text = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in text if line and not line.startswith("#")]


def test_what_must_outlive_it_lies_in_the_volume():
    places = re.findall(r"\b(?:GIOCONDA_CACHE|NUMBA_CACHE_DIR|XDG_DATA_HOME)=(\S+)", DOCKERFILE)
    assert len(places) == 3
    assert all(place.startswith("/data") for place in places)
    assert SERVICE["volumes"] == ["data:/data"]
    assert "VOLUME /data" in DOCKERFILE
