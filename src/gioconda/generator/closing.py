"""Lips that meet on p, b and m: an explicit closing on top of what the network learned.

The network gives the mean of the ways to say it, in which the lips come near but seldom meet.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import Basis

# The lips set out to meet where p, b or m is as sure as the first, and meet at the second.
_FROM, _TO = 0.12, 0.2
_RELEASE: Final = 0.2  # how much of a closing is left a frame later
_CONTACT: Final = -0.003  # gap on the mean face, eye distances; other lips start more open
_LEAST: Final = 0.2  # of the largest: directions that move the lips less are left alone


class Closing:
    """Brings the lips together, frame by frame; needs no frame that is to come."""

    def __init__(self, basis: Basis) -> None:
        moves = _gap(basis.dynamics[basis.lower])
        self._moves, self._rest = moves, _gap(basis.mean)
        self._back = np.linalg.pinv(moves, rcond=_LEAST)
        self._closed = 0.0

    def next(self, closing: float, lower: NDArray[np.float32]) -> None:
        """Move the mouth of one frame by the least that makes the inner rims meet.

        Args:
            closing: how surely p, b or m is said, 0 to 1.
            lower: (C,) coordinates of the lower face, changed in place.
        """
        sure = min(1.0, max(0.0, (closing - _FROM) / (_TO - _FROM)))
        self._closed = max(sure, _RELEASE * self._closed)
        gap = np.maximum(self._rest + lower @ self._moves - _CONTACT, 0)
        lower -= self._closed * (gap @ self._back)


def _gap(faces: NDArray[np.floating]) -> NDArray[np.floating]:
    """Between the inner rims, without the corners, (..., 9)."""
    upper, lower = topology.LIP_INNER_UPPER[1:-1], topology.LIP_INNER_LOWER[1:-1]
    gap: NDArray[np.floating] = faces[..., lower, 1] - faces[..., upper, 1]
    return gap
