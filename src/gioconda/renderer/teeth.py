"""Teeth that stay: what is drawn on the upper jaw is remembered.

A decoder draws every frame anew, and in each other teeth. So the detail that it draws inside the
mouth is laid onto the upper jaw, meaned over the portrait and the frames that have shown the place,
and mixed into what it draws next. How light and how open the mouth is, each frame decides alone.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.renderer.jaws import Jaws, lay_on_upper, upper_size

_PART: Final = 0.4  # of the detail that is remembered, where there is memory
_MOST: Final = 50  # frames that a memory counts for, at most, as the portrait does: two seconds
_SOON: Final = 3  # frames from which it has its full part
_FINE: Final = 9 / 256  # of the view's side: what is finer than this, twice smoothed, is detail


class Teeth:
    """A memory of the upper jaw. At first it is what the portrait shows of it.

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
        self._detail = np.zeros((height, width, 3), np.float32)
        self._seen = np.zeros((height, width), np.float32)  # frames that have shown the place
        inside = inner_mouth * np.float32(1 / 255)
        fine = detail(picture.astype(np.float32), inside, self._side)
        self._remember(fine, inside, jaws.upper(self._side), _MOST)

    def keep(
        self,
        change: NDArray[np.float32],
        picture: NDArray[np.uint8],
        inner_mouth: NDArray[np.uint8],
        jaws: Jaws,
        corner: tuple[int, int],
    ) -> None:
        """Mix what is remembered into what was drawn, in place, and remember that.

        Args:
            change: (h, w, 3) what was drawn is this and the picture.
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
        fine = detail(change + picture[rows, columns], inside, self._side)
        matrix = jaws.upper(self._side)
        matrix[:, 2] -= [corner[1] + left, corner[0] + top]
        self._remember(fine, inside, matrix, 1)
        known = np.minimum(self._seen / _SOON, 1)
        mixed = _PART * inside * cv2.warpAffine(known, matrix, (width, height))
        kept = cv2.warpAffine(self._detail, matrix, (width, height))
        change += mixed[..., None] * (kept - fine)

    def _remember(
        self,
        fine: NDArray[np.float32],
        inside: NDArray[np.float32],
        matrix: NDArray[np.float64],
        frames: int,
    ) -> None:
        """Detail (h, w, 3) of a window that counts for so many frames, where it is inside."""
        clear = np.clip(2 * lay_on_upper(inside, matrix, self._side) - 1, 0, 1)  # no lips
        clear *= frames
        self._seen += clear
        part = clear / np.maximum(self._seen, 1e-3)
        self._detail += part[..., None] * (lay_on_upper(fine, matrix, self._side) - self._detail)
        np.minimum(self._seen, _MOST, out=self._seen)


def detail(
    picture: NDArray[np.float32], inside: NDArray[np.float32], side: int
) -> NDArray[np.float32]:
    """What of a picture (h, w, C) is finer than teeth are wide.

    Args:
        picture: only what is inside counts.
        inside: (h, w) 0 to 1.
        side: S of the view.
    """
    fine = round(_FINE * side)
    both = np.dstack([picture * inside[..., None], inside])
    for _ in range(2):
        both = cv2.blur(both, (fine, fine), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(picture - both[..., :-1] / np.maximum(both[..., -1:], 1e-3), np.float32)
