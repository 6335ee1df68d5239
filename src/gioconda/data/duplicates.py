"""Clips that show the same recording twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.stretches import box

EVERY: Final = 5  # pictures from one fingerprint to the next
_BANDS: Final = 4  # of 16 bits; pictures that share one are compared
_CROWDED: Final = 2000  # pictures that share a band and tell nothing
_LIKE: Final = 0.97  # correlation of the movement of two copies
_LEAST: Final = 20  # frames that must overlap, and
_SHARE: Final = 0.8  # of the shorter clip
# Movement less than this is no evidence: yaw and pitch in radians, lids, mouth opening.
_NOISE: Final = np.array([0.004, 0.004, 0.012, 0.004])


@dataclass(frozen=True)
class Fingerprint:
    """What a clip is recognised by.

    Attributes:
        pictures: (N,) 64 bits of every fifth picture, see `picture_bits`.
        movement: (T, 4) yaw, pitch in radians, opening of the lids and of the mouth.
        detail: inter-ocular distance in pixels; of two copies the more detailed one is kept.
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
    ranked = sorted(clips, key=lambda name: (name not in protected, -clips[name].detail, name))
    rank = {name: i for i, name in enumerate(ranked)}
    groups: dict[tuple[int, int], set[str]] = defaultdict(set)
    for name, clip in clips.items():
        for band in range(_BANDS):
            for bits in (clip.pictures >> np.uint64(16 * band)) & np.uint64(0xFFFF):
                groups[band, int(bits)].add(name)
    pairs = {
        (a, b) if rank[a] < rank[b] else (b, a)
        for group in groups.values()
        if len(group) <= _CROWDED
        for a, b in combinations(sorted(group), 2)
    }
    dropped: dict[str, str] = {}
    for kept, copy in sorted(pairs, key=lambda pair: (rank[pair[0]], rank[pair[1]])):
        if kept in dropped or copy in dropped:
            continue
        if likeness(clips[kept].movement, clips[copy].movement) > _LIKE:
            dropped[copy] = kept
    return dropped


def likeness(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """How much alike two faces move, (T, 4) each, at the best shift: correlation, -1 to 1.

    0 where too little moves or too little overlaps to tell.
    """
    if len(a) > len(b):
        a, b = b, a
    least = max(_LEAST, round(_SHARE * len(a)))
    if len(a) < least:
        return 0.0
    best = 0.0
    for shift in range(least - len(a), len(b) - least + 1):
        x = a[max(0, -shift) : len(b) - shift]
        y = b[max(0, shift) : max(0, shift) + len(x)]
        x, y = (x - x.mean(0)) / _NOISE, (y - y.mean(0)) / _NOISE
        size = np.sqrt((x**2).sum(0) * (y**2).sum(0))
        moves = size > 4 * len(x)
        if moves.sum() >= 2:
            best = max(best, float(((x * y).sum(0) / np.maximum(size, 1e-9))[moves].min()))
    return best
