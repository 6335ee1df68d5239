import numpy as np
import pytest

from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.jaws import coordinates
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import Warper

SIDE = 256
OWN = (0, 0), 64, 64


@pytest.fixture(scope="module")
def own(portrait):
    return SeenFace.of(HeadPlace.of(portrait.head), portrait.points, SIDE).jaws


def moved(portrait, pose, dynamics):
    warped = Warper(portrait).warp(pose, dynamics)
    return SeenFace.of(warped.head, warped.mesh, SIDE).jaws


def test_what_has_not_moved_is_where_it_was(own):
    cells = np.stack(np.meshgrid(*2 * [np.arange(64) * 4 + 1.5]), -1)
    for seen in own.show(own.places(*OWN)):
        np.testing.assert_allclose(seen, cells, atol=1e-3)


def test_a_window_is_that_window_of_the_whole(own):
    whole = own.places(*OWN)
    np.testing.assert_allclose(own.places((8, 20), 10, 30), whole[:, 8:18, 20:50], atol=1e-4)


def test_a_chin_that_drops_takes_the_lower_jaw_along_and_leaves_the_upper(portrait, own):
    lower = portrait.basis.lower
    slope = portrait.basis.dynamics[lower][:, 152, 1]
    opened = portrait.expression.copy()
    opened[lower] += 0.2 * slope / (slope @ slope)
    upper, chin = moved(portrait, portrait.pose, opened).middles - own.middles
    assert chin[1] > 10 > 5 * abs(upper[1])


def test_a_turned_head_is_told_as_seen_from_the_front(portrait, own):
    turned = portrait.pose + np.array([0.4, 0.2, 0, 0, 0, 0])
    jaws = moved(portrait, turned, portrait.expression)
    assert np.linalg.det(jaws.plane) < 0.97 * np.linalg.det(own.plane)
    places = 20 * np.random.default_rng(0).normal(size=(2, 3, 5, 2)).astype(np.float32)
    seen = jaws.show(places)
    assert np.ptp(seen[..., 0]) < np.ptp(places[..., 0] + jaws.middles[:, None, None, 0])


def test_coordinates_tell_the_side_and_stay_in_range(own):
    told = coordinates(own.places(*OWN), SIDE)
    assert told.shape == (4, 64, 64)
    assert np.abs(told).max() == 1
    column = int(own.middles[0, 0] / 4)
    assert told[0, 30, column - 8] < -0.2 < 0.2 < told[0, 30, column + 8]
