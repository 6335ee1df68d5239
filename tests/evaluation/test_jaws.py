import numpy as np
import pytest

from gioconda.evaluation.jaws import Jaws
from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import Warper

SIDE = 256


def jaws_of(head, mesh):
    return Jaws.of(head, SeenFace.of(head, mesh, SIDE).mesh)


@pytest.fixture(scope="module")
def own(portrait):
    return jaws_of(HeadPlace.of(portrait.head), portrait.points)


def moved(portrait, pose, dynamics):
    warped = Warper(portrait).warp(pose, dynamics)
    return jaws_of(warped.head, warped.mesh)


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
    across = [one.upper(SIDE) @ np.array([[0, 1], [0, 0], [1, 1]]) for one in (own, jaws)]
    seen, narrower = (float(np.ptp(ends[0])) for ends in across)
    assert narrower < seen
