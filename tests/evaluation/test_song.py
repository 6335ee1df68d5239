"""Song and rap: what changes a voice, what a vowel is held by, and that all figures are there."""

import json

import numpy as np
import pytest

from gioconda.cli.song import show_song
from gioconda.data.phones import Phone
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.spoken.voices import Voice
from gioconda.errors import GiocondaError
from gioconda.evaluation.silence import music
from gioconda.evaluation.song import CHANGES, CLEAN, changed, evaluate_song, hold
from gioconda.generator import BaselineGenerator
from gioconda.media import Sound


def tone(pitch: float) -> Sound:
    """A second of it."""
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(16000) / 16000)).astype(np.float32)


def loudest_pitch(pcm: Sound) -> float:
    return float(np.abs(np.fft.rfft(pcm)).argmax() * 16000 / len(pcm))


def test_a_slower_voice_keeps_its_pitch_and_a_higher_one_its_speed() -> None:
    voice = tone(200)
    slow, high = changed(voice, 0.5, 0.0, None), changed(voice, 1.0, 12.0, None)
    assert len(slow) == pytest.approx(32000, rel=0.03)
    assert len(high) == pytest.approx(16000, rel=0.03)
    assert loudest_pitch(slow) == pytest.approx(200, rel=0.03)
    assert loudest_pitch(high) == pytest.approx(400, rel=0.03)


def test_music_lies_under_a_voice_by_so_many_decibels() -> None:
    voice = tone(200) / np.float32(10)
    under = changed(voice, 1.0, 0.0, 10.0) - voice
    assert 20 * np.log10(voice.std() / under.std()) == pytest.approx(10, abs=0.1)


def test_one_phone_is_held_and_the_rest_is_as_it_was() -> None:
    pcm = tone(200)
    held, seconds = hold(pcm, Phone("AA", 0.25, 0.5))
    assert seconds == pytest.approx(1.0, rel=0.1)
    assert len(held) == pytest.approx(len(pcm) + 16000 * (seconds - 0.25), abs=2)
    np.testing.assert_array_equal(held[:4000], pcm[:4000])
    np.testing.assert_array_equal(held[-8000:], pcm[8000:])


def test_all_figures_are_there_and_shown(clips, capsys) -> None:
    said = Utterance("one", Voice("flite", "kal", "kal", "p", "c"), "ah", tone(150),
                     (Phone("AA", 0.2, 0.6),))  # fmt: skip
    found = evaluate_song(
        clips, lambda seed: BaselineGenerator(seed), [said], {"piece": music(1.0)}
    )
    assert list(found.following) == [CLEAN, *CHANGES]
    assert found.following[CLEAN].opening_part == 1
    assert list(found.held) == ["a"]
    assert {"silence", "piece"} <= set(found.voiceless)
    assert found.voiceless["silence"].shut == 100
    show_song(found, as_json=False)
    shown = capsys.readouterr().out
    for name in (
        "music under: mouth opening, r",
        "a: opening, held",
        "piece: frames with the mouth shut",
    ):
        assert name in shown
    show_song(found, as_json=True)
    assert json.loads(capsys.readouterr().out)["following"][CLEAN]["clips"] == 8


def test_without_speech_there_is_nothing_to_follow(clips) -> None:
    from dataclasses import replace

    silent = [replace(clip, speech=False) for clip in clips]
    with pytest.raises(GiocondaError, match="no held-out clip has speech"):
        evaluate_song(silent, lambda seed: BaselineGenerator(seed))
