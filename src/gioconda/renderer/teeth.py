"""Teeth that stay: the detail that was drawn inside the mouth is remembered.

A decoder draws every frame anew, and in each other teeth. So the detail of each drawn frame is laid
onto the upper jaw and averaged there, beginning with the portrait's; then a part of the frame's own
detail gives way to that average. Nothing tells teeth from tongue: what does not go with the upper
jaw becomes a little softer. How light and how open the mouth is, each frame decides alone.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.renderer.jaws import Jaws, lay_on_upper, upper_size

_WEIGHT: Final = 0.4  # of the average, against the frame's own detail
_HORIZON: Final = 50  # frames that the average counts for at most, and the portrait: two seconds
_WARM: Final = 3  # frames from which the average has its full weight
_BOX: Final = 9 / 256  # side of the box filter, in sides of the view


class Teeth:
    """The average on the upper jaw.

    Args:
        picture: (S, S, 3) the portrait in its view.
        inner_mouth: (S, S) its, 0 to 255.
        jaws: its.
    """

    def __init__(
        self, picture: NDArray[np.uint8], inner_mouth: NDArray[np.uint8], jaws: Jaws
    ) -> None:
        self._side = len(picture)
        width, height = upper_size(self._side)
        self._average = np.zeros((height, width, 3), np.float32)
        self._frames = np.zeros((height, width), np.float32)  # that have shown each place
        inside = inner_mouth * np.float32(1 / 255)
        own = detail(picture.astype(np.float32), inside, self._side)
        self._add(own, inside, jaws.upper(self._side), _HORIZON)

    def steady(
        self,
        change: NDArray[np.float32],
        picture: NDArray[np.uint8],
        inner_mouth: NDArray[np.uint8],
        jaws: Jaws,
        corner: tuple[int, int],
    ) -> None:
        """Add what was drawn to the average, then replace a part of its detail by that, in place.

        Args:
            change: (h, w, 3) -255 to 255; what was drawn is this and the picture.
            picture: (h, w, 3) a window of the view.
            inner_mouth: (h, w) 0 to 255.
            jaws: those of the frame.
            corner: the window's row and column in the view, in pixels.
        """
        left, top, width, height = cv2.boundingRect(inner_mouth)
        if not width:
            return
        rows, columns = slice(top, top + height), slice(left, left + width)
        inside = inner_mouth[rows, columns] * np.float32(1 / 255)
        change = change[rows, columns]
        own = detail(change + picture[rows, columns], inside, self._side)
        matrix = jaws.upper(self._side)
        matrix[:, 2] -= [corner[1] + left, corner[0] + top]
        self._add(own, inside, matrix, 1)
        known = _WEIGHT * np.minimum(self._frames / _WARM, 1)
        weight = inside * cv2.warpAffine(known, matrix, (width, height))
        average = cv2.warpAffine(self._average, matrix, (width, height))
        change += weight[..., None] * (average - own)

    def _add(
        self,
        own: NDArray[np.float32],
        inside: NDArray[np.float32],
        matrix: NDArray[np.float64],
        frames: int,
    ) -> None:
        """Add a window's detail (h, w, 3), as so many frames, where its pixels are no lips."""
        clear = frames * np.clip(2 * lay_on_upper(inside, matrix, self._side) - 1, 0, 1)
        self._frames += clear
        part = clear / np.maximum(self._frames, 1e-3)
        self._average += part[..., None] * (lay_on_upper(own, matrix, self._side) - self._average)
        np.minimum(self._frames, _HORIZON, out=self._frames)


def detail(
    picture: NDArray[np.float32], inside: NDArray[np.float32], side: int
) -> NDArray[np.float32]:
    """What of a picture is finer than teeth are wide, in its own levels, signed, (h, w, C).

    Args:
        picture: (h, w, C); only what is inside counts.
        inside: (h, w) 0 to 1; where it is less than 1, so much less is given.
        side: S of the view.
    """
    box = 2 * int(_BOX * side / 2) + 1  # odd, or it would lie off its middle
    both = np.dstack([picture * inside[..., None], inside])
    for _ in range(2):
        both = cv2.blur(both, (box, box), borderType=cv2.BORDER_CONSTANT)
    coarse = both[..., :-1] / np.maximum(both[..., -1:], 1e-3)
    return np.asarray(inside[..., None] * (picture - coarse), np.float32)
