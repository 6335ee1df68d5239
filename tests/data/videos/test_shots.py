"""Cuts are found; flashes, movement, captions and screens in the background are none."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.videos.shots import Shots

Picture = NDArray[np.uint8]


def scene(seed: int, count: int = 30) -> list[Picture]:
    """Pictures of a ball that drifts before a background of soft blobs, with a little noise."""
    rng = np.random.default_rng(seed)
    blobs = cv2.resize(rng.uniform(20, 230, (6, 8, 3)), (320, 240), interpolation=cv2.INTER_CUBIC)
    colour = rng.uniform(20, 230, 3)
    pictures = []
    for k in range(count):
        picture = blobs.copy()
        centre = (int(140 + 20 * np.sin(k / 6 + seed)), int(120 + 10 * np.cos(k / 9)))
        cv2.circle(picture, centre, 45, colour.tolist(), -1)
        picture = picture + rng.normal(0, 2, picture.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return pictures


def cuts(pictures: list[Picture]) -> list[int]:
    shots = Shots()
    return [k for k, picture in enumerate(pictures) if shots.cut(picture)]


def test_a_hard_cut_is_found_where_it_is() -> None:
    assert cuts(scene(1) + scene(2) + scene(3)) == [30, 60]


def test_a_scene_without_a_cut_has_none() -> None:
    assert cuts(scene(4, 120)) == []


def test_a_cut_is_found_among_pictures_shown_twice() -> None:
    doubled = [picture for picture in scene(1) + scene(2) for _ in range(2)]
    assert cuts(doubled) == [60]


def test_a_very_large_and_a_very_small_picture_work() -> None:
    for size in ((1600, 1200), (32, 24)):
        resized = [
            np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
            for picture in scene(1, 12) + scene(2, 12)
        ]
        assert cuts(resized) == [12]


@pytest.mark.parametrize("gain", [0.5, 1.25])
def test_a_flash_is_no_cut(gain: float) -> None:
    pictures = scene(5)
    for k in (10, 11, 12):
        pictures[k] = np.clip(pictures[k] * gain, 0, 255).astype(np.uint8)
    assert cuts(pictures) == []


def test_a_caption_is_no_cut() -> None:
    pictures = scene(6)
    for picture in pictures[12:]:
        cv2.rectangle(picture, (30, 190), (290, 230), (0, 0, 0), -1)
        cv2.putText(picture, "A CAPTION", (50, 220), cv2.FONT_HERSHEY_SIMPLEX, 1, (255,) * 3, 3)
    assert cuts(pictures) == []


def test_a_screen_in_the_background_is_no_cut() -> None:
    pictures = scene(7)
    for picture, other in zip(pictures[12:], scene(8)[12:], strict=True):
        picture[:110, 210:] = other[:110, 210:]
    assert cuts(pictures) == []


def test_a_pan_is_no_cut() -> None:
    rng = np.random.default_rng(9)
    wide = cv2.resize(rng.uniform(20, 230, (6, 30, 3)), (1200, 240), interpolation=cv2.INTER_CUBIC)
    at = np.cumsum(np.clip(np.arange(60) * 2 - 10, 0, 18))  # starts slowly
    pictures = [
        np.clip(wide[:, x : x + 320], 0, 255).astype(np.uint8) for x in at if x + 320 <= 1200
    ]
    assert cuts(pictures) == []


def test_a_dissolve_ends_a_shot_before_it_is_over() -> None:
    before, after = scene(10, 40), scene(11, 40)
    mixed = [
        np.asarray(cv2.addWeighted(before[28 + k], 1 - (k + 1) / 13, after[k], (k + 1) / 13, 0))
        for k in range(12)
    ]
    found = cuts(before[:28] + [m.astype(np.uint8) for m in mixed] + after[12:])
    assert all(28 <= k <= 44 for k in found)
    assert found[-1] >= 34
