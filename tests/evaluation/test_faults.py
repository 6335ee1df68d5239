"""A fault in the pictures raises its own number."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gioconda.evaluation import faults
from gioconda.evaluation.faults import evaluate_faults
from gioconda.media import sample

_EDGE = np.ones((3, 3), np.uint8)


def nothing(frame):
    """Draws no mouth: quicker."""


@pytest.fixture(autouse=True)
def few_moves(monkeypatch):
    monkeypatch.setattr(faults, "MOVES", ({"yaw": 0.2}, {"x": 0.15, "y": 0.08}))


@pytest.fixture
def clean(portrait):
    return evaluate_faults(portrait, nothing)


def test_a_moved_portrait_is_nearly_clean(clean):
    assert clean.seams < 2
    assert clean.torn < 0.1
    assert clean.mirrored < 5


def test_a_line_along_the_matte_is_a_seam(portrait, clean):
    alpha = np.ascontiguousarray(portrait.texture[..., 3])

    def darken(frame):
        person = (sample(alpha, frame.flow) > 127).astype(np.uint8)
        edge = cv2.morphologyEx(person, cv2.MORPH_GRADIENT, _EDGE) > 0
        frame.picture[edge] = frame.picture[edge] // 2

    assert evaluate_faults(portrait, nothing, darken).seams > clean.seams + 5


def test_triangles_out_of_place_are_torn(portrait, clean):
    def tear(frame):
        for x, y in frame.mesh[[50, 280, 10], :2].astype(int):
            triangle = np.array([[x - 14, y], [x + 14, y - 8], [x, y + 14]])
            mask = np.zeros(frame.picture.shape[:2], np.uint8)
            cv2.fillConvexPoly(mask, triangle, 1)
            frame.picture[mask > 0] = 255 - frame.picture[mask > 0]

    assert evaluate_faults(portrait, nothing, tear).torn > clean.torn + 0.05


def test_a_border_that_mirrors_the_picture_is_found(portrait, clean):
    def mirror(frame):
        frame.picture[-20:] = frame.picture[-41:-21][::-1]

    assert evaluate_faults(portrait, nothing, mirror).mirrored > clean.mirrored + 3


def test_a_plate_with_half_of_the_person_left_is_a_ghost(portrait, clean):
    plate = portrait.plate // 2 + portrait.texture[..., :3] // 2
    ghost = evaluate_faults(replace(portrait, plate=plate), nothing)
    assert ghost.ghosts > max(clean.ghosts, 0) + 30
