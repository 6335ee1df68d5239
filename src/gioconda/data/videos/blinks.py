"""Blinks in the track of a face."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SHUT: Final = 0.25  # of the open level: what the mesh shows of shut eyes
_SHALLOWEST: Final = 0.4  # depth from which on a dip is a half blink
_CLOSING: Final = 6  # frames within which the lids come down: 240 ms
_OPENING: Final = 10  # and go up again: 400 ms
_LONGEST: Final = 8  # frames under half of the dip: 320 ms; longer, and the eyes are kept shut
_BACK: Final = 0.25  # of the dip: where it begins and ends
_OPEN: Final = 0.8  # quantile of the opening that counts as open


@dataclass(frozen=True)
class Blink:
    """One blink of both eyes.

    Attributes:
        onset: the last frame before the lids come down.
        lowest: the frame in which they are lowest.
        end: the first frame in which they are up again.
        depth: how far they come down: 1 for shut eyes, about 0.5 for a half blink.
    """

    onset: int
    lowest: int
    end: int
    depth: float


def blinks(lid_opening: NDArray[np.floating], seen: NDArray[np.bool_]) -> list[Blink]:
    """The blinks of one person, in order.

    A blink is a dip of both lids that goes down and up again fast, measured against the
    person's own open eyes. Lids that stay down, as they do when one looks down, or that come
    down without going up, are no blink.

    Args:
        lid_opening: (T, 2) height over width of the eyes, see `measure.lid_opening`.
        seen: (T,) where the face was found; a dip that touches another frame is left out.
    """
    if not seen.any():
        return []
    both = np.asarray(lid_opening, np.float64).mean(1)
    level = float(np.quantile(both[seen], _OPEN))
    span = (1 - _SHUT) * level
    found: list[Blink] = []
    for i in range(1, len(both) - 1):
        before = both[max(0, i - _CLOSING) : i + 1]
        after = both[i : i + _OPENING + 1]
        if both[i] > before.min() or both[i] > after.min() or both[i] == both[i - 1]:
            continue
        top = min(float(before.max()), float(after.max()))
        drop = top - float(both[i])
        depth = drop / span
        if depth < _SHALLOWEST or lid_opening[i].max() > level - _SHALLOWEST / 2 * span:
            continue
        half = top - drop / 2
        if np.argmax(before[::-1] > half) + np.argmax(after > half) - 1 > _LONGEST:
            continue
        edge = top - _BACK * drop
        onset = i - int(np.argmax(before[::-1] >= edge))
        end = i + int(np.argmax(after >= edge))
        if not seen[onset : end + 1].all() or (found and onset < found[-1].lowest):
            continue
        found.append(Blink(onset, i, end, min(depth, 1.0)))
    return found
