"""Where one shot of a video ends and the next begins.

The pictures are compared as small thumbnails, block by block. A cut changes many blocks at
once, each by far more than the pictures before it did; a screen in the background, a caption
or a gesture changes few, a fast movement or a pan goes on for several pictures, and a flash
changes brightness but not what is seen. A dissolve is found by its middle, which is the mean
of its ends.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Thumbnails have this many pixels a side, and this many blocks.
_SIDE: Final = 48
_BLOCKS: Final = 8
# Large pictures are thinned to about this many pixels a side before they are made small.
_ENOUGH: Final = 192
# A block has changed if its difference, in contrasts of the picture, is above the first, and
# above this many times the largest of it in the last pictures. In the first pictures of a shot
# the third counts, and so does the cut itself: a pan is not cut again and again.
_LEAST: Final = 0.02
_TIMES: Final = 3.0
_LEAST_EARLY: Final = 0.08
_RECENT: Final = 10
_EARLY: Final = 4
# The same for the difference in which slow movement counts too.
_TIMES_ALL: Final = 1.5
# A cut is where more than this share of the blocks has changed.
_SHARE: Final = 0.4
# Pictures may become brighter or darker by this factor, all over, without having changed. The
# factor is told from what is not too dark; with its logarithm grows what a block may differ by,
# and pixels that are white before or after tell nothing if it is above the second.
_GAIN: Final = (0.4, 2.5)
_DARK: Final = 16
_WHITE: Final = 245
_UNCERTAIN: Final = 0.2
_STEADY: Final = 0.08
# Dissolves: pictures from either end to the middle; share of pixels that change, and by how
# much (in 8 bits); how far the middle may be from the mean of the ends, as a part of that.
_HALF: Final = 5
_MIXED_SHARE: Final = 0.4
_MIXED_STEP: Final = 12.0
_MIXED_OFF: Final = 0.2

_Picture = NDArray[np.float32]


@dataclass(frozen=True)
class _Thumb:
    """A small picture, and the least and the largest value around each pixel; (48, 48, 3).

    And which pixels are white in any colour, (48, 48).
    """

    picture: _Picture
    low: _Picture
    high: _Picture
    white: NDArray[np.bool_]


class Shots:
    """Finds cuts and dissolves in a stream of pictures, one by one.

    The answer depends on this picture and those before it. About a millisecond a picture.
    """

    def __init__(self) -> None:
        self._last: _Thumb | None = None
        self._recent: deque[_Picture] = deque(maxlen=_RECENT)
        self._since = 0  # pictures since the last cut, this one included
        self._small: deque[_Picture] = deque(maxlen=2 * _HALF + 1)

    def cut(self, frame: NDArray[np.uint8]) -> bool:
        """Whether a picture starts a new shot; the very first one does not.

        Of a dissolve, a picture in its second half starts the new shot; its first
        picture may count as a cut, too.

        Args:
            frame: (H, W, 3) RGB; all of one size.
        """
        thumb = _thumb(frame)
        last, self._last = self._last, thumb
        small = cv2.resize(thumb.picture, (16, 16), interpolation=cv2.INTER_AREA)
        self._small.append(np.asarray(small, np.float32))
        if last is None:
            return False
        change = _change(last, thumb)
        self._since += 1
        found = self._abrupt(change) or self._mixed()
        if found:
            newest = self._small.pop()
            self._small.clear()
            self._small.append(newest)
            self._recent.clear()
            self._since = 0
        elif self._since == _EARLY and len(self._recent) == _EARLY:
            self._recent.popleft()
        self._recent.append(change)
        return found

    def _abrupt(self, change: _Picture) -> bool:
        least = np.array([0, _LEAST if self._since >= _EARLY else _LEAST_EARLY])
        usual = np.max(self._recent, axis=0) if self._recent else np.zeros_like(change)
        usual = usual * np.array([_TIMES_ALL, _TIMES])
        return bool((change > np.maximum(least, usual)).all(2).mean() > _SHARE)

    def _mixed(self) -> bool:
        """Whether the last pictures lead from one picture to another as a dissolve does."""
        if len(self._small) <= 2 * _HALF:
            return False
        start, middle, end = self._small[0], self._small[_HALF], self._small[-1]
        across = np.abs(end - start)
        if (across.mean(2) > _MIXED_STEP).mean() <= _MIXED_SHARE:
            return False
        off = np.abs(middle - (start + end) / 2)
        return bool(off.mean() < _MIXED_OFF * across.mean())


def _thumb(frame: NDArray[np.uint8]) -> _Thumb:
    """Luma, and twice red and blue chroma."""
    step = max(1, min(frame.shape[:2]) // _ENOUGH)
    thin = np.ascontiguousarray(frame[::step, ::step])
    small = cv2.resize(thin, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    planes[..., 1:] = (planes[..., 1:] - 128) * 2
    kernel = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(planes, kernel), cv2.dilate(planes, kernel)
    white = np.asarray(small.max(2) >= _WHITE, bool)
    return _Thumb(planes, np.asarray(low, np.float32), np.asarray(high, np.float32), white)


def _change(before: _Thumb, after: _Thumb) -> _Picture:
    """How far blocks differ, and how far beyond what a move by a pixel explains, (8, 8, 2).

    In units of the luma's contrast; another brightness of the whole picture does not count.
    """
    a, b = before.picture, after.picture
    gain = _gain(a[..., 0], b[..., 0])
    other_light = abs(float(np.log(gain)))
    contrast = (gain * float(a[..., 0].std()) + float(b[..., 0].std())) / 2 + 8
    outside = np.maximum(
        np.maximum(gain * before.low - b, b - gain * before.high),
        np.maximum(after.low - gain * a, gain * a - after.high),
    )
    both = np.stack([np.abs(gain * a - b).mean(2), np.maximum(outside, 0).mean(2)], 2) / contrast
    if other_light > _STEADY:
        both = np.maximum(both - _UNCERTAIN * other_light, 0)
        both[before.white | after.white] = 0
    blocks = cv2.resize(both, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    return np.asarray(blocks, np.float32)


def _gain(before: _Picture, after: _Picture) -> float:
    """By which factor the most of a picture has become brighter."""
    lit = before > _DARK
    if lit.mean() < 0.1:
        return 1.0
    return float(np.clip(np.median(after[lit] / before[lit]), *_GAIN))
