"""Clips that show the same recording twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.stretches import box

EVERY: Final = 5  # pictures from one fingerprint to the next
_BANDS: Final = 4  # of 16 bits; pictures that share one are compared
_CROWDED: Final = 2000  # pictures that share a band and tell nothing
NEAR: Final = 8  # bits by which two pictures may differ
_LIKE: Final = 0.97  # correlation of the movement of two copies
_LEAST: Final = 20  # frames of the shorter clip that must be in the longer, and
_SHARE: Final = 0.8  # this part of it
_AS_DETAILED: Final = 1.1  # ratio of sizes within which two copies are as detailed
_MOVING: Final = 3  # quantities of the four that must move
# Movement less than this is no evidence: yaw and pitch in radians, lids, mouth opening.
_NOISE: Final = np.array([0.004, 0.004, 0.012, 0.004])


@dataclass(frozen=True)
class Fingerprint:
    """What a clip is recognised by.

    Attributes:
        pictures: (N,) 64 bits of every fifth picture, see `picture_bits`.
        movement: (T, 4) yaw, pitch in radians, opening of the lids and of the mouth.
        detail: inter-ocular distance in pixels; of two copies the more detailed one is kept, of
            two about as detailed the longer one.
    """

    pictures: NDArray[np.uint64]
    movement: NDArray[np.float32]
    detail: float


def picture_bits(frame: NDArray[np.uint8], points: NDArray[np.float32]) -> np.uint64:
    """64 bits that stay nearly the same when a picture is scaled or coded again.

    Whether each of 8 x 8 parts of the face's box is brighter than the one to its right
    (the difference hash; N. Krawetz, 2013).

    Args:
        frame: (H, W, 3) RGB.
        points: (478, 3) the face's mesh in its pixels.
    """
    left, top, right, bottom = box(points)
    low = np.clip([int(top), int(left)], 0, np.array(frame.shape[:2]) - 9)
    part = frame[low[0] : max(int(bottom), low[0] + 9), low[1] : max(int(right), low[1] + 9)]
    small = cv2.resize(part, (9, 8), interpolation=cv2.INTER_AREA).astype(np.float32).sum(2)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def find_duplicates(clips: Mapping[str, Fingerprint], first: Sequence[str] = ()) -> dict[str, str]:
    """Clips that show what another shows, and which one that is.

    Candidates share a part of the bits of a picture; they are copies if the face moves alike
    through most of the shorter one.

    Args:
        clips: by name.
        first: names that are kept before all others, whatever their detail.

    Returns:
        dropped name → kept name.
    """
    protected = set(first)

    def rank(name: str) -> tuple[bool, int, int, float, str]:
        # of copies about as detailed the longer one is kept, for the other may be cut short
        clip = clips[name]
        step = round(np.log(max(clip.detail, 1e-6)) / np.log(_AS_DETAILED))
        return name not in protected, -step, -len(clip.movement), -clip.detail, name

    ranked = sorted(clips, key=rank)
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, name in enumerate(ranked):
        for band in _bands(clips[name].pictures):
            groups[band].append(i)
    movements = [clips[name].movement for name in ranked]
    length = np.array([len(m) for m in movements])
    bounds = np.array([np.quantile(m, (0, 0.2, 0.8, 1), axis=0) for m in movements])  # (N, 4, 4)
    dropped: dict[str, str] = {}
    for k, kept in enumerate(ranked):
        if kept in dropped:
            continue
        crowds = (groups[band] for band in _bands(clips[kept].pictures))
        near = {c for crowd in crowds if len(crowd) <= _CROWDED for c in crowd if c > k}
        others = np.array(sorted(near), int)
        for c in others[_could_be(length, bounds, k, others)]:
            copy = ranked[c]
            if copy in dropped or not _look_alike(clips[kept].pictures, clips[copy].pictures):
                continue
            same = np.array_equal(movements[k], movements[c])  # a copy of the file, moving or not
            if same or likeness(movements[k], movements[c]) > _LIKE:
                dropped[copy] = kept
    return dropped


def _bands(pictures: NDArray[np.uint64]) -> set[tuple[int, int]]:
    """The bands of all pictures: which one, and its bits."""
    return {
        (band, int(bits))
        for band in range(_BANDS)
        for bits in (pictures >> np.uint64(16 * band)) & np.uint64(0xFFFF)
    }


def _could_be(
    length: NDArray[np.int_], bounds: NDArray[np.floating], clip: int, others: NDArray[np.int_]
) -> NDArray[np.bool_]:
    """Of a clip and each other (P,), whether most of the shorter is in the range of the longer."""
    longer = np.where(length[others] > length[clip], others, clip)
    shorter = clip + others - longer
    low = bounds[shorter, 1] >= bounds[longer, 0] - 4 * _NOISE
    high = bounds[shorter, 2] <= bounds[longer, 3] + 4 * _NOISE
    return np.asarray((low & high).all(1))


def _look_alike(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> bool:
    """Whether most pictures of the shorter clip are nearly in the longer."""
    if len(a) > len(b):
        a, b = b, a
    apart = np.bitwise_count(a[:, None] ^ b[None])
    return bool((apart.min(1) <= NEAR).mean() >= _SHARE)


def likeness(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """How much alike two faces move, (T, 4) each, at the best shift: correlation, -1 to 1.

    0 where too little moves or too little overlaps to tell. The middle of the shorter is looked
    for in the longer.
    """
    if len(a) > len(b):
        a, b = b, a
    least = max(_LEAST, round(_SHARE * len(a)))
    if len(a) < least:
        return 0.0
    start = (len(a) - least) // 2
    x = (a[start : start + least] - a[start : start + least].mean(0)) / _NOISE  # (L, 4)
    y = np.lib.stride_tricks.sliding_window_view(b, least, axis=0) / _NOISE[:, None]  # (S, 4, L)
    y = y - y.mean(2, keepdims=True)
    size = np.sqrt((x**2).sum(0) * (y**2).sum(2))  # (S, 4)
    moves = size > 4 * least
    alike = np.einsum("ln,snl->sn", x, y) / np.maximum(size, 1e-9)
    worst = np.where(moves, alike, 1).min(1)
    return float(np.max(worst, where=moves.sum(1) >= _MOVING, initial=0.0))
