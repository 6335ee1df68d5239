"""How sure a mean over people is: people are drawn anew, with replacement.

Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DRAWS: Final = 2000

People = Mapping[str, float]
"""What was measured of each person."""


@dataclass(frozen=True)
class Interval:
    """A mean over people with its 95 % interval, by bootstrap over people."""

    mean: float
    low: float
    high: float


def interval(values: People) -> Interval:
    """The mean over people, and how sure it is; NaN where there is nobody."""
    if not values:
        return Interval(nan, nan, nan)
    rows = np.array(list(values.values()))
    return Interval(float(rows.mean()), *ends(drawn_means(rows)))


def drawn_means(values: NDArray[np.floating], seed: int = 0) -> NDArray[np.float64]:
    """Means (2000,) of as many of the (N,) values, drawn with replacement."""
    rng = np.random.default_rng(seed)
    return np.asarray(values[rng.integers(0, len(values), (_DRAWS, len(values)))].mean(1))


def ends(drawn: NDArray[np.floating]) -> tuple[float, float]:
    """Of the 95 % interval of what was drawn."""
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return low, high
