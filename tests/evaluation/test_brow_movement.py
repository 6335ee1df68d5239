"""Brows that are raised as often, and as far, as they are told to be."""

import numpy as np
import pytest

from gioconda.evaluation.brow_movement import brow_movement
from gioconda.evaluation.naturalness import PersonMotion
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator.corrections import raising
from gioconda.motion import Motion
from tests.evaluation.motions import blinking

BASIS = released_basis()


def person(heights, blinks=()):
    """Brows that stand so high, in % of the inter-ocular distance."""
    full = BASIS.rebuild(raising()[None], BASIS.mean)
    unit = 100 * float((measure.brow_height(full) - measure.brow_height(BASIS.mean[None]))[0])
    dynamics = np.array(heights, np.float32)[:, None] / unit * raising()
    lids = blinking(len(heights), list(blinks)).dynamics
    motion = Motion(np.zeros((len(heights), 6), np.float32), dynamics + lids, BASIS.name)
    return PersonMotion("p", motion, BASIS.mean)


def raised(frames, *starts, held=12, by=3.0):
    heights = np.zeros(frames)
    for start in starts:
        heights[start : start + held] = by
    return heights


def test_raises_are_counted_where_they_are_seen() -> None:
    found = brow_movement([person(raised(750, 100, 300, 500))], BASIS)
    assert found.raises == pytest.approx(6)  # three in half a minute
    for unseen in ({"by": 1.0}, {"held": 2}):
        assert brow_movement([person(raised(750, 100, 300, **unseen))], BASIS).raises == 0


def test_the_spread_is_of_three_seconds_and_blinks_are_none() -> None:
    wave = 2 * np.sin(np.arange(300) * 2 * np.pi / 75)
    assert brow_movement([person(wave)], BASIS).spread == pytest.approx(2 / np.sqrt(2), rel=0.02)
    slow = np.linspace(0, 4, 1500)
    assert brow_movement([person(slow)], BASIS).spread < 0.1
    blinks = brow_movement([person(np.zeros(300), blinks=(50, 150))], BASIS)
    assert blinks.spread < 0.1
    assert blinks.raises == 0
