import numpy as np
import pytest

from gioconda.face import topology
from gioconda.renderer.geometry import face_mask, guides, masks
from gioconda.renderer.view import HeadPlace, cell_middles

SIDE = 256
UNMOVED = cell_middles((0, 0), 64, 64)


@pytest.fixture(scope="module")
def mesh(portrait):
    return HeadPlace.of(portrait.head).view(SIDE).points(portrait.points)


def test_masks_lie_where_the_points_are(mesh):
    inner, lips, eyes, irises = masks(mesh, SIDE, SIDE)
    assert (inner <= lips).all()
    assert (irises <= eyes).all()
    assert 0 < inner.sum() < lips.sum()
    for mask, points in ((lips, topology.LIPS), (eyes, topology.LIDS)):
        y, x = np.nonzero(mask > 127)
        low, high = mesh[points].min(0), mesh[points].max(0)
        np.testing.assert_allclose([x.min(), y.min()], low, atol=2)
        np.testing.assert_allclose([x.max(), y.max()], high, atol=2)
    assert face_mask(mesh, SIDE)[32, 32] == 255


def test_a_face_far_outside_gives_empty_masks(mesh):
    assert not masks(mesh + 1e5, SIDE, SIDE).any()


def test_at_rest_nothing_has_moved_or_stretched(mesh):
    told = guides(mesh, UNMOVED, SIDE)
    np.testing.assert_allclose(told[:3], 0, atol=1e-5)


def test_what_is_shown_larger_and_moved_is_told(mesh):
    origin = (UNMOVED / 2 + 10).astype(np.float32)  # all is twice as large
    told = guides(mesh, origin, SIDE)
    np.testing.assert_allclose(told[2], np.log2(0.25) / 4, atol=1e-5)
    assert told[0, 0, 0] > 0 > told[0, -1, -1]


def test_a_windows_guides_are_those_of_the_view(mesh):
    whole = guides(mesh, UNMOVED, SIDE)
    rows, columns = slice(28, 52), slice(16, 48)
    window = guides(mesh, UNMOVED[rows, columns], SIDE, (28, 16))
    np.testing.assert_allclose(window, whole[:, rows, columns], atol=1e-6)
