"""The prosody of sounds whose pitch and loudness are known."""

import numpy as np
import pytest

from gioconda.data.samples.prosody import CHANNELS, LOUDNESS, PERIODIC, PITCH, VOICE, prosody

RATE = 16000


def buzz(pitch, size=0.2):
    """Harmonics of a pitch (samples,) in Hz."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return (size * sum(np.sin(k * phase) / k for k in range(1, 10))).astype(np.float32)


def test_an_interval_is_heard_in_octaves():
    pitch = np.repeat([110.0, 220.0], [2 * RATE, RATE])
    found = prosody(buzz(pitch))
    assert found.shape == (75, CHANNELS)
    assert found[5:45, PITCH] == pytest.approx(0, abs=0.05)
    assert found[55:70, PITCH] == pytest.approx(1, abs=0.05)
    assert (found[5:70, PERIODIC] > 0.8).all()


def test_noise_has_no_pitch_and_silence_no_voice():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    sound = np.concatenate([noise, np.zeros(RATE, np.float32)])
    found = prosody(sound)
    assert np.median(found[:25, PERIODIC]) < 0.5
    assert (found[30:, VOICE] == 0).all()
    assert (found[30:, LOUDNESS] == -3).all()


def test_half_as_loud_is_three_tenths_of_a_unit_fainter():
    sound = buzz(np.full(3 * RATE, 150.0)) * np.repeat([1.0, 0.5], [RATE, 2 * RATE])
    found = prosody(sound.astype(np.float32))
    assert found[20, LOUDNESS] - found[27, LOUDNESS] == pytest.approx(0.3, abs=0.06)
