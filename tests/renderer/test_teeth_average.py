"""The detail drawn on the upper jaw is averaged, and nothing else is."""

import cv2
import numpy as np
import pytest

from gioconda.face.pose import rotation
from gioconda.renderer.jaws import Jaws
from gioconda.renderer.networks import calibration_of, released
from gioconda.renderer.teeth_average import TeethAverage, detail

SIDE = 256
CORNER = (120, 72)  # of the window in the view
LIPS, DARK = 200, 60


def mouth(down: float = 0.0, height: int = 15) -> np.ndarray:
    """The inner mouth of the window, an ellipse with a soft edge."""
    drawn = np.zeros((80, 112), np.uint8)
    middle, axes = (55 * 16, round((45 + down) * 16)), (36 * 16, height * 16)
    cv2.ellipse(drawn, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    return drawn


WITHIN = cv2.erode(mouth(), np.ones((9, 9))) == 255
PICTURE = np.where(mouth()[..., None] > 0, DARK, LIPS).repeat(3, 2).astype(np.uint8)


def jaws(down: float = 0.0, yaw: float = 0.0) -> Jaws:
    middles = np.array([[128.0, 130.2 + down], [128.0, 200.0]])
    return Jaws(middles, rotation(yaw, 0, 0)[:2, :2])


def memory(own: np.ndarray | None = None) -> TeethAverage:
    """Of a portrait whose mouth is shut, or shows these teeth."""
    picture, inside = np.full((SIDE, SIDE, 3), LIPS, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    if own is not None:
        rows, columns = slice(CORNER[0], CORNER[0] + 80), slice(CORNER[1], CORNER[1] + 112)
        picture[rows, columns] = PICTURE + np.where(mouth()[..., None] > 0, own, 0)
        inside[rows, columns] = mouth()
    return TeethAverage(picture, inside, jaws(), calibration_of(released()))


def steadied(teeth: TeethAverage, drawn: np.ndarray, down: int = 0, yaw: float = 0.0) -> np.ndarray:
    """What becomes of what is drawn, with the head so many pixels lower and so far turned."""
    change = drawn.astype(np.float32)
    teeth.steady(change, np.roll(PICTURE, down, 0), mouth(down), jaws(down, yaw), CORNER)
    return change


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 15, PICTURE.shape)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a[WITHIN].ravel(), b[WITHIN].ravel())[0, 1])


def test_detail_that_changes_from_frame_to_frame_changes_less():
    teeth = memory()
    shown = [steadied(teeth, noise(i)) for i in range(40)]
    after, before = ((a - b)[WITHIN].std() for a, b in (shown[-2:], (noise(39), noise(38))))
    assert 0.6 * before < after < 0.8 * before


def test_what_is_always_the_same_stays_as_it_is_and_moves_with_the_jaw():
    teeth, same = memory(), noise(0)
    for down in (0, 0, 0, 0, 3, 6):
        moved = np.roll(same, down, 0)
        change = steadied(teeth, moved, down)
        assert np.abs(change - moved)[np.roll(WITHIN, down, 0)].max() < 0.01


def test_it_turns_with_the_head():
    own = cv2.GaussianBlur(noise(0), (0, 0), 2) * 5
    teeth = memory(own)
    turned = steadied(teeth, np.zeros_like(own), yaw=0.5)
    x = 128 - CORNER[1] + (np.arange(112) - (128 - CORNER[1])) / np.cos(0.5)
    across = np.tile(x, (80, 1)).astype(np.float32)
    down = np.tile(np.arange(80)[:, None], (1, 112)).astype(np.float32)
    foreshortened = cv2.remap(own, across, down, cv2.INTER_LINEAR)
    assert alike(turned, foreshortened) > 0.9 > 0.7 > alike(turned, own)


def test_each_frame_keeps_its_light():
    teeth = memory()
    for i in range(10):
        steadied(teeth, noise(i))
    brighter = noise(10) + 40
    kept = steadied(teeth, brighter)
    assert kept[WITHIN].mean() == pytest.approx(brighter[WITHIN].mean(), abs=1)


def test_lips_and_their_shadows_are_left_alone_and_leave_no_trace():
    teeth, flat = memory(), np.zeros(PICTURE.shape, np.float32)
    for height in (6, 9, 12, 15):
        inside = mouth(height=height)
        picture = np.where(inside[..., None] > 128, DARK, LIPS).repeat(3, 2).astype(np.uint8)
        picture[(inside > 128) & (cv2.erode(inside, np.ones((3, 3))) < 128)] = 0
        change = flat.copy()
        teeth.steady(change, picture, inside, jaws(), CORNER)
        assert not change[inside == 0].any()
    assert np.abs(change[WITHIN]).max() < 6  # of 60 that shadows are darker, 140 that lips are not
    small, shut = mouth(height=6), noise(0).astype(np.float32)
    teeth.steady(shut, PICTURE, small, jaws(), CORNER)
    np.testing.assert_array_equal(shut[small == 0], noise(0).astype(np.float32)[small == 0])
    teeth.steady(flat, PICTURE, np.zeros_like(small), jaws(), CORNER)
    assert not flat.any()


def test_a_mouth_that_opens_wide_is_remembered_to_its_lowest_row():
    teeth, inside = memory(), mouth(height=24)
    for _ in range(2):
        teeth.steady(change := noise(0).astype(np.float32), PICTURE, inside, jaws(), CORNER)
    lowest = slice(60, 65), slice(45, 65)
    np.testing.assert_allclose(change[lowest], noise(0)[lowest], atol=0.01)


def test_what_the_portrait_shows_is_drawn_again_and_given_up_slowly():
    own, other = noise(100), noise(1)
    teeth = memory(own)
    assert alike(steadied(teeth, other), own) > 0.25
    assert abs(alike(steadied(memory(), other), own)) < 0.1
    for last in (other, noise(2)):
        for _ in range(150):
            kept = steadied(teeth, last)
        assert alike(kept, last) > 0.995


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_detail_lies_where_it_is_seen(side):
    dot = np.zeros((61, 61, 1), np.float32)
    dot[30, 30] = 1
    found = detail(dot, np.full((61, 61), 255, np.uint8), side)[..., 0]
    for flipped in (found[::-1], found[:, ::-1]):
        np.testing.assert_allclose(found, flipped, atol=1e-6)
