"""A mouth wide open: its lower lip is found where it is."""

import cv2
import numpy as np
import pytest

from gioconda.face import measure, topology
from gioconda.face.mesh import thread_mesh
from gioconda.face.open_mouth import onto_open_mouth
from gioconda.renderer import Renderer

JAW = [topology.LOWER_LIP_RIM, topology.LOWER_LIP_BOTTOM, topology.CHIN]


def opened(portrait, gap):
    """The portrait, its lips apart by `gap` inter-ocular distances, (S, S, 3)."""
    lower = portrait.basis.lower
    wanted = gap * np.sin(np.linspace(0, np.pi, 11))[1:-1]
    dynamics = portrait.expression.copy()
    dynamics[lower] = wanted @ np.linalg.pinv(measure.lip_gaps(portrait.basis.dynamics[lower]), 0.1)
    return Renderer(portrait).render(portrait.pose, dynamics).copy()


def test_the_jaw_of_a_mouth_wide_open_is_found(portrait):
    picture, tall = opened(portrait, 0.3), 1.5
    points, _ = thread_mesh().near(picture, portrait.points)
    stretched = cv2.resize(picture, None, fx=1, fy=tall)
    truth = (points * [1, tall, 1]).astype(np.float32)
    plain, _ = thread_mesh().near(stretched, truth)
    found = onto_open_mouth(stretched, plain)
    before, after = (np.abs(mesh[JAW, 1] - truth[JAW, 1]).mean() for mesh in (plain, found))
    assert after < 0.5 * before
    np.testing.assert_array_equal(found[topology.LIDS], plain[topology.LIDS])


@pytest.mark.parametrize("gap", [0.0, 0.2])
def test_a_mouth_less_open_stays(portrait, gap):
    picture = opened(portrait, gap)
    points, _ = thread_mesh().near(picture, portrait.points)
    assert onto_open_mouth(picture, points) is points
