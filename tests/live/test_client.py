import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gioconda.media import read_image

from .test_server import wav

CLIENT = Path(__file__).parents[2] / "examples" / "live_client.py"


def run(folder, *arguments):
    command = [sys.executable, str(CLIENT), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, timeout=120, capture_output=True, text=True)


@pytest.mark.usefixtures("client")
def test_the_example_streams_a_sound_and_writes_frames(tmp_path, running, photo_path, voice):
    (tmp_path / "voice.wav").write_bytes(wav(voice[:16000]))
    run(tmp_path, "voice.wav", "frames", photo_path, "--server", running.url).check_returncode()
    frames = sorted((tmp_path / "frames").iterdir())
    assert len(frames) >= 5
    assert read_image(frames[0]).shape == (512, 512, 3)


def test_what_the_server_refuses_is_said_in_a_line(tmp_path, running, voice_path):
    (tmp_path / "a.jpg").write_text("this is no picture")
    refused = run(tmp_path, voice_path, "frames", "a.jpg", "--server", running.url)
    assert refused.returncode == 1
    assert refused.stderr.startswith("the upload is not a picture")
    assert refused.stderr.count("\n") == 1
    assert "usage" in run(tmp_path).stderr


def test_the_example_gives_its_key(tmp_path, voice_path):
    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            told = json.dumps({"error": self.headers["authorization"]}).encode()
            self.send_response(503)
            self.end_headers()
            self.wfile.write(told)

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.handle_request).start()
        address = f"http://127.0.0.1:{server.server_port}"
        said = run(tmp_path, voice_path, "frames", "--key", "a-secret", "--server", address)
    assert said.stderr == "Bearer a-secret\n"
