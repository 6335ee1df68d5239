"""Listening: in pieces as at once, whatever the recording's level."""

import numpy as np
import pytest

from gioconda.speech import SILENCE, Listener, Speech, listen
from gioconda.speech.mel import LogMel

from .sounds import voice


@pytest.mark.parametrize("most", [7, 641, 5000])
def test_pieces_of_any_size_give_the_same_speech(most: int) -> None:
    pcm = voice(3.01)
    whole = listen(pcm)
    listener, rng, parts, at = Listener(), np.random.default_rng(1), [], 0
    while at < len(pcm):
        size = int(rng.integers(1, most))
        parts.append(listener.append(pcm[at : at + size]))
        at += size
    parts.append(listener.finish())
    assert len(whole) == 76
    for name in ("mel", "loudness", "voice"):
        found = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(found, getattr(whole, name), atol=1e-5)


def test_a_frame_is_given_as_soon_as_it_is_heard() -> None:
    listener = Listener()
    assert len(listener.append(np.zeros(639, np.float32))) == 0
    assert len(listener.append(np.zeros(1, np.float32))) == 1
    assert len(listener.finish()) == 0


def test_what_comes_later_changes_nothing() -> None:
    pcm = voice(3)
    other = pcm.copy()
    other[32000:] = 0.5
    np.testing.assert_array_equal(listen(pcm).mel[:50], listen(other).mel[:50])


def test_silence_is_silence() -> None:
    speech = listen(np.zeros(16000, np.float32))
    assert (speech.mel == SILENCE).all()
    assert not speech.voice.any()


@pytest.mark.parametrize("gain", [0.03, 0.3, 3])
def test_the_voice_is_found_at_any_level(gain: float) -> None:
    pcm = voice(6)
    speech = listen(pcm * np.float32(gain))
    syllables = listen(pcm).loudness[25:124] > -10
    assert speech.voice[25:124][syllables].mean() > 0.9
    assert not speech.voice[127:].any()


def test_steady_noise_is_no_voice_for_long() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 16000 * 20).astype(np.float32)
    assert not listen(noise).voice[-100:].any()


def test_a_sine_of_full_scale_has_no_decibels() -> None:
    pcm = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    assert LogMel().append(pcm)[50].max() == pytest.approx(0, abs=1.5)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"mel must be \(T, 4, 80\), not \(3, 80\)"):
        Speech(np.zeros((3, 80), np.float32), np.zeros(3, np.float32), np.zeros(3, bool))
    with pytest.raises(ValueError, match="loudness and voice"):
        Speech(np.zeros((3, 4, 80), np.float32), np.zeros(2, np.float32), np.zeros(3, bool))
