"""Lips that part: their inner rims reach in, and the line where they meet stays behind."""

import numpy as np
import pytest

from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.renderer.lips import LOWER, UPPER, Roll, gaps, reach, roll_in

UNIT = 100.0


def lips(gap: float, roll: float = 0.0) -> np.ndarray:
    """A mesh in pixels whose lips are apart by `gap` inter-ocular distances in the middle."""
    mesh = np.zeros((478, 3))
    across = np.linspace(-1, 1, 11)
    opening = gap * UNIT * (1 - across**2) / 2
    mesh[UPPER] = np.column_stack([30 * across, -opening, 0 * across])
    mesh[LOWER] = np.column_stack([30 * across, opening, 0 * across])
    return mesh @ rotation(0, 0, roll).T


@pytest.mark.parametrize("gap", [0.0, -0.05])
def test_shut_and_pressed_lips_stay(gap: float) -> None:
    mesh = lips(gap)
    before = mesh.copy()
    assert not roll_in(mesh, UNIT, Roll()).any()
    assert np.array_equal(mesh, before)


@pytest.mark.parametrize("gap", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("roll", [0.0, 1.0, 2.5])
def test_parted_lips_reach_in_and_never_cross(gap: float, roll: float) -> None:
    mesh = lips(gap, roll)
    before, moved = gaps(mesh)[0], mesh.copy()
    roll_in(moved, UNIT, Roll())
    after = gaps(moved)[0]
    assert (after <= before).all()
    assert (after >= 0.3 * before).all()
    assert after[5] > before[5] - UNIT * (Roll().upper + Roll().lower)
    others = np.setdiff1d(np.arange(478), [*UPPER, *LOWER])
    assert np.array_equal(moved[others], mesh[others])


def test_what_is_reached_grows_with_the_gap_up_to_its_most() -> None:
    found = reach(np.array([0, 1e-4, 0.05, 0.1, 9.0]), 0.02, 0.3)
    assert found[0] == 0
    assert found[1] == pytest.approx(3e-5, rel=0.01)
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(0.02)


def test_rims_of_the_mesh_are_those_of_the_topology() -> None:
    assert topology.UPPER_LIP_RIM in UPPER
    assert topology.LOWER_LIP_RIM in LOWER
