"""What is drawn on the upper jaw is remembered."""

import numpy as np
import pytest

from gioconda.renderer.jaws import Jaws
from gioconda.renderer.teeth import Teeth

SIDE = 256
PICTURE = np.full((80, 112, 3), 100, np.uint8)
INNER_MOUTH = np.zeros((80, 112), np.uint8)
INNER_MOUTH[30:60, 20:90] = 255
INSIDE = (slice(35, 55), slice(25, 85))


def jaws(down: float = 0.0) -> Jaws:
    return Jaws(np.array([[128.0, 130.2 + down], [128.0, 200.0]]), np.eye(2))


def kept(teeth: Teeth, drawn: np.ndarray, down: int = 0) -> np.ndarray:
    """What becomes of what is drawn, where the jaw is so many pixels lower."""
    change = drawn.astype(np.float32)
    mouth = np.roll(INNER_MOUTH, down, 0)
    teeth.keep(change, PICTURE, mouth, jaws(down), (120, 72))
    return change


def memory(teeth: np.ndarray | None = None) -> Teeth:
    """Of a portrait whose mouth is shut or shows these teeth."""
    picture, inner_mouth = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    if teeth is not None:
        picture[120:200, 72:184] = teeth + PICTURE
        inner_mouth[120:200, 72:184] = INNER_MOUTH[..., None]
    return Teeth(picture, inner_mouth[..., 0].copy(), jaws())


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 20, PICTURE.shape)


def spread(a: np.ndarray, b: np.ndarray) -> float:
    return float((a - b)[INSIDE].std())


def test_detail_that_changes_from_frame_to_frame_changes_less():
    teeth = memory()
    shown = [kept(teeth, noise(i)) for i in range(40)]
    after, before = spread(shown[-1], shown[-2]), spread(noise(39), noise(38))
    assert 0.5 * before < after < 0.7 * before


def test_what_is_always_the_same_stays_as_it_is_and_moves_with_the_jaw():
    teeth, same = memory(), noise(0)
    for down in (0, 0, 0, 0, 3, 6):
        moved = np.roll(same, down, 0)
        change = kept(teeth, moved, down)
        assert np.abs(change - moved)[np.roll(INNER_MOUTH, down, 0) > 0].max() < 0.01


def test_each_frame_keeps_its_light():
    teeth = memory()
    for i in range(10):
        kept(teeth, noise(i))
    brighter = noise(10) + 40
    assert kept(teeth, brighter)[INSIDE].mean() == pytest.approx(brighter[INSIDE].mean(), abs=1)


def test_lips_and_a_shut_mouth_are_left_alone():
    teeth = memory()
    for i in range(5):
        change = kept(teeth, noise(i))
        np.testing.assert_array_equal(
            change[INNER_MOUTH == 0], noise(i)[INNER_MOUTH == 0].astype(np.float32)
        )
    change = noise(0).astype(np.float32)
    teeth.keep(change, PICTURE, np.zeros_like(INNER_MOUTH), jaws(), (120, 72))
    np.testing.assert_array_equal(change, noise(0).astype(np.float32))


def test_what_the_portrait_shows_is_drawn_again():
    own, others = noise(100), [noise(i) for i in range(3)]
    for teeth, low, high in ((memory(own), 0.4, 0.7), (memory(), -0.1, 0.1)):
        for other in others:
            shown = kept(teeth, other)
        alike = np.corrcoef(shown[INSIDE].ravel(), own[INSIDE].ravel())[0, 1]
        assert low < alike < high
