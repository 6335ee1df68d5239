import json
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import DEVNULL, PIPE

import numpy as np
import pytest

from gioconda.live.limits import Limits
from gioconda.live.pool import SessionPool
from gioconda.live.server import Settings
from gioconda.media import read_image

from .conftest import serving, wait
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
    assert refused.stderr.startswith("the upload cannot be read as a picture")
    assert refused.stderr.count("\n") == 1
    assert "usage" in run(tmp_path).stderr


@contextmanager
def talking(folder, server, voice):
    """The example while frames come; then what it says last."""
    (folder / "voice.wav").write_bytes(wav(np.tile(voice, 20)))
    command = [sys.executable, str(CLIENT), "voice.wav", "frames", "--server", server.url]
    options = {"cwd": folder, "stderr": PIPE, "stdout": DEVNULL, "text": True}
    # tests that run in the background ignore Ctrl-C, and their children would too
    options["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, **options) as example:
        try:
            wait(lambda: list(folder.glob("frames/*.jpg")), 60)
            yield example
        finally:
            example.kill()


def last_words(example):
    _, said = example.communicate(timeout=60)
    return example.returncode, said


@pytest.mark.usefixtures("client")
def test_the_example_is_stopped_by_ctrl_c(tmp_path, running, voice):
    with talking(tmp_path, running, voice) as example:
        example.send_signal(signal.SIGINT)
        assert last_words(example) == (1, "stopped\n")


@pytest.mark.usefixtures("client")
def test_a_session_that_the_server_ends_is_said_in_a_line(tmp_path, running, voice):
    with talking(tmp_path, running, voice) as example:
        for hosted in running.server.pool.sessions():
            hosted.end()
        assert last_words(example) == (1, "the server ended the session\n")


def test_a_server_that_goes_away_is_said_in_a_line(tmp_path, voice, monkeypatch):
    monkeypatch.setattr(SessionPool, "warm_up", lambda pool: pool._portraits.load_example())
    with ExitStack() as stack:
        with serving(Settings(limits=Limits(sessions=1))) as server:
            example = stack.enter_context(talking(tmp_path, server, voice))
        assert last_words(example) == (1, "the server is gone\n")
    said = run(tmp_path, "voice.wav", "frames", "--server", server.url).stderr
    assert said.startswith(f"{server.url} cannot be reached")
    assert said.count("\n") == 1


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
