"""Lids: those of one face shut when those of the mean face do.

Dynamics move lids by distances. Eyes larger than the mean face's, as drawings have them, would
be left half open, and the lids of narrower ones would cross. And trackers see a slit in eyes
that are shut: at the height of a blink in clips, 25 frames a second, lids have gone 0.73 of their
way by the tracker, in the median (`benchmarks/blinks.py`).

And dynamics of 0 are the neutral face, whose lids are only likely: what is not of the mean face is
shared between identity and expression, so that people whose eyes are wide, or narrow, have a
neutral face whose eyes are less so (people of the held-out clips: 0.84 to 1.17 of its gap, in the
median of a clip). The lids of a face rest where its own do.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import actions
from gioconda.face.basis import Basis
from gioconda.face.measure import lid_gap

_LEAST, _MOST = 0.5, 4.0  # of a gap against the mean face's
_LOWEST, _HIGHEST = 0.8, 1.25  # where lids may rest: beyond, a photo shows a blink, or surprise
# Lids that have gone so far of their way, by a tracker, have gone so far.
_SEEN: Final = np.array([0.0, 0.65, 0.8])
_GONE: Final = np.array([0.0, 0.65, 1.0])


class Lids:
    """The lids of one face, both alike.

    Args:
        basis: what dynamics are coordinates of.
        neutral: (478, 3) the neutral face in the head frame.
        rest: the gap that its lids rest at, against the neutral face's.
    """

    def __init__(self, basis: Basis, neutral: NDArray[np.floating], rest: float = 1.0) -> None:
        mean = float(lid_gap(basis.mean))
        self._rest = float(np.clip(rest, _LOWEST, _HIGHEST))
        self._size = float(np.clip(lid_gap(neutral) / mean, _LEAST, _MOST))
        self._gap = lid_gap(basis.dynamics) / mean  # (D,) what each coordinate adds
        blink = shutting(basis)
        self._blink = blink / -(blink @ self._gap)  # (D,) shuts the mean face's

    def __call__(self, dynamics: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dynamics (T, D) that shut these eyes as `dynamics` (T, D) shut those of the mean face.

        From where they rest, as far against that opening, up to 0.65 of the way; from 0.8 on
        wholly, and no more.
        """
        # no matrix product, whose last bits depend on how many frames there are
        shut = np.maximum(-(dynamics * self._gap).sum(-1), 0)
        gone = 1 - self._rest * (1 - np.interp(shut, _SEEN, _GONE))  # of the neutral face's gap
        more = self._size * gone - shut
        return np.asarray(dynamics + more[:, None] * self._blink, np.float32)

    def beside(self, dynamics: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dynamics (D,) without what they do to the lids."""
        return np.asarray(dynamics + (dynamics * self._gap).sum() * self._blink, np.float32)


def shutting(basis: Basis) -> NDArray[np.float32]:
    """Dynamics (D,) that bring the lids together, as the actions of a blink do."""
    weights = np.array([name.startswith("eyeBlink") for name in actions.ACTIONS], float)
    return actions.project(actions.face(weights), basis).astype(np.float32)
