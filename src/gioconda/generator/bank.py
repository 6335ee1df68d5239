"""How heads move, eyes look and blink: segments of real motion, joined without a seam.

`training/bank.py` makes the bank.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from gioconda.errors import GiocondaError
from gioconda.inference import weights_file

BLEND: Final = 24  # frames in which one segment gives way to the next: a second
_LEAST: Final = 24  # frames of a segment that are played alone
# The baseline's own calibrations: candidates for a joint, what one in a blink costs, and what
# differences count: 0.1 rad, 0.1 inter-ocular distances, 2 % in size.
_CANDIDATES: Final = 48
_EYES_SHUT: Final = 10.0
_POSE_COUNTS: Final = np.array([10, 10, 10, 10, 10, 50], np.float32)
MIRRORED_POSE: Final = np.array([-1, 1, -1, -1, 1, 1], np.float32)
"""What a mirror makes of `Motion.pose`."""


@dataclass(frozen=True)
class Segment:
    """T frames of one person's motion, against their own middle.

    Attributes:
        pose: (T, 6) as in `Motion`, the median of each about 0.
        upper: (T, gaze + upper) coordinates of irises, lids and brows without blinks.
        blink: (T,) how far a blink has shut the eyes, 0 to 1.
    """

    pose: NDArray[np.float32]
    upper: NDArray[np.float32]
    blink: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pose)

    def __getitem__(self, frames: slice) -> "Segment":
        return Segment(self.pose[frames], self.upper[frames], self.blink[frames])


@dataclass(frozen=True)
class Bank:
    """Segments of motion.

    Attributes:
        basis: the name of the basis of the coordinates.
        segments: each of at least `2 * BLEND + 24` frames.
        mirror: (gaze + upper, gaze + upper); `upper @ mirror` is the motion seen in a mirror.
        shut: (upper,) change of the upper coordinates that shuts the eyes of the mean face.
    """

    basis: str
    segments: tuple[Segment, ...]
    mirror: NDArray[np.float32]
    shut: NDArray[np.float32]


class IdleMotion:
    """An endless motion of head, eyes and lids; the seed decides it.

    Starts at rest. However many frames are taken at a time, they are the same frames.

    Args:
        bank: the segments.
        seed: 0 or more.
    """

    def __init__(self, bank: Bank, seed: int) -> None:
        self._bank = bank
        self._rng = np.random.default_rng(seed)
        pose, upper = (np.zeros((BLEND, n), np.float32) for n in (6, len(bank.mirror)))
        # the last BLEND may change
        self._ready = Segment(pose, upper, np.zeros(BLEND, np.float32))

    def take(self, count: int) -> Segment:
        """The next frames."""
        while len(self._ready) < count + BLEND:
            self._ready = _join(self._ready, self._next(self._ready[-BLEND:]))
        taken, self._ready = self._ready[:count], self._ready[count:]
        return taken

    def _next(self, before: Segment) -> Segment:
        """Of some segments at random the one that best goes on with these frames."""
        best, least = before, np.inf
        for _ in range(_CANDIDATES):
            segment = self._bank.segments[self._rng.integers(len(self._bank.segments))]
            start = self._rng.integers(0, len(segment) - 2 * BLEND - _LEAST + 1)
            found = segment[start:]
            if self._rng.random() < 0.5:
                found = Segment(
                    found.pose * MIRRORED_POSE, found.upper @ self._bank.mirror, found.blink
                )
            cost = _strain(before, found[:BLEND])
            if cost < least:
                best, least = found, cost
        return best


def _strain(a: Segment, b: Segment) -> float:
    """How far apart two motions are that are to be blended, in place and in speed."""
    pose = (a.pose - b.pose) * _POSE_COUNTS
    speed = np.diff(pose, axis=0) * BLEND / 4
    middle = BLEND // 2
    shut = a.blink[middle - 1 : middle + 1].sum() + b.blink[middle - 1 : middle + 1].sum()
    upper = a.upper - b.upper
    return float((pose**2).mean() + (speed**2).mean() + 0.1 * (upper**2).mean() + _EYES_SHUT * shut)


def _join(a: Segment, b: Segment) -> Segment:
    """Two segments, the end of the first blended into the start of the second.

    The weight and its speed are 0 at both ends, so place and speed go on; a blink is whole or
    is not there.
    """
    t = (np.arange(BLEND, dtype=np.float32)[:, None] + 1) / (BLEND + 1)
    w = t**3 * (10 - 15 * t + 6 * t**2)
    end, start = a[-BLEND:], b[:BLEND]
    blink = np.concatenate([end.blink[: BLEND // 2], start.blink[BLEND // 2 :]])
    return Segment(
        np.concatenate([a.pose[:-BLEND], end.pose * (1 - w) + start.pose * w, b.pose[BLEND:]]),
        np.concatenate([a.upper[:-BLEND], end.upper * (1 - w) + start.upper * w, b.upper[BLEND:]]),
        np.concatenate([a.blink[:-BLEND], blink, b.blink[BLEND:]]),
    )


@cache
def released_bank() -> Bank:
    """The bank in use: the one that comes with the package, or the user's own."""
    return load_bank(weights_file("bank.safetensors"))


def load_bank(path: Path) -> Bank:
    """Read a bank that `gioconda train bank` wrote.

    Raises:
        GiocondaError: if the file is missing or is no bank.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        ends = np.cumsum(tensors["lengths"])
        whole = Segment(*(tensors[name].astype(np.float32) for name in ("pose", "upper", "blink")))
        return Bank(
            basis=facts["basis"],
            segments=tuple(
                whole[end - length : end]
                for end, length in zip(ends, tensors["lengths"], strict=True)
            ),
            mirror=tensors["mirror"],
            shut=tensors["shut"],
        )
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise GiocondaError(f"{path} is not a bank of motion ({error})") from error
