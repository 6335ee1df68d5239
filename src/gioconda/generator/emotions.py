"""Emotions as explicit changes of the face, added to the motion that speech asks for.

Each emotion is a combination of facial actions, after the prototypes of Ekman and Friesen (Facial
Action Coding System: Investigator's Guide, 1978; EMFACS), told in the basis of faces. The change
does not know what is said: lips that meet without it meet with it, so p, b and m stay closed.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.face import actions
from gioconda.face.basis import point_weights, released_basis
from gioconda.face.measure import lip_gaps

# Weights of actions at strength 1; an action with a left and a right form is named without the
# side. Some are above 1: the basis, learned from people who speak, keeps about half of a brow's
# travel when the brow's ends go apart.
_PROTOTYPES: Final[dict[str, dict[str, float]]] = {
    # AU 6 + 12
    "happy": {"cheekSquint": 1.2, "mouthSmile": 1.2, "eyeSquint": 0.4},
    # AU 1 + 4 + 15, the chin raised (17)
    "sad": {
        "browInnerUp": 2.5,
        "browDown": 0.7,
        "mouthFrown": 1.5,
        "mouthShrugLower": 0.4,
        "eyeBlink": 0.2,
    },
    # AU 4 + 5 + 7 + 23
    "angry": {
        "browDown": 2.4,
        "eyeWide": 0.6,
        "eyeSquint": 0.5,
        "mouthPress": 1.0,
        "mouthFrown": 0.7,
        "mouthPucker": 0.15,
        "noseSneer": 0.3,
    },
    # AU 1 + 2 + 5 + 26
    "surprised": {
        "browInnerUp": 1.2,
        "browOuterUp": 1.2,
        "eyeWide": 1.2,
        "jawOpen": 0.14,
        "mouthPucker": 0.2,
    },
    # AU 1 + 2 + 4 + 5 + 20
    "afraid": {
        "browInnerUp": 2.8,
        "browDown": 1.0,
        "eyeWide": 1.5,
        "mouthStretch": 1.0,
        "mouthFrown": 0.8,
    },
    # AU 9 + 10 + 15
    "disgusted": {
        "noseSneer": 1.6,
        "mouthUpperUp": 0.5,
        "mouthFrown": 0.6,
        "mouthShrugLower": 0.4,
        "browDown": 1.4,
        "eyeSquint": 0.8,
    },
}
# How far the lips part at strength 1, in parts of a jaw wide open.
_PARTED: Final = {"surprised": 0.14}
_HELD: Final = 300.0  # the gap between the lips counts this many times what a point counts


def offset(strengths: NDArray[np.floating]) -> NDArray[np.float32]:
    """What emotions add to the dynamics.

    Args:
        strengths: (T, 6) in the order of `EMOTIONS`, each from 0 (neutral) to 1 (plain); several
            add up.

    Returns:
        (T, D) in the released basis; exactly 0 where all strengths are 0.

    Raises:
        ValueError: if the shape does not fit or a strength is not from 0 to 1.
    """
    if strengths.ndim != 2 or strengths.shape[1] != len(EMOTIONS):
        raise ValueError(f"strengths must be (T, {len(EMOTIONS)}), is {strengths.shape}")
    if not ((strengths >= 0) & (strengths <= 1)).all():
        raise ValueError("strengths must be from 0 to 1")
    return np.asarray(strengths @ prototypes(), np.float32)


@cache
def prototypes() -> NDArray[np.float64]:
    """The dynamics of each emotion at strength 1, (6, D), in the released basis."""
    return np.stack([_emotion(name) for name in EMOTIONS])


def _emotion(name: str) -> NDArray[np.float64]:
    """The dynamics (D,) nearest to the actions that leave the gap between the lips alone."""
    weights = np.zeros(len(actions.ACTIONS))
    for action, weight in _PROTOTYPES[name].items():
        for side in ("", "Left", "Right"):
            if action + side in actions.ACTIONS:
                weights[actions.ACTIONS.index(action + side)] = weight
    basis = released_basis()
    root = np.sqrt(point_weights()).ravel()
    moves = basis.dynamics.reshape(len(basis.dynamics), -1).astype(np.float64)  # (D, 478 * 3)
    gaps = lip_gaps(basis.dynamics.astype(np.float64))  # (D, 9)
    jaw = actions.fields()[[actions.ACTIONS.index("jawOpen")]]
    parted = _PARTED.get(name, 0.0) * lip_gaps(jaw)[0]
    # The least squares of `actions.project`, with the gaps as further, heavy points.
    system = np.concatenate([moves * root, gaps * _HELD], 1)
    wanted = np.concatenate([actions.face(weights).ravel() * root, parted * _HELD])
    code: NDArray[np.float64] = np.linalg.lstsq(system.T, wanted, rcond=None)[0]
    return code
