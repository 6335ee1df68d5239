"""What is held near the chin stays as it is while the head moves."""

import cv2
import numpy as np
import pytest

from gioconda.portrait import make_portrait
from gioconda.renderer.warper import Warper

COLOURS = [(20, 90, 200), (200, 30, 40)]


def with_bottle(portrait, photo, colour):
    """The photo with long hair, and before it a bottle from beside the mouth down."""
    scale = portrait.crop[2] / portrait.size
    unit = float(portrait.head.size[0]) * scale
    eyes = portrait.head.centre[0] * scale + portrait.crop[:2]

    def at(*places):
        return np.rint(np.array(places) * unit + eyes).astype(np.int32)

    made = photo.copy()
    ((x, y),) = at((0, -1.1))
    hair = [int(v) for v in photo[y, x]]
    sides = [(-1.3, 0.3), (-0.65, 0.3), (-0.5, 1.3), (0.5, 1.3), (0.65, 0.3), (1.3, 0.3)]
    cv2.fillPoly(made, [at(*sides, (2.5, 2), (2.5, 9), (-2.5, 9), (-2.5, 2))], hair)
    bottle = at((0.75, 0.6), (1.1, 0.6), (1.3, 4.0), (0.95, 4.0))
    cv2.fillConvexPoly(made, bottle, colour, cv2.LINE_AA)
    return made


@pytest.mark.parametrize("colour", COLOURS)
def test_a_bottle_beside_the_chin_does_not_bend(portrait, photo, colour):
    held = make_portrait(with_bottle(portrait, photo, colour), 512)
    pose = held.pose + np.array([0.2, 0.1, 0.1, 0.1, -0.05, 0], np.float32)
    picture = Warper(held).warp(pose, held.expression).picture
    margin = held.margin
    own = held.texture[margin:-margin, margin:-margin, :3]
    bottle = (np.abs(own.astype(int) - colour).max(-1) <= 2).astype(np.uint8)
    bottle = cv2.erode(bottle, np.ones((7, 7), np.uint8)) > 0
    assert bottle.sum() > 1000
    assert np.abs(picture.astype(int) - own)[bottle].max() <= 10
    moved = (np.abs(picture.astype(int) - colour).max(-1) <= 2) & ~bottle
    assert moved.sum() < 0.4 * bottle.sum()  # only its rim


def test_a_head_that_holds_nothing_is_whole(portrait):
    assert portrait.held is None
