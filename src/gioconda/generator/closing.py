"""Lips that meet on p, b and m, and come near on f and v: on top of what the network learned.

The network gives the mean of the ways to say it, in which the lips come near but seldom meet.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face.basis import Basis
from gioconda.face.measure import lip_gaps

# The lips set out to meet where p, b or m is as sure as the first, and meet at the second.
_MEET: Final = (0.12, 0.2)
# Likewise for f and v, which leave a gap where the upper teeth are.
_TOUCH: Final = (0.06, 0.12)
_TEETH: Final = 0.006  # that gap, eye distances: the median of real ones
_RELEASE: Final = 0.2  # how much of a closing is left a frame later
_CONTACT: Final = -0.003  # gap on the mean face, eye distances; other lips start more open
_LEAST: Final = 0.2  # of the largest: directions that move the lips less are left alone


class Closing:
    """Brings the lips together, frame by frame; needs no frame that is to come."""

    def __init__(self, basis: Basis) -> None:
        moves = lip_gaps(basis.dynamics[basis.lower])
        self._moves, self._rest = moves, lip_gaps(basis.mean)
        self._back = np.linalg.pinv(moves, rcond=_LEAST)
        self._closed = self._touching = 0.0

    def next(self, closing: float, touching: float, lower: NDArray[np.float32]) -> None:
        """Move the mouth of one frame by the least that brings the inner rims together.

        Args:
            closing: how surely p, b or m is said, 0 to 1.
            touching: how surely f or v is said.
            lower: (C,) coordinates of the lower face, changed in place.
        """
        self._closed = max(_sure(closing, *_MEET), _RELEASE * self._closed)
        self._touching = max(_sure(touching, *_TOUCH), _RELEASE * self._touching)
        gap = self._rest + lower @ self._moves
        near = self._touching * np.maximum(gap - _TEETH, 0)
        met = self._closed * np.maximum(gap - _CONTACT, 0)
        lower -= np.maximum(near, met) @ self._back


def _sure(chance: float, start: float, full: float) -> float:
    return min(1.0, max(0.0, (chance - start) / (full - start)))
