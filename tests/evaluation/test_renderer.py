"""Measures of what fills a mouth, on mouths made of noise."""

import numpy as np
import pytest

from gioconda.evaluation.drawn import REGIONS, Drawn
from gioconda.evaluation.jaws import Jaws
from gioconda.evaluation.renderer import (
    _alike,
    _changes,
    _laid,
    _largest,
    _steps,
    _Tally,
)

SIDE = 64
INSIDE = np.zeros((SIDE, SIDE), np.float32)
INSIDE[20:44, 16:48] = 1


def shown(rng: np.random.Generator, teeth: np.ndarray, drawn: np.ndarray, moved: int = 0) -> Drawn:
    real = np.clip(teeth + rng.normal(0, 2, teeth.shape), 0, 255).astype(np.uint8)
    regions = dict.fromkeys(REGIONS, INSIDE)
    jaws = Jaws(np.array([[SIDE / 2, SIDE / 4 + 2 * moved], [0, 0]]), np.eye(2))
    pictures = {"drawn": drawn.astype(np.uint8)}
    return Drawn(0, real, np.zeros((478, 2)), jaws, regions, pictures)


@pytest.fixture
def teeth() -> np.ndarray:
    return np.random.default_rng(0).uniform(40, 200, (SIDE, SIDE, 1)).repeat(3, 2)


def test_fog_lacks_contrast_wherever_things_lie(teeth):
    rng = np.random.default_rng(1)
    for drawn, expected in ((teeth[:, ::-1], 1), (0.5 * teeth, 0.5), (0 * teeth + 100, 0)):
        tally = _Tally()
        now = shown(rng, teeth, drawn)
        tally.add(now, now.pictures["drawn"])
        assert tally.result()["inner mouth"].contrast == pytest.approx(expected, abs=0.03)


def test_light_is_told_from_teeth_elsewhere(teeth):
    rng = np.random.default_rng(1)
    for drawn, expected in ((teeth[::-1, ::-1], 0), (teeth - [20, 0, 10], 10)):
        tally = _Tally()
        now = shown(rng, teeth, drawn)
        tally.add(now, now.pictures["drawn"])
        assert tally.result()["inner mouth"].tone == pytest.approx(expected, abs=1.0)


def test_other_teeth_after_half_a_second_are_told(teeth):
    rng = np.random.default_rng(1)
    wander = {}
    for name, later in (("same", teeth[:, ::-1]), ("other", teeth)):
        before, now = shown(rng, teeth, teeth[:, ::-1]), shown(rng, teeth, later)
        drawn, real = _changes(before, now, "inner mouth")["drawn"]
        wander[name] = drawn / real
    assert wander["same"] == 0  # wrong teeth, but they stay
    assert wander["other"] > 10


def test_where_little_is_still_no_change_is_told(teeth):
    rng = np.random.default_rng(1)
    one, other = shown(rng, teeth, teeth), shown(rng, np.roll(teeth + 60, 9, 0), teeth)
    assert not _changes(one, other, "inner mouth")


def test_teeth_that_stay_on_the_jaw_are_alike_and_fog_hides_nothing(teeth):
    rng = np.random.default_rng(1)
    down, other = np.roll(teeth, 2, 0), teeth[:, ::-1]
    alike = {}
    for name, later in (
        ("same", down),
        ("foggy", 0.3 * down + 80),
        ("left", teeth),
        ("other", other),
    ):
        before, now = shown(rng, teeth, teeth), shown(rng, down, later, moved=1)
        alike[name], real = _alike(_laid(before), _laid(now))["drawn"]
        assert real > 0.95
    assert alike["same"] > 0.95
    assert alike["foggy"] == pytest.approx(2 * 0.3 / (1 + 0.3**2), abs=0.05)
    assert max(alike["left"], alike["other"]) < 0.3


def test_a_mouth_that_pops_is_told(teeth):
    rng = np.random.default_rng(1)
    calm, wild = shown(rng, teeth, teeth), shown(rng, teeth, 255 - teeth)
    found = _largest([_steps(calm, calm), _steps(calm, wild)])
    popped, real = found["drawn"]
    assert popped > 20 * real > 0
    assert not _largest([])
