"""What colours a picture has for light and dark, and whether it has others."""

import numpy as np
import pytest

from gioconda.renderer.palette import Palette

SEPIA = np.array([1.1, 0.95, 0.7])


@pytest.fixture
def light():
    return np.random.default_rng(0).uniform(30, 200, (64, 64, 1)).repeat(4, 0).repeat(4, 1)


@pytest.mark.parametrize("tint", [(1, 1, 1), SEPIA])
def test_a_picture_in_one_colour_gives_it_to_all(light, tint):
    palette = Palette.of(np.rint(light * tint).astype(np.uint8))
    assert palette.coloured == 0
    red = palette.toned(np.array([[180.0, 60, 60], [255, 240, 250], [20, 2, 2]]))
    own = np.array(tint) / np.mean(tint)
    np.testing.assert_allclose(red, [100 * own, 248.3 * own, 8 * own], rtol=0.03)


def test_a_picture_with_colours_leaves_them(light):
    face = light * [1, 0.9, 0.8]
    face[:128] += [15, -8, -7]
    palette = Palette.of(np.rint(face).astype(np.uint8))
    assert palette.coloured == 1
    np.testing.assert_allclose(palette.toned(np.array([180.0, 60, 60])), [180, 60, 60])


def test_the_ends_are_the_darkest_and_the_lightest_places(light):
    palette = Palette.of(np.rint(light * SEPIA).astype(np.uint8))
    assert palette.darkest.mean() == pytest.approx(30 * SEPIA.mean(), abs=12)
    assert palette.lightest.mean() == pytest.approx(200 * SEPIA.mean(), abs=12)


def test_a_blank_picture_has_a_palette():
    for level in (0, 255):
        palette = Palette.of(np.full((64, 64, 3), level, np.uint8))
        assert np.isfinite(palette.toned(np.full((3, 3), 100.0))).all()
        assert np.isfinite(palette.tint).all()
