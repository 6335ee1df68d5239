"""An estimate of what a face feels, from its geometry alone.

What the lips, the brows and the lids do over a stretch, against the person's neutral face, is
compared with the prototypes of Ekman and Friesen (Facial Action Coding System: Investigator's
Guide, 1978; EMFACS). It is an estimate for sorting training clips, not a reading of minds:
a smile is recognised well; raised brows pass for surprise and lowered ones for anger, whatever is
felt; sadness, fear and disgust are seldom found. In doubt the answer is neutral.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import measure, topology

SOURCE: Final = "geometry-1"
EMOTIONS: Final = ("neutral", "happy", "sad", "angry", "surprised", "afraid", "disgusted")

# Of the right and of the left half of the face.
_CORNERS: Final = (topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER)
_HEADS: Final = (topology.BROW_HEADS[0][0], topology.BROW_HEADS[1][0])
_MIDDLE: Final = [
    topology.UPPER_LIP_TOP,
    topology.UPPER_LIP_RIM,
    topology.LOWER_LIP_RIM,
    topology.LOWER_LIP_BOTTOM,
]

# What is measured; how much of it is clear, in inter-ocular distances or parts of the opening.
_SCALES: Final = {
    "corners up": 0.02,  # AU 12, negative AU 15
    "wider": 0.06,  # AU 12, 20
    "inner brows up": 0.012,  # AU 1, negative AU 4
    "outer brows up": 0.012,  # AU 2
    "inner over outer": 0.008,  # AU 1 without AU 2
    "brows together": 0.012,  # AU 4
    "lids wide": 0.2,  # AU 5, negative AU 7
    "nose up": 0.009,  # AU 9, 10
    "upper lip up": 0.03,  # AU 10
}
# The movements that make an emotion, all of them needed, and how much each must be of its scale.
_PROTOTYPES: Final = {
    "happy": {"corners up": 1.0, "wider": 0.8},
    "sad": {"corners up": -0.5, "inner brows up": 0.7, "inner over outer": 0.7},
    "angry": {"inner brows up": -0.6, "brows together": 0.6},
    "surprised": {"inner brows up": 0.6, "outer brows up": 0.6, "lids wide": 0.3},
    "afraid": {"inner brows up": 0.8, "brows together": 0.6, "lids wide": 0.7},
    "disgusted": {"nose up": 1.2, "upper lip up": 1.0, "inner brows up": -0.6},
}
# What a mesh can hardly tell from talking with the chin up or a serious brow must be plainer.
_DOUBT: Final = {"sad": 0.3, "afraid": 0.3, "disgusted": 0.6}
_NEUTRAL: Final = 0.8  # evidence that an emotion must exceed
_SHARPNESS: Final = 6.0
_HELD: Final = 0.3  # part of the frames that may lack a movement


@dataclass(frozen=True)
class Emotion:
    """What a face seems to feel over a stretch.

    Attributes:
        strongest: of `EMOTIONS`.
        strength: 0 for a face at rest to 1, all that is not neutral.
    """

    strongest: str
    strength: float


def estimate(faces: NDArray[np.floating], neutral: NDArray[np.floating]) -> Emotion:
    """The emotion of a stretch of one person.

    Only what is held through most of the stretch counts, so that talking cancels; a smile of a
    second in ten is not seen. Stretches of two to four seconds serve best.

    Args:
        faces: (T, 478, 3) in the head frame, T at least 1; frames without the face left out.
        neutral: (478, 3) the person's neutral face, better from all clips of the person.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if faces.ndim != 3 or not len(faces) or faces.shape[1:] != (topology.POINTS, 3):
        raise ValueError(f"faces must be (T >= 1, {topology.POINTS}, 3), not {faces.shape}")
    if neutral.shape != faces.shape[1:]:
        raise ValueError(f"neutral must be {faces.shape[1:]}, not {neutral.shape}")
    units = _units(np.asarray(faces, np.float64), np.asarray(neutral, np.float64))
    evidence = [_NEUTRAL]
    for emotion, parts in _PROTOTYPES.items():
        # the weakest of the movements that it takes
        weakest = min(units[name] / part for name, part in parts.items())
        evidence.append(min(weakest, 2.0) - _DOUBT.get(emotion, 0.0))
    weight = np.exp(_SHARPNESS * (np.array(evidence) - max(evidence)))
    return Emotion(EMOTIONS[weight.argmax()], 1 - float(weight[0] / weight.sum()))


def _units(faces: NDArray[np.float64], neutral: NDArray[np.float64]) -> dict[str, float]:
    """How clear each movement is over the stretch: about 1 or -1 where it is plain.

    Of the two halves of the face the one that moves less counts, so that a turned head, which
    the mesh bends, is not taken for an expression.
    """
    rise = neutral[:, 1] - faces[..., 1]  # (T, 478), up is positive
    across = faces[..., 0] - neutral[:, 0]  # (T, 478), to the image's right
    rest = neutral[None]
    lips_up = rise[:, _MIDDLE].mean(1) / 2
    lids = measure.lid_opening(faces) / np.maximum(measure.lid_opening(rest), 1e-3) - 1  # (T, 2)
    values = {
        "corners up": [rise[:, corner] - lips_up for corner in _CORNERS],
        "wider": [-across[:, _CORNERS[0]] * 2, across[:, _CORNERS[1]] * 2],
        "inner brows up": [rise[:, half].mean(1) for half in topology.BROW_HEADS],
        "outer brows up": [rise[:, half].mean(1) for half in topology.BROW_TAILS],
        "inner over outer": [
            rise[:, inner].mean(1) - rise[:, outer].mean(1)
            for inner, outer in zip(topology.BROW_HEADS, topology.BROW_TAILS, strict=True)
        ],
        "brows together": [across[:, _HEADS[0]] * 2, -across[:, _HEADS[1]] * 2],
        "lids wide": [lids[:, 0], lids[:, 1]],
        "nose up": [rise[:, half].mean(1) for half in topology.NOSTRILS],
        "upper lip up": [rise[:, half].mean(1) for half in topology.UPPER_LIP_HALVES],
    }
    found = {}
    for name, scale in _SCALES.items():
        right, left = (_held(half) for half in values[name])
        found[name] = (max(min(right, left), 0.0) + min(max(right, left), 0.0)) / scale
    return found


def _held(values: NDArray[np.float64]) -> float:
    """What lasts for most of the time, nearer to 0 than the rest; 0 if the sign changes."""
    low, high = np.quantile(values, [_HELD, 1 - _HELD])
    return float(max(low, 0.0) + min(high, 0.0))
