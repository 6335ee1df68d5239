"""gioconda say: a text becomes a video."""

import os

import numpy as np
import pytest

from gioconda import text_to_speech
from gioconda.cli import main
from gioconda.media import SAMPLE_RATE, read_audio, read_video

from ..live.fake_espeak import install


@pytest.fixture
def only_espeak(monkeypatch, tmp_path):
    monkeypatch.setattr(text_to_speech, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(install(tmp_path)), prepend=os.pathsep)


def test_the_voice_that_comes_along_says_it(photo_path, tmp_path, monkeypatch):
    def voice(text):
        assert text == "Good morning."
        t = np.arange(12000) / 24000
        return (0.3 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)

    monkeypatch.setattr(text_to_speech, "find_spec", lambda name: True)
    monkeypatch.setattr(text_to_speech, "_english", lambda: voice)
    monkeypatch.setenv("PATH", str(tmp_path))
    video = tmp_path / "said.mp4"
    said = main(["say", str(photo_path), "Good", "morning.", "-o", str(video), "--size", "256"])
    assert said == 0
    assert abs(len(read_audio(video)) / SAMPLE_RATE - 0.5) < 0.1
    assert len(list(read_video(video))) == 13


def test_a_text_in_the_place_of_the_photo_is_told_from_a_missing_photo(
    photo_path, tmp_path, capsys
):
    assert main(["say", "Hello there", str(photo_path), "-o", str(tmp_path / "a.mp4")]) == 2
    assert "give the photo first" in capsys.readouterr().err


@pytest.mark.usefixtures("only_espeak")
def test_a_voice_that_is_not_there_is_named_beside_those_that_are(photo_path, tmp_path, capsys):
    video = tmp_path / "said.mp4"
    assert main(["say", str(photo_path), "Hi", "--voice", "tlh", "-o", str(video)]) == 2
    assert "there is no voice 'tlh'; there are en-us, de" in capsys.readouterr().err
    assert not video.exists()


@pytest.mark.usefixtures("only_espeak")
@pytest.mark.parametrize(
    ("text", "said"), [(" ", "the text is empty"), ("unspeakable", "cannot read the text aloud")]
)
def test_a_text_that_cannot_be_said_is_refused(text, said, photo_path, tmp_path, capsys):
    assert main(["say", str(photo_path), text, "-o", str(tmp_path / "said.mp4")]) == 2
    assert said in capsys.readouterr().err


def test_without_any_voice_it_is_said_how_to_get_one(photo_path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(text_to_speech, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["say", str(photo_path), "Hi", "-o", str(tmp_path / "said.mp4")]) == 2
    assert "pip install hibari-tts" in capsys.readouterr().err


def test_the_real_voice_speaks():
    pytest.importorskip("hibari", reason="hibari-tts is not installed")
    sound = text_to_speech.synthesise("Good morning, I am a portrait.", text_to_speech.ENGLISH)
    assert len(sound) > 24000
