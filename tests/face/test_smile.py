"""A smile between painted lips: the mesh that takes its teeth for the lower lip is put right."""

import cv2
import numpy as np
import pytest

from gioconda.face import topology
from gioconda.face.smile import onto_lips

SKIN, LIP, SHINE, TEETH = (190, 170, 160), (120, 30, 50), (235, 150, 170), (225, 220, 205)
SHOWN = 0.4  # of what the mesh takes for the lower lip is teeth


def smiling(portrait):
    """A mesh that says that the lips meet in a broad smile."""
    points = portrait.points.copy()
    lips = points[topology.LIPS, :2]
    right, left = points[[topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER], :2]
    middle, unit = (right + left) / 2, float(portrait.head.size[0])
    across = (lips[:, 0] - middle[0]) / abs(left[0] - right[0]) * 2
    lips[:, 0] = middle[0] + 0.36 * unit * across
    lips[:, 1] += 0.1 * unit * (1 - across**2)
    points[topology.LIPS, :2] = lips
    seam = points[topology.LIP_INNER_UPPER, :2]
    points[topology.LIP_INNER_LOWER, :2] = seam
    outer = topology.LIP_OUTER_LOWER
    points[outer[1:-1], 1] = seam[1:-1, 1] + 0.16 * unit * (1 - across[1:10] ** 2)
    return points


def painted(points, between):
    """Lips as the mesh has them, and what lies between them down to `SHOWN` of the lower one."""
    picture = np.full((512, 512, 3), SKIN, np.uint8)
    upper, lower, outer = (
        points[edge, :2]
        for edge in (topology.LIP_OUTER_UPPER, topology.LIP_INNER_LOWER, topology.LIP_OUTER_LOWER)
    )
    end = lower + SHOWN * (outer - lower)
    for colour, edges in ((LIP, (upper, outer)), (between, (lower, end))):
        contour = np.concatenate([edges[0], edges[1][::-1]])
        cv2.fillPoly(picture, [np.rint(contour).astype(np.int32)], colour)
    return picture


def grey(picture):
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)


@pytest.mark.parametrize("look", [np.asarray, grey])
def test_the_lower_lip_lies_under_the_teeth(portrait, look):
    points = smiling(portrait)
    found = onto_lips(look(painted(points, TEETH)), points)
    lower, outer = topology.LOWER_LIP_RIM, topology.LOWER_LIP_BOTTOM
    height = float(points[outer, 1] - points[lower, 1])
    assert (found[lower, 1] - points[lower, 1]) / height == pytest.approx(SHOWN, abs=0.15)
    assert found[outer, 1] == pytest.approx(points[outer, 1], abs=0.15 * height)
    corners = [topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER]
    np.testing.assert_array_equal(found[corners], points[corners])


@pytest.mark.parametrize("between", [LIP, SHINE])
def test_a_shut_smile_stays_shut_though_its_lips_shine(portrait, between):
    points = smiling(portrait)
    assert onto_lips(painted(points, between), points) is points


def test_a_mouth_that_does_not_smile_stays(portrait, photo):
    assert onto_lips(photo, portrait.points) is portrait.points
