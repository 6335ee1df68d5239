"""Where one shot of a video ends and the next begins."""

from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Pictures are compared as thumbnails of this many pixels a side.
_SIDE: Final = 48
_ABRUPT: Final = 0.16
_SURGE: Final = 3.0
_RECENT: Final = 8
_STILL: Final = 0.002


class Shots:
    """Finds cuts in a stream of pictures, one by one.

    Two pictures are compared as small thumbnails of luma and chroma, brought to one mean and
    contrast each; what a shift of a thumbnail's pixel explains does not count. A cut is a
    difference that is large in itself and against those of the pictures before.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def cut(self, frame: NDArray[np.uint8]) -> bool:
        """Whether a picture starts a new shot; the very first one does not.

        Args:
            frame: (H, W, 3) RGB; all of one size.
        """
        thumb = _thumbnail(frame)
        last, self._last = self._last, thumb
        if last is None:
            return False
        change = _change(last, thumb)
        usual = float(np.median(self._recent)) if self._recent else 0.0
        if change > max(_ABRUPT, _SURGE * usual):
            self._recent.clear()
            return True
        if change > _STILL:  # a repeated picture says nothing about the shot's movement
            self._recent.append(change)
        return False


def _thumbnail(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(frame, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).astype(np.float32)


def _change(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    a, b = _normalised(before), _normalised(after)
    outside = np.maximum(_beyond(a, b), _beyond(b, a))
    return float(outside.mean())


def _normalised(thumb: NDArray[np.float32]) -> NDArray[np.float32]:
    luma = thumb[..., :1]
    luma = (luma - luma.mean()) / (luma.std() + 8)
    chroma = (thumb[..., 1:] - 128) / 16
    return np.concatenate([luma, chroma], 2)


def _beyond(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel of b lies outside of what a has around it."""
    kernel = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(a, kernel), cv2.dilate(a, kernel)
    return np.maximum(np.maximum(low - b, b - high), 0)
