"""Texts that are read aloud, by a fake of espeak-ng and by itself where it is installed."""

import io
import os
import shutil
import wave

import pytest

from gioconda import text_to_speech
from gioconda.errors import GiocondaError
from gioconda.live.text_to_speech import TextToSpeech
from gioconda.media import read_audio

from .fake_espeak import install
from .test_server import refusal


@pytest.fixture
def reading(running, monkeypatch, tmp_path):
    monkeypatch.setattr(text_to_speech, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(install(tmp_path)), prepend=os.pathsep)
    monkeypatch.setattr(running.server, "text_to_speech", TextToSpeech(100))


def say(client, text, voice="de"):
    return client.post("/speech", json={"text": text, "voice": voice})


@pytest.mark.usefixtures("reading")
def test_a_text_comes_back_as_sound(client):
    voices = [{"voice": "en-us", "name": "English (America)"}, {"voice": "de", "name": "German"}]
    assert client.get("/about").json()["speech"] == voices
    response = say(client, "guten Tag")
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as sound:
        assert sound.getparams()[:4] == (1, 2, 22050, 9 * 2205)


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    ("text", "voice", "expected"),
    [
        ("", "de", (400, "text")),
        (" \n", "de", (400, "text")),
        ("a" * 101, "de", (400, "text")),
        ("unspeakable", "de", (400, "text")),
        ("...", "de", (400, "text")),
        ("tlhIngan", "tlh", (404, "no-voice")),
        ("x", "-f/etc/passwd", (404, "no-voice")),
        (7, "de", (400, "bad-request")),
    ],
)
def test_texts_and_voices_that_cannot_be_are_refused(client, text, voice, expected):
    assert refusal(say(client, text, voice)) == expected


def test_the_voice_that_comes_along_is_the_first(running, client, monkeypatch, tmp_path):
    pytest.importorskip("hibari", reason="hibari-tts is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(running.server, "text_to_speech", TextToSpeech(100))
    assert client.get("/about").json()["speech"] == [
        {"voice": "en-hibari", "name": "English (hibari)"}
    ]
    with wave.open(io.BytesIO(say(client, "Good morning.", "en-hibari").content)) as sound:
        assert sound.getframerate() == 24000
        assert 0.5 < sound.getnframes() / 24000 < 3


def test_without_a_synthesiser_there_are_no_voices(running, client, monkeypatch, tmp_path):
    monkeypatch.setattr(text_to_speech, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(running.server, "text_to_speech", TextToSpeech(100))
    assert client.get("/about").json()["speech"] == []
    assert refusal(say(client, "hello")) == (404, "no-voice")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_itself_reads_aloud(tmp_path):
    speech = TextToSpeech(100)
    assert "en-us" in speech.voices
    (tmp_path / "said.wav").write_bytes(speech.synthesise("--version of a text, ünïcode", "en-us"))
    sound = read_audio(tmp_path / "said.wav")
    assert 1 < len(sound) / 16000 < 6
    assert abs(sound).max() > 0.1


def test_the_bundled_voice_is_there(client, voice_path):
    response = client.get("/voices/example")
    assert response.headers["content-type"] == "audio/flac"
    assert response.content == voice_path.read_bytes()
    assert client.get("/about").json()["example_voice"] is True


def test_letters_that_the_english_voice_does_not_know_are_not_left_out() -> None:
    with pytest.raises(GiocondaError, match="cannot read 你好; choose a voice of that language"):
        text_to_speech.synthesise("Bonjour, 你好", text_to_speech.ENGLISH)
