"""Sounds without a voice, mouths that do not keep shut, and heads that drift."""

from dataclasses import replace

import numpy as np
import pytest

from gioconda.evaluation.silence import (
    compare_minutes,
    minute_of_speech,
    mouth_at_rest,
    quiet_sounds,
)
from gioconda.face.basis import released_basis
from tests.evaluation.motions import talking

BASIS = released_basis()


def test_the_sounds_are_as_loud_as_they_are_called() -> None:
    sounds = quiet_sounds(3)
    assert {len(sound) for sound in sounds.values()} == {48000}
    assert not sounds["silence"].any()
    assert 20 * np.log10(sounds["noise at -60 dB"].std()) == pytest.approx(-60, abs=0.1)
    assert 20 * np.log10(sounds["music"].std()) == pytest.approx(-20, abs=0.1)
    assert np.abs(sounds["music"]).max() <= 1
    np.testing.assert_array_equal(sounds["music"], quiet_sounds(3)["music"])


def test_a_shut_mouth_is_shut_and_a_trembling_one_is_not_still() -> None:
    assert mouth_at_rest(talking(np.full(100, -0.1)), BASIS).shut == 100
    shaking = mouth_at_rest(talking(0.5 + 0.1 * np.tile([0, 1], 50)), BASIS)
    assert shaking.shut == 0
    assert shaking.jitter > 0.3


def test_a_minute_is_a_minute_with_pauses() -> None:
    minute = minute_of_speech([np.ones(16000, np.float32), np.ones(32000, np.float32)])
    assert len(minute) == 960000
    assert 0.5 < minute.mean() < 0.8


def test_drift_is_seen() -> None:
    frames = 3 * 1500
    wave = np.sin(2 * np.pi * np.arange(frames) / 100)
    still = talking(0.5 + 0.5 * wave)
    pose = np.zeros((frames, 6), np.float32)
    pose[:, 0] = np.radians(wave * np.linspace(1, 2, frames) + np.linspace(0, 6, frames))
    found = compare_minutes(replace(still, pose=pose), BASIS)
    assert found["yaw"].last - found["yaw"].first == pytest.approx(4, abs=0.2)
    assert found["yaw"].last_spread > 1.3 * found["yaw"].first_spread
    assert found["pitch"].last == found["pitch"].between == 0
    assert found["mouth opening"].last == pytest.approx(found["mouth opening"].first)
