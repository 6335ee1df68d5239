"""What a varnish does to colours is taken out and put back."""

import numpy as np
import pytest

from gioconda.renderer.light import Light, gains, middle
from gioconda.renderer.networks import calibration_of, released
from gioconda.renderer.palette import Palette

CALIBRATION = calibration_of(released())


def changed(picture, change):
    """A change of a picture as it is in its own light and colours."""
    palette = Palette.of(picture[middle(len(picture))])
    return Light(picture, CALIBRATION).on(change, palette)


@pytest.fixture
def face():
    rng = np.random.default_rng(0)
    light = rng.uniform(60, 130, (64, 64, 1)) * CALIBRATION.face_colours
    light[32:] += [12, -6, -6]  # lips are no darker than skin, and redder
    light[:32] -= [12, -6, -6]
    return np.rint(light).astype(np.uint8)


def test_the_networks_see_most_of_a_varnish_taken_off(face):
    varnish = np.array([1.1, 0.9, 0.6])
    varnished = np.rint(face * varnish).astype(np.uint8)
    plain, seen = (Light(p, CALIBRATION).off(p).reshape(-1, 3).mean(0) for p in (face, varnished))
    left, was = (np.log(v / v[1]) for v in (seen / plain, varnish))
    assert left == pytest.approx(0.4 * was, abs=0.02)


def test_a_change_comes_back_in_the_light_of_the_picture(face):
    tooth = np.full((4, 4, 3), 20, np.float32)
    seen = changed(np.rint(face * [1.1, 0.9, 0.6]).astype(np.uint8), tooth)
    red, green, blue = seen[0, 0]
    assert seen == pytest.approx(np.broadcast_to([red, green, blue], tooth.shape))
    assert (red, green, blue) == pytest.approx([22.4, 19.8, 15.6], rel=0.03)  # most of the varnish


def test_what_is_drawn_on_a_picture_without_colours_gets_none(face):
    change = np.random.default_rng(0).normal(0, 20, (4, 4, 3)).astype(np.float32)
    drawn = changed(np.repeat(face[..., :1], 3, -1), change)
    assert np.ptp(drawn, axis=-1).max() < 1e-4
    assert np.abs(drawn).max() > 1


def test_what_is_drawn_on_a_picture_in_one_colour_has_it(face):
    sepia = np.array([1.1, 0.95, 0.7])
    change = np.random.default_rng(0).normal(0, 20, (4, 4, 3)).astype(np.float32)
    drawn = changed(np.rint(face.mean(-1, keepdims=True) * sepia).astype(np.uint8), change)
    own = np.broadcast_to(sepia / sepia[0], drawn.shape)
    np.testing.assert_allclose(drawn / drawn[..., :1], own, rtol=0.05)


@pytest.mark.parametrize(("paleness", "left"), [(0.0, 1.0), (0.8, 0.12), (0.97, 0.0)])
def test_the_paler_a_face_the_paler_what_is_drawn(face, paleness, left):
    grey = face.mean(-1, keepdims=True)
    pale = np.rint(face + paleness * (grey - face)).astype(np.uint8)
    drawn = changed(pale, np.full((4, 4, 3), [20, 0, -20], np.float32))
    assert np.ptp(drawn, axis=-1).mean() == pytest.approx(40 * left, abs=4)


def test_no_light_is_stranger_than_some():
    assert gains(np.array([0.0, 0, 250]), CALIBRATION) == pytest.approx([2, 2, 0.5])
    assert np.isfinite(gains(np.zeros(3), CALIBRATION)).all()
