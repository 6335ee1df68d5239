"""Emotions as offsets in the dynamics.

The training clips hold hardly any strong emotion, so none could be learned. What the dial adds
is made by hand: the actions of the face that go with an emotion (Ekman and Friesen, EMFACS),
told in the basis. It leaves the lips' gap alone, so that they still meet while they speak.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.face import topology
from gioconda.face.actions import ACTIONS, face, project
from gioconda.face.basis import Basis, released_basis

# Actions at full strength; those of two sides are named without the side.
_MADE_OF: Final[dict[str, dict[str, float]]] = {
    "happy": {"mouthSmile": 1.0, "cheekSquint": 0.8, "eyeSquint": 0.4, "mouthDimple": 0.3},
    "sad": {"browInnerUp": 1.0, "mouthFrown": 1.0, "eyeSquint": 0.2, "mouthShrugLower": 0.5},
    "angry": {
        "browDown": 1.2,
        "eyeWide": 0.2,
        "eyeSquint": 0.5,
        "noseSneer": 0.4,
        "mouthPress": 0.6,
    },
    "surprised": {"browInnerUp": 0.8, "browOuterUp": 1.2, "eyeWide": 0.8},
    "afraid": {"browInnerUp": 1.2, "browOuterUp": 0.4, "eyeWide": 1.0, "mouthStretch": 0.9},
    "disgusted": {"noseSneer": 1.2, "browDown": 0.6, "mouthUpperUp": 0.5, "mouthFrown": 0.5},
}
_UPPER_LIP: Final = topology.LIP_INNER_UPPER[3:8]
_LOWER_LIP: Final = topology.LIP_INNER_LOWER[3:8]


def emotional(strengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """What emotions add to the dynamics, (T, D).

    Args:
        strengths: (T, 6) of each of `EMOTIONS`, 0 to 1; all 0 add nothing.
    """
    return np.asarray(strengths @ _offsets(), np.float32)


@cache
def _offsets() -> NDArray[np.float32]:
    """What each emotion adds at its full strength, (6, D)."""
    basis = released_basis()
    weights = np.zeros((len(EMOTIONS), len(ACTIONS)))
    for i, emotion in enumerate(EMOTIONS):
        for action, strength in _MADE_OF[emotion].items():
            sides = [
                name for name in (action, f"{action}Left", f"{action}Right") if name in ACTIONS
            ]
            weights[i, [ACTIONS.index(name) for name in sides]] = strength
    return _lips_together(project(face(weights), basis), basis).astype(np.float32)


def _lips_together(codes: NDArray[np.float64], basis: Basis) -> NDArray[np.float64]:
    """Codes (N, D), changed the least so that the gap between the lips stays as it is."""
    directions = basis.dynamics[basis.lower].astype(np.float64)
    gaps = directions[:, _LOWER_LIP, 1] - directions[:, _UPPER_LIP, 1]  # (lower, points)
    lower = codes[:, basis.lower]
    held = codes.copy()
    held[:, basis.lower] = lower - (lower @ gaps) @ np.linalg.pinv(gaps)
    return held
