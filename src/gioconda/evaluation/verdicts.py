"""What a judge says of real video and of the same one spoiled, and how far that can be trusted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, Protocol

import numpy as np

from gioconda.evaluation.bootstrap import interval

LOWER, HIGHER = "lower", "higher"
_SURE: Final = 90  # percent of videos in which a judge is right that can be asked about one
_ENOUGH: Final = 10  # videos from which that is known


class OfPerson(Protocol):
    """Anything of one person."""

    @property
    def person(self) -> str:
        """Whose it is."""


@dataclass(frozen=True)
class Verdict:
    """What a judge says of spoiled video.

    Attributes:
        judge: what is measured.
        spoiled: how.
        videos: how many could be judged; 1 for a figure of all together.
        real: mean of the real ones.
        changed: mean of the spoiled ones.
        expected: `LOWER` or `HIGHER`.
        right: percent of the videos whose figure moves as expected.
        low, high: the 95 % interval of how far the mean over people moves, by bootstrap over
            people; NaN for a figure of all together.
        trust: what the judge can be asked about: each video, means over people, or nothing; all
            together for one figure of all, too few for fewer than ten videos.
    """

    judge: str
    spoiled: str
    videos: int
    real: float
    changed: float
    expected: str
    right: float
    low: float = nan
    high: float = nan
    trust: str = ""


def verdict(
    judge: str,
    spoiled: str,
    real: Sequence[float],
    changed: Sequence[float],
    expected: str,
    films: Sequence[OfPerson] = (),
) -> Verdict:
    """The verdict on videos, one figure each; without `films` on one figure of all together."""
    pairs = np.array([real, changed], np.float64)
    known = np.flatnonzero(~np.isnan(pairs).any(0))
    one, two = pairs[:, known]
    moved = two < one if expected == LOWER else two > one
    means = (float(one.mean()), float(two.mean())) if len(known) else (nan, nan)
    right = 100 * float(moved.mean()) if len(known) else nan
    differences: dict[str, list[float]] = defaultdict(list)
    for at, difference in zip(known.tolist(), two - one, strict=True):
        if films:
            differences[films[at].person].append(float(difference))
    mean = interval({person: float(np.mean(found)) for person, found in differences.items()})
    count = len(known)
    trust = _trust(count, right, mean.high < 0 if expected == LOWER else mean.low > 0)
    if not films:
        trust = "all together" if right > 0 else "nothing"
    return Verdict(judge, spoiled, count, *means, expected, right, mean.low, mean.high, trust)


def _trust(videos: int, right: float, moves: bool) -> str:
    """Of so many videos in how many percent it is right; whether the mean moves for certain."""
    if videos < _ENOUGH:
        return "too few"
    if right >= _SURE:
        return "each video"
    return "means over people" if moves else "nothing"
