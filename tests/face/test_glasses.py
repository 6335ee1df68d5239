"""Rims of glasses, drawn on a face that has none."""

import cv2
import numpy as np
import pytest

from gioconda.face import topology
from gioconda.face.glasses import find_rims
from gioconda.face.lids import shutting
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer

DARK, RED, SILVER = (25, 20, 20), (120, 10, 20), (250, 250, 245)


def drawn(photo, points, colour, thick):
    """Glasses on a face, and where they are, (H, W)."""
    outer, inner = (
        points[list(pair), :2].astype(float)
        for pair in (
            (topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER),
            (topology.RIGHT_EYE_INNER, topology.LEFT_EYE_INNER),
        )
    )
    unit = float(np.linalg.norm(outer[1] - outer[0]))
    angle = float(np.degrees(np.arctan2(*(outer[1] - outer[0])[::-1])))
    line = max(round(thick * unit), 2)
    rims = np.zeros(photo.shape[:2], np.uint8)
    middles = (outer + inner) / 2 + [0, 0.05 * unit]
    for middle in middles:
        size = np.rint([0.25 * unit, 0.2 * unit]).astype(int)
        place = np.rint(middle).astype(int)
        cv2.ellipse(rims, place.tolist(), size.tolist(), angle, 0, 360, (255,), line, cv2.LINE_AA)
    start, end = (
        np.rint(m + s * np.array([0.25 * unit, 0])).astype(int)
        for m, s in zip(middles, (1, -1), strict=True)
    )
    cv2.line(rims, start.tolist(), end.tolist(), (255,), line, cv2.LINE_AA)
    part = rims[..., None] / 255
    return np.rint(photo * (1 - part) + part * np.array(colour)).astype(np.uint8), rims


@pytest.fixture(scope="module")
def points(photo, portrait):
    """The mesh in the photo's pixels."""
    left, top, side = portrait.crop
    scale = side / portrait.size
    placed = portrait.points.astype(float)
    placed[:, :2] = (placed[:, :2] + 0.5) * scale - 0.5 + [left, top]
    return placed


@pytest.mark.parametrize(
    ("colour", "thick"), [(DARK, 0.03), (RED, 0.04), (DARK, 0.06), (SILVER, 0.03)]
)
def test_rims_are_found_where_they_are(photo, points, colour, thick):
    picture, rims = drawn(photo, points, colour, thick)
    found = find_rims(picture, points)
    assert found is not None
    there = rims > 200
    assert (found[there] > 128).mean() > 0.8
    near = cv2.dilate(rims, np.ones((9, 9), np.uint8)) > 0
    assert (found[~near] > 128).sum() < 0.1 * there.sum()


def test_a_face_without_glasses_has_none(photo, points, portrait):
    assert find_rims(photo, points) is None
    assert portrait.rims is None


def test_rims_stay_whole_in_a_blink(photo, points):
    portrait = make_portrait(drawn(photo, points, DARK, 0.03)[0])
    rims = portrait.rims
    assert rims is not None
    inside = slice(portrait.margin, portrait.margin + portrait.size)
    solid = rims[inside, inside, 3] > 250
    renderer = Renderer(portrait)
    blink = portrait.lids(shutting(portrait.basis)[None])[0]
    shut = renderer.render(portrait.pose, blink).astype(int)
    off = np.abs(shut - portrait.picture)[solid].max(-1)
    assert np.quantile(off, 0.95) <= 3


def test_at_rest_a_face_with_glasses_is_its_photo_about_the_nose(photo, points):
    portrait = make_portrait(drawn(photo, points, RED, 0.04)[0])
    frame = Renderer(portrait).render(portrait.pose, portrait.expression).astype(int)
    x, y = np.rint(portrait.points[168, :2]).astype(int)
    part = slice(y - 6, y + 7), slice(x - 6, x + 7)
    assert np.abs(frame - portrait.picture)[part].max() <= 3
