"""A window's conditions are that part of the whole view's."""

import cv2
import numpy as np
import pytest

from gioconda.renderer.conditions import WINDOWS, Conditions
from gioconda.renderer.geometry import MASKS
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.mouth.interior import INSIDE
from gioconda.renderer.view import CELL
from gioconda.renderer.warper import Warper

SIDE = 256


@pytest.fixture(scope="module")
def conditions(portrait):
    return Conditions(portrait, SIDE, GeometricMouth(portrait))


@pytest.mark.parametrize("followed", WINDOWS)
def test_a_window_is_that_window_of_the_view(portrait, conditions, followed):
    frame = Warper(portrait).warp(portrait.pose + 0.1, portrait.expression)
    seen = conditions.see(frame)
    window = followed.on(seen.mesh, SIDE)
    whole, part = (conditions.decoder(frame, seen, place) for place in (None, window))
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    for found, view in (
        (part.picture, whole.picture[rows, columns]),
        (part.masks, whole.masks[:, rows, columns]),
    ):
        assert np.abs(found.astype(int) - view).mean() < 0.5
    np.testing.assert_allclose(part.origin, whole.origin[:, *window.cells], atol=0.1)
    inner = np.s_[:, 1:-1, 1:-1]  # slopes at the border are of one side
    np.testing.assert_allclose(part.guides[inner], whole.guides[:, *window.cells][inner], atol=0.1)
    assert (window.top % CELL, window.left % CELL) == (0, 0)


def test_a_window_never_leaves_the_view(portrait):
    for middle in (-100.0, 400.0):
        window = WINDOWS[0].on(np.full((478, 2), middle), SIDE)
        assert 0 <= window.top <= SIDE - window.height
        assert 0 <= window.left <= SIDE - window.width


def opened(portrait):
    lower = portrait.basis.lower
    slope = portrait.basis.dynamics[lower][:, [14, 13], 1] @ [1, -1]
    dynamics = np.zeros(len(portrait.basis.dynamics), np.float32)
    dynamics[lower] = 0.35 * slope / (slope @ slope)
    return Warper(portrait).warp(portrait.pose + [0.1, 0, 0.2, 0, 0, 0], dynamics)


def test_networks_are_told_what_is_where_inside_a_mouth(portrait, conditions):
    frame = opened(portrait)
    assert conditions.encoder.masks.shape == (MASKS + INSIDE, SIDE, SIDE)
    found = conditions.decoder(frame, conditions.see(frame)).masks
    upper, lower, tongue, near = found[MASKS:] / 255
    around = cv2.dilate(found[0], np.ones((7, 7), np.uint8)) > 0
    assert not np.any(found[MASKS:, ~around])
    assert (upper + lower + tongue).max() < 1.01
    rows = np.arange(SIDE)[:, None]
    middles = [(rows * part).sum() / part.sum() for part in (upper, lower)]
    assert middles[0] < middles[1]
    assert near[upper > 0.5].mean() > near[(found[0] == 255) & (upper + lower < 0.1)].mean()


def test_a_window_is_told_the_same_of_the_mouth(portrait, conditions):
    frame = opened(portrait)
    seen = conditions.see(frame)
    window = WINDOWS[0].on(seen.mesh, SIDE)
    whole, part = (conditions.decoder(frame, seen, place) for place in (None, window))
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    assert np.abs(part.masks.astype(int) - whole.masks[:, rows, columns]).mean() < 0.5
