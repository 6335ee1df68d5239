"""Eyes look about with what the photo shows of them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gioconda.face import measure, topology
from gioconda.face.lids import shutting
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.warper import Warper

CONTOURS = (
    np.concatenate([topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER[-2:0:-1]]),
    np.concatenate([topology.LEFT_LID_UPPER, topology.LEFT_LID_LOWER[-2:0:-1]]),
)


def between(points, shape, grown=0):
    """What lies between the lids, (H, W)."""
    mask = np.zeros(shape[:2], np.uint8)
    for contour in CONTOURS:
        cv2.fillPoly(mask, [np.rint(points[contour, :2]).astype(np.int32)], (1,))
    return cv2.dilate(mask, np.ones((2 * grown + 1,) * 2, np.uint8)) > 0


def looking(portrait, amount):
    """The photo's expression with the eyes turned to the image's right."""
    moved = portrait.basis.dynamics[portrait.basis.gaze][:, topology.RIGHT_IRIS[0], 0]
    dynamics = portrait.expression.copy()
    dynamics[portrait.basis.gaze] += amount * moved / (moved @ moved)
    return dynamics


@pytest.fixture(scope="module")
def statue(portrait):
    """The same face with eyes of bare stone."""
    texture = portrait.texture.copy()
    eyes = between(portrait.points + portrait.margin, texture.shape)
    stone = cv2.GaussianBlur(np.full(texture.shape[:2], 150.0), (0, 0), 1)
    texture[eyes, :3] = stone[eyes, None]
    return replace(portrait, texture=texture)


def test_eyes_without_an_iris_get_none(portrait, statue):
    assert all(eye.iris is not None for eye in make_eyes(portrait))
    assert all(eye.iris is None for eye in make_eyes(statue))
    still, aside = (
        Warper(statue).warp(statue.pose, d).picture.copy()
        for d in (statue.expression, looking(statue, 0.05))
    )
    inside = between(statue.points, still.shape)
    assert np.abs(still.astype(int) - aside)[inside].mean() < 3


def test_eyes_at_rest_are_the_photo_s(portrait):
    frame = Warper(portrait).warp(portrait.pose, portrait.expression).picture.astype(int)
    inside = between(portrait.points, frame.shape)
    assert np.abs(frame - portrait.picture)[inside].mean() < 4


@pytest.mark.parametrize("amount", [-0.05, 0.05])
def test_what_an_iris_uncovers_is_as_white_as_what_is_seen(portrait, amount):
    # dark whites, as old paintings have them
    texture = portrait.texture.copy()
    eyes = between(portrait.points + portrait.margin, texture.shape, 1)
    texture[eyes, :3] = np.minimum(texture[eyes, :3], 90)
    dark = replace(portrait, texture=texture)
    frame = Warper(dark).warp(dark.pose, looking(dark, amount)).picture
    assert np.quantile(frame[between(dark.points, frame.shape)], 0.99) < 105


def test_lids_of_any_shape_meet_all_along(portrait):
    """One eye much larger than the other, and open wider at its side."""
    points = portrait.points.copy()
    upper = topology.RIGHT_LID_UPPER[1:-1]
    width = np.linalg.norm(points[33, :2] - points[133, :2])
    points[upper, 1] -= width * np.linspace(0.25, 0.05, len(upper))
    wide = replace(portrait, points=points, face=portrait.head.to_head(points[None])[0])
    shut = wide.lids(shutting(wide.basis)[None])[0]
    mesh = Warper(wide).warp(wide.pose, shut).mesh
    for above, below in (
        (topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER),
        (topology.LEFT_LID_UPPER, topology.LEFT_LID_LOWER),
    ):
        assert np.abs(mesh[above, 1] - mesh[below, 1]).max() < 0.03 * width


def test_a_shut_eyed_photo_opens_and_says_that_its_eyes_are_guessed(portrait):
    shut = portrait.lids(shutting(portrait.basis)[None])[0]
    asleep = make_portrait(Renderer(portrait).render(portrait.pose, shut).copy())
    assert "the eyes are shut" in str(asleep.note)
    assert portrait.note is None
    awake = asleep.lids(np.zeros((1, len(shut)), np.float32))[0]
    mesh = Warper(asleep).warp(asleep.pose, awake).mesh
    assert measure.lid_opening(mesh[None]).min() > 0.15
