"""The visible badge: a small "AI" in a corner."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.provenance.mark import Marker
from gioconda.spans import Spans, either, none


class Badge:
    """Draws the badge onto marked frames of any size, in the lower right corner.

    It is a sixteenth of the frame's shorter side high: light letters on a dark, half transparent
    ground.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, int] = (0, 0)
        self._ink = self._cover = np.empty((0, 0, 3), np.float32)

    def place(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Its rows and columns in frames of a shape (H, W, ...)."""
        high, (height, width) = _height(shape), shape[:2]
        bottom, right = height - high // 3, width - high // 3
        return slice(bottom - high, bottom), slice(right - round(1.5 * high), right)

    def draw(self, frame: NDArray[np.uint8]) -> None:
        """Draw onto a frame, RGB (H, W, 3), or with alpha (H, W, 4), in place."""
        height, width = frame.shape[:2]
        if self._shape != (height, width):
            self._shape = (height, width)
            self._ink, self._cover = _picture(_height(frame.shape))
        corner = frame[self.place(frame.shape)]
        colours = corner[..., :3]
        if frame.shape[2] == 3:
            colours[:] = np.rint(colours * (1 - self._cover) + self._ink)
            return
        under = corner[..., 3:] / 255 * (1 - self._cover)
        alpha = under + self._cover
        colours[:] = np.rint((colours * under + self._ink) / np.maximum(alpha, 1e-6))
        corner[..., 3] = np.rint(255 * alpha[..., 0])


class Badged:
    """Marks frames and draws the badge over them; a `Marker`.

    Args:
        mark: what marks them, into memory of its own.

    Attributes:
        changed: as of a `Marker`.
    """

    changed: Spans

    def __init__(self, mark: Marker) -> None:
        self._mark, self._badge = mark, Badge()

    def __call__(self, frame: NDArray[np.uint8], changed: Spans | None = None) -> NDArray[np.uint8]:
        """As `Marker`."""
        if changed is not None:
            rows, columns = self._badge.place(frame.shape)
            corner = none(*frame.shape[:2])
            corner[rows] = columns.start, columns.stop
            changed = either(changed, corner)  # is half transparent: not to be drawn twice
        marked = self._mark(frame, changed)
        self.changed = self._mark.changed
        self._badge.draw(marked)
        return marked


def _height(shape: tuple[int, ...]) -> int:
    return max(min(shape[:2]) // 16, 8)


def _picture(height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colour times cover, and cover in [0, 1]: both (height, width, 3), drawn fourfold."""
    high, wide = 4 * height, 4 * round(1.5 * height)
    ground, letters = np.zeros((high, wide), np.uint8), np.zeros((high, wide), np.uint8)
    radius = high // 3
    cv2.rectangle(ground, (radius, 0), (wide - radius, high), 255, -1)
    cv2.rectangle(ground, (0, radius), (wide, high - radius), 255, -1)
    for x in (radius, wide - 1 - radius):
        for y in (radius, high - 1 - radius):
            cv2.circle(ground, (x, y), radius, 255, -1)
    font, scale, thick = cv2.FONT_HERSHEY_SIMPLEX, high / 38, max(high // 11, 1)
    (w, h), _ = cv2.getTextSize("AI", font, scale, thick)
    place = (wide - w) // 2, (high + h) // 2
    cv2.putText(letters, "AI", place, font, scale, 255, thick, cv2.LINE_AA)
    size = wide // 4, height
    dark = cv2.resize(ground, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    light = cv2.resize(letters, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover = np.maximum(0.55 * dark, 0.95 * light)
    ink = 245 * 0.95 * light
    return np.repeat(ink[:, :, None], 3, 2), np.repeat(cover[:, :, None], 3, 2)
