"""Emotions as explicit changes of the face, added to the motion that speech asks for.

The prototypes of `gioconda.emotions` in the basis of faces. The change does not depend on speech.
It leaves the gap between the lips as it is, but where an emotion parts them (`parted`).
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.emotions import PROTOTYPES, Prototype
from gioconda.face import actions
from gioconda.face.basis import point_weights, released_basis
from gioconda.face.measure import lip_gaps

_LIPS: Final = 300.0  # of a point: what the gap between the lips counts, so that it is held


def offset(strengths: NDArray[np.floating]) -> NDArray[np.float32]:
    """What emotions add to the dynamics.

    Args:
        strengths: (T, E) in the order of `PROTOTYPES`, each from 0 (neutral) to 1 (plain); several
            add up.

    Returns:
        (T, D) in the released basis; exactly 0 where all strengths are 0.

    Raises:
        ValueError: if the shape does not fit or a strength is not from 0 to 1.
    """
    if strengths.ndim != 2 or strengths.shape[1] != len(PROTOTYPES):
        raise ValueError(f"strengths must be (T, {len(PROTOTYPES)}), not {strengths.shape}")
    if not ((strengths >= 0) & (strengths <= 1)).all():
        raise ValueError("strengths must be from 0 to 1")
    return np.asarray(strengths @ prototypes(), np.float32)


def parting(strengths: NDArray[np.floating]) -> NDArray[np.float32]:
    """What of `offset` parts the lips, (T, D): without it, their gap is as speech has it."""
    return np.asarray(strengths @ _partings(), np.float32)


@cache
def prototypes() -> NDArray[np.float64]:
    """The dynamics of each emotion at strength 1, (E, D), in the released basis."""
    return np.stack([_dynamics(one) for one in PROTOTYPES.values()])


@cache
def _partings() -> NDArray[np.float64]:
    whole = prototypes()
    shut = [_dynamics(Prototype(one.actions)) for one in PROTOTYPES.values()]
    return whole - np.stack(shut)


def _dynamics(emotion: Prototype) -> NDArray[np.float64]:
    """The dynamics (D,) nearest to the actions that leave the gap between the lips alone."""
    weights = np.zeros(len(actions.ACTIONS))
    for action, weight in emotion.actions.items():
        names = [action + side for side in ("", "Left", "Right")]
        found = [i for i, name in enumerate(actions.ACTIONS) if name in names]
        if not found:
            raise ValueError(f"there is no facial action {action}; see gioconda.face.actions")
        weights[found] = weight
    basis = released_basis()
    root = np.sqrt(point_weights()).ravel()
    moves = basis.dynamics.reshape(len(basis.dynamics), -1).astype(np.float64)  # (D, 478 * 3)
    gaps = lip_gaps(basis.dynamics.astype(np.float64))  # (D, 9)
    jaw = actions.fields()[[actions.ACTIONS.index("jawOpen")]]
    parted = emotion.parted * lip_gaps(jaw)[0]
    # The least squares of `actions.project`, with the gaps as further, heavy points.
    system = np.concatenate([moves * root, gaps * _LIPS], 1)
    wanted = np.concatenate([actions.face(weights).ravel() * root, parted * _LIPS])
    code: NDArray[np.float64] = np.linalg.lstsq(system.T, wanted, rcond=None)[0]
    return code
