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

from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.jaws import Jaws, lay_on_upper, upper_size

# In sides of the view; a front tooth is about as wide as the box.
_BOX: Final = 9 / 256  # side of the box filter
_SHADOW: Final = 1.5 / 256  # how wide a lip's shadow is; it fades over as much again


class TeethAverage:
    """The average on the upper jaw.

    Args:
        picture: (S, S, 3) the portrait in its view.
        inner_mouth: (S, S) its, 0 to 255.
        jaws: its.
        calibration: how much the average counts.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        inner_mouth: NDArray[np.uint8],
        jaws: Jaws,
        calibration: RendererCalibration,
    ) -> None:
        self._calibration = calibration
        self._side = len(picture)
        width, height = upper_size(self._side)
        self._average = np.zeros((height, width, 3), np.float32)
        self._frames = np.zeros((height, width), np.float32)  # that have shown each place
        own = detail(picture.astype(np.float32), inner_mouth, self._side)
        self._add(own, self._clear(inner_mouth), jaws.upper(self._side), calibration.teeth_frames)

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
        change, inner_mouth = change[rows, columns], inner_mouth[rows, columns]
        own = detail(change + picture[rows, columns], inner_mouth, self._side)
        clear = self._clear(inner_mouth)
        matrix = jaws.upper(self._side)
        matrix[:, 2] -= [corner[1] + left, corner[0] + top]
        self._add(own, clear, matrix, 1)
        average = cv2.warpAffine(self._average, matrix, (width, height))
        change += self._calibration.teeth_average * clear[..., None] * (average - own)

    def _add(
        self,
        own: NDArray[np.float32],
        clear: NDArray[np.float32],
        matrix: NDArray[np.float64],
        frames: float,
    ) -> None:
        """Add a window's detail (h, w, 3), as so many frames, where it is clear, (h, w)."""
        seen = frames * lay_on_upper(clear, matrix, self._side)
        self._frames += seen
        part = seen / np.maximum(self._frames, 1e-3)
        self._average += part[..., None] * (lay_on_upper(own, matrix, self._side) - self._average)
        np.minimum(self._frames, self._calibration.teeth_frames, out=self._frames)

    def _clear(self, inner_mouth: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How clear pixels are of lips and their shadows, which move over teeth; 0 to 1."""
        away = cv2.distanceTransform(inner_mouth, cv2.DIST_L2, 3)
        return np.asarray(np.clip(away / (_SHADOW * self._side) - 1, 0, 1), np.float32)


def detail(
    picture: NDArray[np.float32], inner_mouth: NDArray[np.uint8], side: int
) -> NDArray[np.float32]:
    """What of a picture is finer than teeth are wide, in its own levels, signed, (h, w, C).

    Args:
        picture: (h, w, C); only what is inside the mouth counts.
        inner_mouth: (h, w) 0 to 255; where it is less, so much less is given.
        side: S of the view.
    """
    inside = inner_mouth * np.float32(1 / 255)
    box = 2 * int(_BOX * side / 2) + 1  # odd, or it would lie off its middle
    both = np.dstack([picture * inside[..., None], inside])
    for _ in range(2):
        both = cv2.blur(both, (box, box), borderType=cv2.BORDER_CONSTANT)
    coarse = both[..., :-1] / np.maximum(both[..., -1:], 1e-3)
    return np.asarray(inside[..., None] * (picture - coarse), np.float32)
