"""What a varnish does to colours is taken out and put back."""

import numpy as np
import pytest

from gioconda.renderer.light import FACES, Light


@pytest.fixture
def face():
    rng = np.random.default_rng(0)
    light = rng.uniform(60, 130, (64, 64, 1)) * FACES
    return np.rint(light).astype(np.uint8)


def test_under_a_varnish_the_networks_see_the_same_face(face):
    varnished = np.rint(face * [1.1, 0.9, 0.6]).astype(np.uint8)
    one, other = (Light(picture).off(picture).astype(int) for picture in (face, varnished))
    bright = one.mean() / other.mean()  # how light a face is stays as it is
    assert np.abs(one - bright * other).mean() < 1.5


def test_a_change_comes_back_in_the_light_of_the_picture(face):
    light = Light(np.rint(face * [1.1, 0.9, 0.6]).astype(np.uint8))
    tooth = np.full((4, 4, 3), 20, np.float32)
    assert light.on(tooth) * light.gains == pytest.approx(tooth)
    assert light.on(tooth)[0, 0, 2] < light.on(tooth)[0, 0, 0]  # less blue than red


def test_no_light_is_stranger_than_some(face):
    blue = face * np.array([0, 0, 1], np.uint8)
    assert Light(blue).gains.min() >= 0.5
    assert Light(blue).gains.max() <= 2
    assert np.isfinite(Light(np.zeros_like(face)).gains).all()


def test_several_pictures_at_once(face):
    light = Light(face)
    both = light.off(np.stack([face, face[::-1]]))
    assert np.array_equal(both[1], light.off(face[::-1].copy()))
