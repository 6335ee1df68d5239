"""The mark is found after what happens to pictures, and is not where it is not."""

import cv2
import numpy as np
import pytest

from gioconda.evaluation.attacks import ATTACKS, h264
from gioconda.provenance import CHANCE, Mark, find_mark

IDENTITY = 0xC0FFEE42


@pytest.fixture(scope="module")
def plain(photo):
    return np.asarray(cv2.resize(photo, (512, 512), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def marked(plain):
    return Mark(IDENTITY)(plain)


@pytest.mark.parametrize(
    "attack",
    [
        "as written",
        "H.264 crf 28",
        "resize 0.75",
        "crop to 70 %",
        "mirror",
        "brightness +30, contrast 0.75",
        "screen recording of a page",
    ],
)
def test_the_id_is_read_after(marked, attack):
    finding = find_mark(ATTACKS[attack]([marked] * 5))
    assert finding.found
    assert finding.id == IDENTITY
    assert finding.chance < CHANCE
    assert finding.mirrored == (attack == "mirror")


def test_the_id_is_read_in_perspective(marked):
    corners = np.array([[0, 0], [512, 0], [512, 512], [0, 512]], np.float32)
    seen = np.array([[60, 30], [605, 70], [600, 560], [70, 590]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    warped = np.asarray(cv2.warpPerspective(marked, matrix, (660, 620)), np.uint8)
    assert find_mark([warped]).id == IDENTITY


def test_geometry_is_told(marked):
    turned = cv2.warpAffine(
        marked, cv2.getRotationMatrix2D((256, 256), -5, 0.75), (512, 512), flags=cv2.INTER_AREA
    )
    finding = find_mark([np.asarray(turned, np.uint8)])
    assert finding.id == IDENTITY
    assert finding.tile == pytest.approx(96, rel=0.01)
    assert np.degrees(finding.turn) == pytest.approx(5, abs=0.3)


def test_the_search_goes_on_until_a_window_is_marked(plain, marked):
    small, small_marked = (cv2.resize(f, (256, 256)) for f in (plain, marked))
    finding = find_mark([small] * 4 + [small_marked] * 4 + [small] * 4, window=4)
    assert finding.id == IDENTITY
    assert finding.frames == 8


def test_nothing_is_found_without_a_mark_or_with_another_key(plain, marked):
    half = cv2.resize(plain, (256, 256), interpolation=cv2.INTER_AREA)
    assert not find_mark([half]).found
    assert not find_mark([cv2.resize(marked, (256, 256))], key=b"another").found


@pytest.mark.parametrize("shape", [(16, 16), (600, 30)])
def test_pictures_without_room_for_a_mark(shape):
    finding = find_mark([np.zeros((*shape, 3), np.uint8)])
    assert not finding.found
    assert finding.chance == 1


def test_flat_pictures_and_no_pictures():
    assert not find_mark([np.full((128, 128, 3), 7, np.uint8)]).found
    assert not find_mark([]).found


@pytest.mark.slow
def test_strong_compression(marked):
    assert find_mark(h264([marked] * 25, 33)).id == IDENTITY
