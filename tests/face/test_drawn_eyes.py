"""Eyes of drawings: lids follow them, whatever their shape, and a blink leaves nothing of them."""

import numpy as np
import pytest

from gioconda.face import topology
from gioconda.face.drawn_eyes import onto_drawn_eyes
from gioconda.face.finder import find_face
from gioconda.face.lids import shutting
from gioconda.portrait import make_portrait
from gioconda.renderer.warper import Warper
from tests.face.pictures import astronaut, drawn_eyes

PAPER, INK = 225, 45  # what is drawn is brighter than the one or darker than the other


@pytest.fixture(scope="module")
def points():
    return find_face(astronaut()).points


@pytest.mark.parametrize("kind", ["huge", "dark", "dots", "narrow", "round"])
def test_a_blink_shuts_the_eyes_of_a_drawing(points, kind):
    drawing = drawn_eyes(astronaut(), points, kind)
    portrait = make_portrait(drawing, 256)
    shut = portrait.lids(shutting(portrait.basis)[None])[0]
    frame = Warper(portrait).warp(portrait.pose, shut)
    eyes = portrait.points[topology.EYE_CORNERS, :2]
    unit = float(portrait.head.size[0])
    (left, top), (right, bottom) = (f(eyes, axis=0) for f in (np.min, np.max))
    part = (
        slice(round(top - 0.3 * unit), round(bottom + 0.3 * unit)),
        slice(round(left - 0.1 * unit), round(right + 0.1 * unit)),
    )

    def of_eyes(picture):
        seen = picture[part]
        return int(((seen.min(-1) > PAPER) | (seen.max(-1) < INK)).sum())

    assert of_eyes(portrait.picture) > 40
    assert of_eyes(frame.picture) < 0.25 * of_eyes(portrait.picture)


def test_the_eyes_of_people_are_left_as_the_mesh_has_them(points, photo):
    assert onto_drawn_eyes(astronaut(), points) is points
    found = find_face(photo).points
    assert onto_drawn_eyes(photo, found) is found
