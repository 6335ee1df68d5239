"""A mouth wide open in the photo: the mesh is put onto its lips.

The mesh network saw few mouths that are wide open. It draws their lower lip too high, into the
tongue, which then shuts as a lip. Squeezed from top to bottom until it is no wider open than those
that the network knows, such a mouth is found.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_distances
from gioconda.face.mesh import thread_mesh

# Between the lips, in inter-ocular distances: up to here the network is right.
_KNOWN: Final = 0.25
_LEAST: Final = 0.6  # of its height: a face squeezed further is strange to the network, too


def onto_open_mouth(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mesh of a face, its lower lip and chin where they are if the mouth is wide open.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) in its pixels.

    Returns:
        (478, 3); `points` itself where the mouth is less open.
    """
    eyes = points[[topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER]]
    known = _KNOWN * float(np.linalg.norm(eyes[1] - eyes[0]))
    gap = float(lip_distances(points).mean())
    if gap <= known:
        return points
    seen, _ = thread_mesh().near(image, points, max(known / gap, _LEAST))
    return np.asarray(points + _below_mouth()[:, None] * (seen - points), np.float32)


def _below_mouth() -> NDArray[np.float64]:
    """How far each point goes with the jaw, (478,), 0 to 1."""
    height = released_basis().mean[:, 1].astype(np.float64)
    corners = height[[topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER]].mean()
    share: NDArray[np.float64]
    share = np.clip((height - corners) / (height[topology.LOWER_LIP_BOTTOM] - corners), 0, 1)
    share *= share * (3 - 2 * share)
    rings = topology.LIPS.reshape(4, -1)  # each from corner to corner below, and back above
    share[rings] = 0
    share[rings[:, 1:10]] = 1
    return share
