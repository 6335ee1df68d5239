"""Lids: those of one face shut when those of the mean face do.

Dynamics move lids by distances. Eyes larger than the mean face's, as drawings have them, would
be left half open, and the lids of narrower ones would cross. And trackers see a slit in eyes
that are shut: at the height of a blink in clips, 25 frames a second, lids have gone 0.73 of their
way by the tracker, in the median (`benchmarks/blinks.py`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import actions
from gioconda.face.basis import Basis
from gioconda.face.measure import lid_gap

_LEAST, _MOST = 0.5, 2.0  # of a gap against the mean face's
# Lids that have gone so far of their way, by a tracker, have gone so far.
_SEEN: Final = np.array([0.0, 0.65, 0.8])
_GONE: Final = np.array([0.0, 0.65, 1.0])


class Lids:
    """The lids of one face, both alike.

    Args:
        basis: what dynamics are coordinates of.
        neutral: (478, 3) the neutral face in the head frame.
    """

    def __init__(self, basis: Basis, neutral: NDArray[np.floating]) -> None:
        mean = float(lid_gap(basis.mean))
        self._size = float(np.clip(lid_gap(neutral) / mean, _LEAST, _MOST))
        self._gap = lid_gap(basis.dynamics) / mean  # (D,) what each coordinate adds
        blink = shutting(basis)
        self._blink = blink / -(blink @ self._gap)  # (D,) shuts the mean face's

    def __call__(self, dynamics: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dynamics (T, D) that shut these eyes as `dynamics` (T, D) shut those of the mean face.

        As far, against their own opening, up to 0.65 of the way; from 0.8 on wholly, and no more.
        """
        # no matrix product, whose last bits depend on how many frames there are
        shut = np.maximum(-(dynamics * self._gap).sum(-1), 0)
        more = self._size * np.interp(shut, _SEEN, _GONE) - shut
        return np.asarray(dynamics + more[:, None] * self._blink, np.float32)


def shutting(basis: Basis) -> NDArray[np.float32]:
    """Dynamics (D,) that bring the lids together, as the actions of a blink do."""
    weights = np.array([name.startswith("eyeBlink") for name in actions.ACTIONS], float)
    return actions.project(actions.face(weights), basis).astype(np.float32)
