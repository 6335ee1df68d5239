"""Captions: what is printed over a photo stays where it is while the head moves."""

import cv2
import numpy as np
import pytest

from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer

TURNED = np.radians([14, 6, 4])


def printed(photo, text, colour, place, edge=None):
    """The photo, and where it has letters now."""
    made = photo.copy()
    height, width = photo.shape[:2]
    at = round(place[0] * width), round(place[1] * height)
    for ink, wide in ((edge, 7), (colour, 3)):
        if ink is not None:
            cv2.putText(made, text, at, 2, height / 420, ink, wide, cv2.LINE_AA)
    core = np.abs(made.astype(int) - np.array(colour)).max(-1) < 3
    return made, core & (np.abs(made.astype(int) - photo).max(-1) > 40)


@pytest.mark.parametrize(
    ("text", "colour", "place", "edge"),
    [
        ("GOOD MORNING", (255, 255, 255), (0.05, 0.1), (0, 0, 0)),
        ("on the radio at nine", (250, 230, 0), (0.04, 0.42), None),
        ("breaking news tonight", (200, 20, 30), (0.02, 0.34), (255, 255, 255)),
    ],
)
def test_letters_over_hair_and_shoulders_stay_where_they_are(photo, text, colour, place, edge):
    made, letters = printed(photo, text, colour, place, edge)
    portrait = make_portrait(made, None)
    renderer = Renderer(portrait, full=True)
    pose = portrait.pose.copy()
    pose[:3] += TURNED.astype(np.float32)
    turned = renderer.render(pose, portrait.expression).copy()
    height, width = turned.shape[:2]
    letters = letters[:height, :width]
    off = np.abs(turned.astype(int) - made[:height, :width]).max(-1)[letters]
    assert (off > 30).mean() < 0.02
    rest = renderer.render(portrait.pose, portrait.expression)
    assert np.abs(rest.astype(int) - made[:height, :width]).max(-1)[letters].max() <= 2


def test_outlines_of_letters_do_not_stay_on_what_is_behind_them(photo):
    made, letters = printed(photo, "GOOD MORNING", (255, 255, 255), (0.05, 0.1))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    outline = (cv2.dilate(letters.astype(np.uint8), around) > 0) & ~letters
    made[outline] = (0, 255, 0)
    portrait = make_portrait(made, None)
    assert portrait.caption is not None
    left = portrait.texture[..., :3].astype(int) @ [-1, 2, -1] > 150
    assert left.sum() < 0.005 * outline.sum()


def test_what_the_photos_edge_cuts_is_no_letter(photo):
    top = printed(photo, "GOOD MORNING", (255, 255, 255), (0.05, 0.08), (0, 0, 0))[0]
    shift = round(0.05 * len(top))
    assert make_portrait(top, None).caption is not None
    assert make_portrait(top[shift:], None).caption is None


def test_nothing_is_printed_on_a_photo(portrait):
    assert portrait.caption is None
