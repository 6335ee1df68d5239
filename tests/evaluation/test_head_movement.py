"""Heads that turn by known amounts, and pairs of motions that are alike or not."""

import numpy as np
import pytest

from gioconda.evaluation.head_movement import (
    HeadMovement,
    head_interval,
    head_movement,
    likeness,
    ratio,
    voice_likeness,
)
from gioconda.evaluation.naturalness import PersonMotion
from gioconda.face.basis import released_basis
from gioconda.motion import Motion
from tests.evaluation.motions import blinking, trial
from tests.speech.sounds import voice

BASIS = released_basis()
FRAMES = 300


def swaying(size, channel=0, frames=FRAMES, period=75):
    """A head that turns to and fro: `size` degrees, or hundredths of the eye distance."""
    pose = np.zeros((frames, 6), np.float32)
    wave = size * np.sin(2 * np.pi * np.arange(frames) / period)
    pose[:, channel] = np.radians(wave) if channel < 3 else wave / 100
    return Motion(pose, np.zeros((frames, len(BASIS.dynamics)), np.float32), BASIS.name)


def person(motion, name="p"):
    return PersonMotion(name, motion, BASIS.mean)


@pytest.mark.parametrize(("channel", "name"), list(enumerate(["yaw", "pitch", "roll", "x", "y"])))
def test_the_spread_of_a_wave_is_its_size_over_root_two(channel, name):
    found = head_movement([person(swaying(4, channel))])
    assert getattr(found, name) == pytest.approx(4 / np.sqrt(2), rel=0.01)
    others = {"yaw", "pitch", "roll", "x", "y"} - {name}
    assert all(getattr(found, other) == 0 for other in others)


def test_the_speed_of_a_wave_is_the_mean_of_its_slope():
    found = head_movement([person(swaying(4))])
    assert found.speed == pytest.approx(4 * 4 / 75, rel=0.02)
    assert head_movement([person(swaying(8))]).jerk == pytest.approx(2 * found.jerk, rel=1e-3)


def test_a_slow_drift_is_no_spread_within_three_seconds():
    found = head_movement([person(swaying(4, frames=1500, period=6000))])
    assert found.yaw < 0.2


def test_ratios_are_by_field_and_none_to_a_still_head():
    found = ratio(head_movement([person(swaying(6))]), head_movement([person(swaying(4))]))
    assert found.yaw == pytest.approx(1.5)
    assert np.isnan(found.pitch)


def test_the_interval_holds_what_people_differ_by():
    people = [person(swaying(size), str(size)) for size in (2, 4, 6)]
    low, high = head_interval(people)
    assert isinstance(low, HeadMovement)
    middle = head_movement(people).yaw
    assert 2 / np.sqrt(2) - 0.01 <= low.yaw < middle < high.yaw <= 6 / np.sqrt(2) + 0.01


def test_the_same_motion_is_wholly_alike_and_a_mirrored_one_is_opposed():
    nodding = swaying(3, 1)
    mirrored = Motion(-nodding.pose, nodding.dynamics, BASIS.name)
    assert likeness([(nodding, nodding)], BASIS).pitch == pytest.approx(1)
    assert likeness([(nodding, mirrored)], BASIS).pitch == pytest.approx(-1)
    assert likeness([(nodding, nodding)], BASIS).yaw == 0


def test_blinks_that_come_together_are_counted():
    first, second = blinking(FRAMES, [50, 120]), blinking(FRAMES, [51, 200])
    assert likeness([(first, first)], BASIS).blinks == 100
    assert likeness([(first, second)], BASIS).blinks == 50
    assert np.isnan(likeness([(swaying(1), swaying(2))], BASIS).blinks)


class _Deaf:
    """Moves by its seed alone, whatever it hears."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)
        self._heard = 0

    def append(self, pcm):
        self._heard += len(pcm)
        return swaying(0, frames=0)

    def finish(self):
        frames = -(-self._heard // 640)
        pose = np.cumsum(self._rng.normal(0, 0.01, (frames, 6)), axis=0).astype(np.float32)
        return Motion(pose, np.zeros((frames, len(BASIS.dynamics)), np.float32), BASIS.name)


def test_a_generator_that_does_not_listen_is_found_out():
    trials = [
        trial(swaying(1, frames=125), person=str(i), pcm=voice(5, i), speech=slice(0, 125))
        for i in range(3)
    ]
    found = voice_likeness(_Deaf, trials, BASIS)
    assert found["two voices, one seed"].pairs == 3
    assert found["two voices, one seed"].pitch == pytest.approx(1)
    assert abs(found["one voice, two seeds"].pitch) < 0.9
