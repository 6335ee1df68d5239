"""The invisible mark: put into the luma of every frame, the same offline and live."""

import math
from typing import Protocol

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from gioconda.provenance.code import encode, pack
from gioconda.provenance.pattern import PUBLIC_KEY, make_pattern
from gioconda.spans import STRIP, Spans, blocks, either, grown, none, of, pixels, strips, whole

_AT_ONCE = 2**18  # pixels that are looked at, or more in wide pictures
TILE = 128  # pixels of a tile in a video whose shorter side is 512

# Grey levels (root mean square) where the picture is flat, how much more per grey level of
# texture, and the most of that. Chosen by looking at flat backgrounds, drawings and paintings.
_FLAT, _TEXTURE, _MOST = 0.85, 0.5, 2.6
_PSNR = 42.2  # dB; where a frame would be marked more strongly, its texture is marked less
_STEP = 8  # pixels; how finely texture is looked at
_FINE = 1 / 32  # pattern and strength in 8 bits


def tile_size(height: int, width: int) -> float:
    """Pixels of a tile in a frame of this size.

    A quarter of the shorter side up to 512 pixels, so that the mark shrinks with the video,
    but not under 64; more slowly above, so that a face cut out of a large picture still shows
    whole tiles.
    """
    ratio = min(height, width) / 512
    return max(TILE * (ratio if ratio < 1 else ratio**0.5), 64.0)


class Marker(Protocol):
    """What a frame goes through before it is given out, with those before it in mind.

    Attributes:
        changed: (H, 2) spans in which the last frame that came out may differ from the one before.
    """

    changed: Spans

    def __call__(self, frame: NDArray[np.uint8], changed: Spans | None = None) -> NDArray[np.uint8]:
        """The frame that is given out, good until the next call.

        Args:
            frame: (H, W, 3) RGB, or with alpha, (H, W, 4); it stays as it is.
            changed: (H, 2) spans in which it may differ from the frame before; None for all.
        """
        ...


class Unmarked:
    """Gives frames out as they are: for measurements of what is to be marked later."""

    changed: Spans

    def __call__(self, frame: NDArray[np.uint8], changed: Spans | None = None) -> NDArray[np.uint8]:
        """The same frame."""
        self.changed = whole(*frame.shape[:2]) if changed is None else changed
        return frame


