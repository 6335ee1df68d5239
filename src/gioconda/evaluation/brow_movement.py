"""How far brows move within 3 s, and how often they are raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.articulation import in_blinks
from gioconda.evaluation.naturalness import PersonMotion
from gioconda.evaluation.results import EYES, measure
from gioconda.evaluation.windows import windows
from gioconda.face import measure as face
from gioconda.face.basis import Basis
from gioconda.media import FPS

_RAISED: Final = 2.0  # % of the inter-ocular distance over a stretch's median; two pixels at 512
_HELD: Final = 4  # frames; a shorter rise is no raise

_Series = NDArray[np.float64]


@dataclass(frozen=True)
class BrowMovement:
    """Over all stretches; blinks, which pull brows along, are bridged."""

    spread: float = measure("brow height, spread in 3 s", EYES)
    raises: float = measure("brow raises", "a minute", ".1f")


def brow_movement(motions: Sequence[PersonMotion], basis: Basis) -> BrowMovement:
    """The movement in stretches of speech of 3 s and more, of which there is at least one."""
    heights = [_height(one, basis) for one in motions]
    spreads = [one[window].std() for one in heights for window in windows(len(one))]
    minutes = sum(map(len, heights)) / FPS / 60
    return BrowMovement(float(np.mean(spreads)), sum(map(_raises, heights)) / minutes)


def _height(one: PersonMotion, basis: Basis) -> _Series:
    """How high the brows stand in each frame, % of the inter-ocular distance, (T,)."""
    faces = basis.rebuild(one.motion.dynamics, one.neutral)
    height = 100 * face.brow_height(faces)
    apart = np.flatnonzero(~in_blinks(face.lid_opening(faces)))
    if not len(apart):
        return height
    return np.interp(np.arange(len(height)), apart, height[apart])


def _raises(height: _Series) -> int:
    """How often the brows stay up for `_HELD` frames and more."""
    up = np.concatenate([[False], height > np.median(height) + _RAISED, [False]])
    starts, ends = np.flatnonzero(np.diff(up.astype(int))).reshape(-1, 2).T
    return int((ends - starts >= _HELD).sum())
