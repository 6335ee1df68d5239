import subprocess
import sys
from pathlib import Path

import pytest

from gioconda.media import read_image

from .test_server import wav

CLIENT = Path(__file__).parents[2] / "examples" / "live_client.py"


@pytest.mark.usefixtures("client")
def test_the_example_streams_a_sound_and_writes_frames(tmp_path, running, photo_path, voice):
    (tmp_path / "voice.wav").write_bytes(wav(voice[:16000]))
    command = [sys.executable, str(CLIENT), "voice.wav", "frames", str(photo_path), running.url]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120, capture_output=True)
    frames = sorted((tmp_path / "frames").iterdir())
    assert len(frames) >= 5
    assert read_image(frames[0]).shape == (512, 512, 3)
