"""Lips that part: what a photo of shut ones and a tracker's rims do not tell.

A tracker's rims lie where lips would end if they were flat. Real ones roll inward: between such
rims clips show lip, most of it on the lower side, where a drawn row of teeth would shine. And the
dark line along which lips meet in a photo does not stay on their rims when they part: these are
wet, and as light as the lips are.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology

UPPER, LOWER = topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER
LIPS: Final = ((UPPER, topology.LIP_OUTER_UPPER), (LOWER, topology.LIP_OUTER_LOWER))
_CORNERS: Final = UPPER[[0, -1]]
_MEET: Final = 0.008  # inter-ocular distances: nearer ones meet


class Roll(NamedTuple):
    """How lips are drawn that part; lengths in inter-ocular distances.

    Fitted by `benchmarks/mouth_light.py` to what mouths of people show in the mean.

    Attributes:
        upper, lower: how far they reach in at most.
        seam: how far into a lip, in parts of its height, the colour of its rim lies at most: the
            line along which lips meet is dark.
        share: the part of a small gap that each of these takes.
    """

    upper: float = 0.02
    lower: float = 0.025
    seam: float = 0.25
    share: float = 0.35


def gaps(mesh: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the inner rims of lips are apart, in pixels; 0 where they press and cross each other.

    Args:
        mesh: (478 or more, 2 or 3) in pixels.

    Returns:
        From corner to corner: the gaps, (11, 1), and the way from the upper rim to the lower, (11,
        2), of length 1.
    """
    across = mesh[LOWER, :2] - mesh[UPPER, :2]
    gap = np.asarray(np.linalg.norm(across, axis=1, keepdims=True), np.float64)
    right, down = mesh[_CORNERS[1], :2] - mesh[_CORNERS[0], :2]
    way = np.asarray(across / np.maximum(gap, 1e-6), np.float64)
    gap[across @ [-down, right] < 0] = 0
    return gap, way


def reach(
    gap: NDArray[np.float64], most: float | NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """How far something goes for a gap: a share of a small one, `most` for a large one."""
    found: NDArray[np.float64] = most * -np.expm1(-share * gap / most)
    return found


def roll_in(
    mesh: NDArray[np.floating], unit: float, roll: Roll, own: NDArray[np.float64] | float = 0.0
) -> NDArray[np.float64]:
    """Move the inner rims of lips to where they are seen, in place; not where they meet.

    What is between the lips of a photo would show as a line of single pixels between those that
    all but meet, or press and cross each other; there they meet.

    Args:
        mesh: (478 or more, 2 or 3) in pixels.
        unit: the inter-ocular distance in pixels.
        roll: how far.
        own: how far they are apart in the photo, (11, 1), in inter-ocular distances.

    Returns:
        How far they were apart, (11, 1), in inter-ocular distances.
    """
    gap, way = gaps(mesh)
    half = (mesh[LOWER, :2] - mesh[UPPER, :2]) / 2
    meet = np.clip(2 - gap / (_MEET * unit), 0, 1) * np.clip(own / _MEET - 1, 0, 1)
    for rim, most, down in ((UPPER, roll.upper, 1), (LOWER, roll.lower, -1)):
        far = reach(gap, most * unit, roll.share) * way
        mesh[rim, :2] += down * (far + meet * (half - far))
    return gap / unit
