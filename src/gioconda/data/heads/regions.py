"""What each texel of a head's texture belongs to.

All heads share one layout, so the rectangles and the outline of the lips hold for each of them.
Only teeth and gum lie in one rectangle; there the colour decides.
"""

from enum import IntEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray


class Region(IntEnum):
    """What a pixel shows."""

    BACKGROUND = 0
    SKIN = 1
    LIPS = 2
    EYES = 3
    UPPER_TEETH = 4
    LOWER_TEETH = 5
    GUM = 6
    TONGUE = 7
    CAVITY = 8  # cheeks from inside, palate, floor, and what is too dark to be told
    HAIR = 9
    CLOTH = 10


MOUTH: Final = (
    Region.UPPER_TEETH,
    Region.LOWER_TEETH,
    Region.GUM,
    Region.TONGUE,
    Region.CAVITY,
)
_Box = tuple[float, float, float, float]  # left, top, right, bottom, 0 to 1
_FACE: Final[tuple[_Box, ...]] = ((0, 0, 0.65, 0.54), (0, 0.39, 0.092, 0.613))  # and the ears
_BAG: Final[tuple[_Box, ...]] = ((0, 0, 0.0864, 0.0845), (0.885, 0.383, 0.974, 0.455))
_UPPER: Final[tuple[_Box, ...]] = (
    (0.241, 0.942, 0.519, 0.997),
    (0.865, 0.0, 0.99, 0.1105),
    (0.258, 0.703, 0.338, 0.758),
)
_LOWER: Final[tuple[_Box, ...]] = (
    (0.566, 0.399, 0.858, 0.459),
    (0.003, 0.846, 0.063, 0.962),
    (0.233, 0.888, 0.335, 0.937),
    (0.0, 0.703, 0.06, 0.7662),
)
_TONGUE: Final[tuple[_Box, ...]] = ((0.188, 0.759, 0.275, 0.885), (0.944, 0.681, 1, 0.778))
# The lips' outer edge in the mean redness of 21 heads, in texels of 2048 from their middle.
_LIPS_MIDDLE: Final = (666.5, 737.0)
_LIPS_HALF: Final = (
    *((126, -3), (109, -20), (88, -34), (73, -47), (54, -53), (31, -49), (0, -43)),
    *((0, 62), (34, 60), (66, 53), (88, 36), (110, 14)),
)
_DARK: Final = 26  # mean of the channels under which nothing can be told
_RED: Final = 0.25  # of a texel: how far green is under red, from which it is gum


def label_skin(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The region of each texel of a body's texture (S, S, 3) where it covers skin, (S, S)."""
    side = len(texture)
    found = np.full((side, side), Region.CLOTH, np.uint8)
    _fill(found, _FACE, Region.SKIN)
    cv2.fillPoly(found, [lips_outline(side)], int(Region.LIPS))
    _fill(found, _BAG, Region.CAVITY)
    return found


def label_jaws(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The region of each texel of a body's texture (S, S, 3) where it covers jaws, (S, S)."""
    side = len(texture)
    found = np.full((side, side), Region.CAVITY, np.uint8)
    red, green = texture[..., 0].astype(np.float32), texture[..., 1].astype(np.float32)
    gum = red - green > _RED * red
    _fill(found, _TONGUE, Region.TONGUE)
    for boxes, teeth in ((_UPPER, Region.UPPER_TEETH), (_LOWER, Region.LOWER_TEETH)):
        arch = np.zeros((side, side), np.uint8)
        _fill(arch, boxes, 1)
        found = np.where(arch > 0, np.where(gum, Region.GUM, teeth), found).astype(np.uint8)
    found[texture.mean(2) < _DARK] = Region.CAVITY
    return found


def lips_outline(side: int) -> NDArray[np.int32]:
    """The lips' outer edge in texels of a texture of this side, (N, 2)."""
    half = np.array(_LIPS_HALF)
    upper, lower = half[half[:, 1] < 0], half[half[:, 1] > 0]
    mirrored = half * [-1, 1]
    left_upper, left_lower = mirrored[: len(upper)], mirrored[len(upper) :]
    ring = np.concatenate([upper, left_upper[::-1], left_lower[::-1], lower])
    return np.rint((ring + _LIPS_MIDDLE) * side / 2048).astype(np.int32)


def _fill(found: NDArray[np.uint8], boxes: tuple[_Box, ...], region: int) -> None:
    side = len(found)
    for left, top, right, bottom in boxes:
        rows = slice(round(top * side), round(bottom * side))
        found[rows, round(left * side) : round(right * side)] = region
