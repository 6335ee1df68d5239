"""Spans: the columns of each row of a picture in which something may have moved.

Those of a picture are an array (H, 2): the first column of each row, and the one after the last.
Where the second is no greater there are none.
"""

from collections.abc import Iterator

import numba
import numpy as np
from numpy.typing import NDArray

from gioconda.rows import STRIP, Rows


def whole(height: int, width: int) -> NDArray[np.int32]:
    """All of a picture."""
    return np.tile(np.array([0, width], np.int32), (height, 1))


def none(height: int, width: int) -> NDArray[np.int32]:
    """Nothing of a picture."""
    return np.tile(np.array([width, 0], np.int32), (height, 1))


def of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """What holds all of a mask (H, W)."""
    height, width = mask.shape
    ends = np.column_stack([mask.argmax(1), width - mask[:, ::-1].argmax(1)])
    some = np.asarray(mask.any(1))[:, None]
    return np.where(some, ends, none(height, width)).astype(np.int32)


def either(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int32]:
    """What is in one or the other, and what is between them in each row."""
    return np.column_stack([np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])])


def rows_of(spans: NDArray[np.int32]) -> Rows:
    """The rows that have some, and those between."""
    rows = np.flatnonzero(spans[:, 1] > spans[:, 0])
    return Rows(int(rows[0]), int(rows[-1]) + 1) if len(rows) else Rows(0, 0)


def strips(spans: NDArray[np.int32]) -> Iterator[tuple[slice, slice]]:
    """Rectangles that hold them, a few rows each."""
    for top in range(0, len(spans), STRIP):
        part = spans[top : top + STRIP]
        first, end = int(part[:, 0].min()), int(part[:, 1].max())
        if first < end:
            yield slice(top, top + len(part)), slice(first, end)


@numba.njit(cache=True, nogil=True)
def cover(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    beside: int,
    width: int,
    spans: NDArray[np.int32],
) -> None:
    """Widen spans until they hold triangles and what is beside them.

    Args:
        vertices: (V, 2 or 3) x and y in pixels.
        triangles: (F, 3).
        beside: pixels to each side of a triangle.
        width: of the picture.
        spans: (H, 2), changed in place.
    """
    height = spans.shape[0]
    for f in range(triangles.shape[0]):
        first, end, top, bottom = width, 0, height, 0
        for k in range(3):
            corner = triangles[f, k]
            x, y = int(vertices[corner, 0]), int(vertices[corner, 1])
            first, end = min(first, x - beside), max(end, x + 2 + beside)
            top, bottom = min(top, y - beside), max(bottom, y + 2 + beside)
        first, end = max(first, 0), min(end, width)
        for y in range(max(top, 0), min(bottom, height)):
            if first < end:
                spans[y, 0] = min(spans[y, 0], first)
                spans[y, 1] = max(spans[y, 1], end)
