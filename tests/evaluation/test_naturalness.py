"""Amounts of movement: each figure reacts to what it is a figure of."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.evaluation.naturalness import (
    Movement,
    PersonMotion,
    frechet,
    gaze_shifts,
    jerk,
    measure_movement,
    motion_distance,
    movement_interval,
)
from gioconda.face.basis import released_basis
from gioconda.motion import Motion
from tests.evaluation.motions import blinking, syllables, talking

BASIS = released_basis()
MINUTE = 1500


def _movement(motion: Motion) -> Movement:
    return measure_movement([PersonMotion("p", motion, BASIS.mean)], BASIS)


def _turning(degrees: NDArray[np.floating]) -> Motion:
    pose = np.zeros((len(degrees), 6), np.float32)
    pose[:, :3] = np.radians(degrees)[:, None]
    return Motion(pose, np.zeros((len(degrees), len(BASIS.dynamics)), np.float32), BASIS.name)


def test_head_speed_is_the_change_of_the_angles() -> None:
    assert _movement(_turning(0.3 * np.arange(100))).head_speed == pytest.approx(0.3, rel=1e-3)
    still = _movement(_turning(np.zeros(100)))
    for value in (still.head_speed, still.head_jerk, still.lip_jerk):
        assert value == pytest.approx(0, abs=1e-6)


def test_the_third_derivative_is_that_of_a_cubic() -> None:
    time = np.arange(50) / 25
    np.testing.assert_allclose(jerk(2 * time**3 + time**2, 11), 12, rtol=1e-6)


def test_trembling_raises_jerk() -> None:
    rng = np.random.default_rng(0)
    smooth = 3 * np.sin(2 * np.pi * 0.5 * np.arange(250) / 25)
    calm, shaky = _turning(smooth), _turning(smooth + 0.3 * rng.normal(size=250))
    assert _movement(shaky).head_jerk > 3 * _movement(calm).head_jerk
    mouth = syllables(250)
    calm, shaky = talking(mouth), talking(mouth + 0.1 * rng.normal(size=250))
    assert _movement(shaky).lip_jerk > 1.3 * _movement(calm).lip_jerk


def test_blinks_are_counted_and_timed() -> None:
    found = _movement(blinking(MINUTE, [100 * i + 50 for i in range(15)]))
    assert found.blinks == 15
    assert found.blink_length == pytest.approx(0.2, abs=0.05)
    assert np.isnan(_movement(blinking(MINUTE, [])).blink_length)


def test_gaze_shifts_are_jumps_and_not_drift() -> None:
    rng = np.random.default_rng(0)
    places = np.repeat(np.radians(rng.choice([-6, 0, 6], size=20)), 25)
    gaze = np.stack([places, np.zeros(500)], 1) + np.radians(0.3) * rng.normal(size=(500, 2))
    jumps = np.flatnonzero(np.diff(places)) + 1
    found = gaze_shifts(gaze, np.zeros(500, bool))
    assert len(found) == len(jumps)
    assert np.abs(np.array(found) - jumps).max() <= 1
    drift = np.stack([np.radians(np.linspace(0, 300, 500)), np.zeros(500)], 1)
    assert gaze_shifts(drift, np.zeros(500, bool)) == []
    assert gaze_shifts(gaze, np.ones(500, bool)) == []


def test_the_interval_holds_the_value_and_people_make_it_wide() -> None:
    speeds = {"a": 0.1, "b": 0.2, "c": 0.5}
    motions = [PersonMotion(p, _turning(v * np.arange(100)), BASIS.mean) for p, v in speeds.items()]
    low, high = movement_interval(motions, BASIS)
    speed = measure_movement(motions, BASIS).head_speed
    assert 0.099 <= low.head_speed < speed < high.head_speed <= 0.501


def _parts(people: int, scale: float, seed: int) -> list[PersonMotion]:
    """Each person ten seconds of smooth noise."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(people):
        noise = rng.normal(size=(300, 6 + len(BASIS.dynamics)))
        kernel = np.hanning(25) / np.sqrt((np.hanning(25) ** 2).sum())
        smooth = np.stack([np.convolve(row, kernel, "same") for row in noise.T], 1)[25:275]
        smooth[:, 8:] *= 0.2  # a few coordinates move most
        pose, dynamics = 0.05 * scale * smooth[:, :6], scale * smooth[:, 6:]
        motion = Motion(pose.astype(np.float32), dynamics.astype(np.float32), BASIS.name)
        parts.append(PersonMotion(f"p{i}", motion, BASIS.mean))
    return parts


def test_the_same_kind_of_motion_is_no_farther_than_real_from_real() -> None:
    found = motion_distance(_parts(10, 1, 0), _parts(10, 1, 1))
    assert found.made < 1.5 * found.floor


def test_other_amounts_of_motion_are_far() -> None:
    for scale in (0.3, 2):
        found = motion_distance(_parts(10, 1, 0), _parts(10, scale, 1))
        assert found.made > 3 * found.floor


def test_the_distance_of_gaussians_is_the_formula() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20000, 2))
    b = rng.normal(size=(20000, 2)) * [1, 3] + [2, 0]
    assert frechet(a, b) == pytest.approx(4 + (3 - 1) ** 2, rel=0.05)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_too_little_motion_is_refused() -> None:
    with pytest.raises(GiocondaError, match="3 people"):
        motion_distance(_parts(3, 1, 0), _parts(3, 1, 1))
    with pytest.raises(GiocondaError, match="windows"):
        motion_distance(_parts(4, 1, 0), _parts(1, 1, 1))
