"""The invisible mark: put into the luma of every frame, the same offline and live."""

import math

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from gioconda.provenance.code import encode, pack
from gioconda.provenance.pattern import PUBLIC_KEY, make_pattern

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


class Mark:
    """Marks the frames of one output, one by one, in memory that it keeps.

    The same pattern is added to every frame, so any frame carries the whole payload and frames
    may be dropped, doubled or averaged; what a codec does to single frames averages out.

    Args:
        identity: the output's id, 0 to 2^32 - 1.
        key: what the pattern is drawn from; the public key by default.
    """

    def __init__(self, identity: int, key: bytes = PUBLIC_KEY) -> None:
        self.id = identity
        self._tile = make_pattern(key).tile(encode(pack(self.id)), TILE)
        self._pattern = np.empty((0, 0, 3), np.int8)
        self._out = np.empty((0, 0, 3), np.uint8)

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One marked frame; the given one stays as it is.

        Args:
            frame: (H, W, 3) RGB, or with alpha, which stays, (H, W, 4).

        Returns:
            As the frame; the mark's own memory, good until the next call.
        """
        if frame.shape[2] == 4:
            colours, alpha = self(np.ascontiguousarray(frame[..., :3])), frame[..., 3:]
            return np.dstack([np.where(alpha > 0, colours, 0), alpha])
        if self._out.shape != frame.shape:
            self._pattern = self._spread(*frame.shape[:2])
            self._out = np.empty_like(frame)
        strength = _strength(frame)
        _add(*(a.reshape(-1) for a in (frame, self._pattern, strength, self._out)))  # type: ignore[arg-type]
        return self._out

    def _spread(self, height: int, width: int) -> NDArray[np.int8]:
        """(height, width, 3) tiles from the upper left corner, in units of _FINE."""
        scale = TILE / tile_size(height, width)
        down, across = (int(np.ceil(n * scale / TILE)) + 1 for n in (height, width))
        plane = np.tile(self._tile, (down, across))
        matrix = np.array([[scale, 0, 0], [0, scale, 0]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        spread = cv2.warpAffine(plane, matrix, (width, height), flags=flags)
        fine = np.clip(np.rint(spread / _FINE), -127, 127).astype(np.int8)
        return np.repeat(fine[:, :, None], 3, axis=2)


def _strength(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How much each value may change: more in texture, less in the dark.

    Returns:
        (H, W, 3) grey levels in units of _FINE.
    """
    height, width = frame.shape[:2]
    half = max(width // 2, 1), max(height // 2, 1)
    small = max(width // _STEP, 1), max(height // _STEP, 1)
    grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), half, interpolation=cv2.INTER_AREA)
    change = cv2.absdiff(grey, cv2.blur(grey, (5, 5)))
    activity = cv2.resize(change, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    # The least of the neighbours: an edge does not mark what is flat beside it.
    texture = cv2.blur(cv2.erode(activity, np.ones((3, 3), np.uint8)), (3, 3))
    light = cv2.resize(grey, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = np.minimum(0.5 + light / 100, 1)
    flat, rest = _FLAT * seen, np.minimum(_TEXTURE * texture, _MOST) * seen
    # As much of the rest as makes the mean square of all of it the most; rounding adds 1/12.
    most = 255**2 / 10 ** (_PSNR / 10) - 1 / 12
    square, both = float(np.mean(rest * rest)) + 1e-9, float(np.mean(flat * rest))
    left = max(most - float(np.mean(flat * flat)), 0.0)
    share = (math.sqrt(both * both + square * left) - both) / square
    fine = np.rint((flat + min(share, 1.0) * rest) / _FINE).astype(np.uint8)
    grain = cv2.cvtColor(fine, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.resize(grain, (width, height)), np.uint8)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _add(
    frame: NDArray[np.uint8],
    pattern: NDArray[np.int8],
    strength: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> None:
    """out = frame + strength * pattern, flat arrays. R, G and B change alike: luma alone."""
    unit = np.float32(_FINE * _FINE)
    for i in range(frame.size):
        change = np.float32(strength[i]) * np.float32(pattern[i]) * unit
        value = np.float32(frame[i]) + change + np.float32(0.5)
        out[i] = np.uint8(np.int32(min(max(value, np.float32(0)), np.float32(255))))


def load_kernels() -> None:
    """Compile what marks frames for the arrays that it is given, or load it compiled."""
    values = np.zeros(1, np.uint8)
    _add(values, values.astype(np.int8), values, values)