class Mark:
    """Marks the frames of one output, one by one, in memory that it keeps.

    The same pattern is added to every frame, so any frame carries the whole payload and frames
    may be dropped, doubled or averaged; what a codec does to single frames averages out.

    Args:
        identity: the output's id, 0 to 2^32 - 1.
        key: what the pattern is drawn from; the public key by default.

    Attributes:
        changed: (H, 2) spans in which the last marked frame may differ from the one before it.
    """

    changed: Spans

    def __init__(self, identity: int, key: bytes = PUBLIC_KEY) -> None:
        self.id = identity
        self._tile = make_pattern(key).tile(encode(pack(self.id)), TILE)
        self._out = np.empty((0, 0, 3), np.uint8)

    def __call__(self, frame: NDArray[np.uint8], changed: Spans | None = None) -> NDArray[np.uint8]:
        """One marked frame; the given one stays as it is.

        Args:
            frame: (H, W, 3) RGB, or with alpha, which stays, (H, W, 4).
            changed: (H, 2) spans in which it may differ from the frame before; None for all.

        Returns:
            As the frame; the mark's own memory, good until the next call.
        """
        if frame.shape[2] == 4:
            colours, alpha = self(np.ascontiguousarray(frame[..., :3])), frame[..., 3:]
            return np.dstack([np.where(alpha > 0, colours, 0), alpha])
        if self._out.shape != frame.shape:
            self._pattern, self._strength = self._spread(*frame.shape[:2]), _Strength(frame.shape)
            self._out, changed = np.empty_like(frame, order="C"), None
        changed = whole(*frame.shape[:2]) if changed is None else changed
        self.changed = self._strength.see(frame, changed)
        flat, out = (a.reshape(len(a), -1) for a in (frame, self._out))
        _add(flat, self._pattern, self._strength.levels, self.changed, out)
        return self._out

    def _spread(self, height: int, width: int) -> NDArray[np.int8]:
        """(height, width) tiles from the upper left corner, in units of _FINE."""
        scale = TILE / tile_size(height, width)
        down, across = (int(np.ceil(n * scale / TILE)) + 1 for n in (height, width))
        plane = np.tile(self._tile, (down, across))
        matrix = np.array([[scale, 0, 0], [0, scale, 0]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        spread = cv2.warpAffine(plane, matrix, (width, height), flags=flags)
        return np.asarray(np.clip(np.rint(spread / _FINE), -127, 127), np.int8)


class _Strength:
    """How much each value of frame after frame may change: more in texture, less in the dark.

    Attributes:
        levels: (H, W) grey levels in units of _FINE.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        height, width = shape[:2]
        self._grey = np.empty((max(height // 2, 1), max(width // 2, 1)), np.uint8)
        self._cells = np.zeros((max(height // _STEP, 1), max(width // _STEP, 1)), np.uint8)
        self._activity, self._light = np.zeros_like(self._cells), np.zeros_like(self._cells)
        self.levels = np.zeros((height, width), np.uint8)
        self._strip = max(STRIP, _AT_ONCE // width) // _STEP  # cells

    def see(self, frame: NDArray[np.uint8], changed: Spans) -> Spans:
        """Look at a frame (H, W, 3), which is the one before but for what has changed.

        Returns:
            What has changed, and where the levels have.
        """
        self._look(frame, changed)
        cells = self._allowed()
        moved = cells != self._cells
        if not moved.any():
            return changed
        self._cells = cells
        return either(changed, self._lay(of(moved)))

    def _lay(self, cells: Spans) -> Spans:
        """Spread cells over the levels; the spans there that may change."""
        levels, (count, across) = self.levels, self._cells.shape
        height, width = levels.shape
        near = grown(cells, across)  # neighbours share pixels
        for rows, columns in strips(near, self._strip):
            wide, inside = _with_beside(rows, columns, 1, self._cells.shape)
            part = self._cells[wide]
            spread = cv2.resize(part, (_STEP * part.shape[1], _STEP * len(part)))
            there = levels[_part(rows, columns, _STEP)]
            spread = spread[_part(*inside, _STEP)]
            there[:] = spread[: len(there), : there.shape[1]]  # less in a picture under a cell
            if columns.stop == across:  # and what is less than a cell
                row = levels[_part(rows, slice(across), _STEP)]
                levels[_part(rows, slice(across, None), _STEP)] = row[:, -1:]
        if near[-1, 0] < near[-1, 1]:
            near = np.concatenate([near, near[-1:]])
            levels[_STEP * count :] = levels[: _STEP * count][-1]
        else:
            near = np.concatenate([near, none(1, across)])
        near[near[:, 1] == across, 1] += 1
        return pixels(near, _STEP, height, width)

    def _look(self, frame: NDArray[np.uint8], changed: Spans) -> None:
        """Light and activity of the cells, from grey levels at half the size."""
        (height, width), (count, across) = frame.shape[:2], self._cells.shape
        step, strip, seen = _STEP // 2, self._strip, blocks(changed, _STEP)
        high, wide = len(seen), -(-width // _STEP)  # with what is less than a cell
        if height % 2 or width % 2:
            seen, strip = whole(high, wide), high
        for rows, columns in strips(seen, strip):
            grey = cv2.cvtColor(frame[_part(rows, columns, _STEP)], cv2.COLOR_RGB2GRAY)
            smaller = self._grey[_part(rows, columns, step)]
            cv2.resize(grey, smaller.shape[::-1], dst=smaller, interpolation=cv2.INTER_AREA)
        near = np.minimum(grown(seen, wide)[:count], np.int32(across))
        for rows, columns in strips(near, self._strip):
            self._see_cells(rows, columns)

    def _see_cells(self, rows: slice, columns: slice) -> None:
        """Light and activity of cells."""
        fine = _part(rows, columns, _STEP // 2)
        # blurring looks at 5 x 5 pixels
        wide, inside = _with_beside(*fine, 2, self._grey.shape)
        blurred = cv2.blur(self._grey[wide], (5, 5))[inside]
        grey = self._grey[fine]
        change = cv2.absdiff(grey, blurred)
        size = columns.stop - columns.start, rows.stop - rows.start
        for what, cells in ((change, self._activity), (grey, self._light)):
            cv2.resize(what, size, dst=cells[rows, columns], interpolation=cv2.INTER_AREA)

    def _allowed(self) -> NDArray[np.uint8]:
        """How much may change, (h, w) cells, in units of _FINE."""
        activity, light = self._activity.astype(np.float32), self._light.astype(np.float32)
        # The least of the neighbours: an edge does not mark what is flat beside it.
        texture = cv2.blur(cv2.erode(activity, np.ones((3, 3), np.uint8)), (3, 3))
        seen = np.minimum(0.5 + light / 100, 1)
        flat, rest = _FLAT * seen, np.minimum(_TEXTURE * texture, _MOST) * seen
        # As much of the rest as makes the mean square of all of it the most; rounding adds 1/12.
        most = 255**2 / 10 ** (_PSNR / 10) - 1 / 12
        square, both = float(np.mean(rest * rest)) + 1e-9, float(np.mean(flat * rest))
        left = max(most - float(np.mean(flat * flat)), 0.0)
        share = (math.sqrt(both * both + square * left) - both) / square
        return np.asarray(np.rint((flat + min(share, 1.0) * rest) / _FINE), np.uint8)


def _part(rows: slice, columns: slice, side: int) -> tuple[slice, slice]:
    """Where cells are in a picture of which each takes so many pixels down and across."""
    down, across = (
        slice(*(None if n is None else n * side for n in (each.start, each.stop)))
        for each in (rows, columns)
    )
    return down, across


def _with_beside(
    rows: slice, columns: slice, by: int, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """A part of a picture (H, W) with what lies so far beside it, and where it is in that."""
    wide, inside = [], []
    for each, size in zip((rows, columns), shape, strict=False):
        start = max(each.start - by, 0)
        wide.append(slice(start, min(each.stop + by, size)))
        inside.append(slice(each.start - start, each.stop - start))
    return (wide[0], wide[1]), (inside[0], inside[1])


@numba.njit(cache=True, nogil=True)
def _add(
    frame: NDArray[np.uint8],
    pattern: NDArray[np.int8],
    strength: NDArray[np.uint8],
    spans: Spans,
    out: NDArray[np.uint8],
) -> None:
    """out = frame + strength * pattern in some spans. R, G and B change alike: luma alone.

    Args:
        frame: (H, 3 W).
        pattern, strength: (H, W) in units of _FINE.
        spans: (H, 2).
        out: (H, 3 W).
    """
    width = pattern.shape[1]
    change, changes = np.empty(width, np.int16), np.empty(3 * width, np.int16)
    shift = np.int16(10)  # _FINE squared
    for y in range(spans.shape[0]):
        first, count = spans[y, 0], spans[y, 1] - spans[y, 0]
        # three loops, each of which the compiler can make wide, since x is no less than 0
        for i in range(count):
            x = np.uint32(first + i)
            product = np.int16(strength[y, x]) * np.int16(pattern[y, x])
            change[i] = (product + np.int16(512)) >> shift
        for i in range(count):
            for k in range(3):
                changes[3 * i + k] = change[i]
        for i in range(3 * count):
            x = np.uint32(3 * first + i)
            value = np.int16(frame[y, x]) + changes[i]
            out[y, x] = np.uint8(min(max(value, np.int16(0)), np.int16(255)))


def load_kernels() -> None:
    """Compile what marks frames for the arrays that it is given, or load it compiled."""
    values, pixel = np.zeros((1, 1), np.uint8), np.zeros((1, 3), np.uint8)
    _add(pixel, values.view(np.int8), values, whole(1, 1), pixel.copy())
