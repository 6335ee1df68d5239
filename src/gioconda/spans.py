"""Spans: the columns of each row of a picture that are not as they were; all others are left alone.

Those of a picture are an array (H, 2): the first column of each row, and the one after the last.
Where the second is no greater there are none.
"""

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Spans: TypeAlias = NDArray[np.int32]
_Kept = TypeVar("_Kept")

STRIP: Final = 64  # rows, even: what is made of so many at a time stays in the cache


def whole(height: int, width: int) -> Spans:
    """All of a picture."""
    return np.tile(np.array([0, width], np.int32), (height, 1))


def none(height: int, width: int) -> Spans:
    """Nothing of a picture."""
    return np.tile(np.array([width, 0], np.int32), (height, 1))


def of(mask: NDArray[np.bool_]) -> Spans:
    """What holds all of a mask (H, W)."""
    height, width = mask.shape
    ends = np.column_stack([mask.argmax(1), width - mask[:, ::-1].argmax(1)])
    some = np.asarray(mask.any(1))[:, None]
    return np.where(some, ends, none(height, width)).astype(np.int32)


def either(a: Spans, b: Spans) -> Spans:
    """What is in one or the other, and what is between them in each row."""
    return np.column_stack([np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])])


def blocks(spans: Spans, side: int) -> Spans:
    """Which of the squares that a picture is cut into hold some: theirs, (-(-H // side), 2)."""
    starts = np.arange(0, len(spans), side)
    first, end = np.minimum.reduceat(spans[:, 0], starts), np.maximum.reduceat(spans[:, 1], starts)
    return np.column_stack([first // side, -(-end // side)])


def pixels(spans: Spans, side: int, height: int, width: int) -> Spans:
    """Spans of squares, as those of the picture (height, width) that is cut into them."""
    found = np.repeat(spans, side, 0)[:height] * np.int32(side)
    return np.asarray(np.minimum(found, width), np.int32)


def grown(spans: Spans, width: int) -> Spans:
    """With what is beside them on all sides, as far as a picture reaches."""
    found = spans.copy()
    found[1:] = either(found[1:], spans[:-1])
    found[:-1] = either(found[:-1], spans[1:])
    some = found[:, 1] > found[:, 0]
    found[some] = np.clip(found[some] + np.array([-1, 1], np.int32), 0, width)
    return found


def strips(spans: Spans, height: int = STRIP) -> Iterator[tuple[slice, slice]]:
    """Rectangles that hold them, of so many rows each."""
    for top in range(0, len(spans), height):
        part = spans[top : top + height]
        first, end = int(part[:, 0].min()), int(part[:, 1].max())
        if first < end:
            yield slice(top, top + len(part)), slice(first, end)


class Turns(Generic[_Kept]):
    """Memory for several pictures that is filled in turn, each time as far as it is not up to date.

    Args:
        make: makes the memory of one picture.
        count: of pictures.
        height, width: of a picture.
    """

    def __init__(self, make: Callable[[], _Kept], count: int, height: int, width: int) -> None:
        self._make, self._count, self._all = make, count, whole(height, width)
        self._kept: list[_Kept] = []
        self._stale: list[Spans] = []
        self._turn = -1

    def next(self, changed: Spans | None) -> tuple[_Kept, Spans]:
        """The memory whose turn it is, and what is to be filled in there.

        Args:
            changed: what is other in the picture that goes in than in the one before; None for all.
        """
        changed = self._all if changed is None else changed
        self._stale = [either(spans, changed) for spans in self._stale]
        if len(self._kept) < self._count:
            self._kept.append(self._make())
            self._stale.append(self._all)
        self._turn = (self._turn + 1) % self._count
        stale, self._stale[self._turn] = self._stale[self._turn], changed
        return self._kept[self._turn], stale
