"""A window's conditions are that part of the whole view's."""

import numpy as np
import pytest

from gioconda.renderer.conditions import WINDOWS, Conditions
from gioconda.renderer.view import CELL
from gioconda.renderer.warper import Warper

SIDE = 256


@pytest.fixture(scope="module")
def conditions(portrait):
    return Conditions(portrait, SIDE)


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
    np.testing.assert_allclose(part.origin, whole.origin[window.cells], atol=0.1)
    inner = np.s_[:, 1:-1, 1:-1]  # slopes at the border are of one side
    np.testing.assert_allclose(part.guides[inner], whole.guides[:, *window.cells][inner], atol=0.1)
    assert (window.top % CELL, window.left % CELL) == (0, 0)


def test_a_window_never_leaves_the_view(portrait):
    for middle in (-100.0, 400.0):
        window = WINDOWS[0].on(np.full((478, 2), middle), SIDE)
        assert 0 <= window.top <= SIDE - window.height
        assert 0 <= window.left <= SIDE - window.width
