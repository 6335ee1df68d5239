"""The emotions that there are. docs/controls.md says how to add one.

Each is a combination of facial actions, after the prototypes of Ekman and Friesen (Facial Action
Coding System: Investigator's Guide, 1978; EMFACS); `gioconda.generator.emotions` makes dynamics of
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Prototype:
    """An emotion at strength 1.

    Attributes:
        actions: weights of `gioconda.face.actions.ACTIONS`; an action with a left and a right form
            is named without the side. Some are above 1: a weight of 1 is what a talking face
            reaches, and an emotion is to be seen from afar, on paintings too.
        parted: how far the lips part, in parts of a jaw wide open.
    """

    actions: Mapping[str, float]
    parted: float = 0.0


def _showing(parted: float = 0.0, **actions: float) -> Prototype:
    return Prototype(actions, parted)


PROTOTYPES: Final[Mapping[str, Prototype]] = {
    # AU 6 + 12
    "happy": _showing(cheekSquint=1.0, mouthSmile=1.2, eyeSquint=0.3),
    # AU 1 + 4 + 15, the chin raised (17)
    "sad": _showing(
        browInnerUp=1.9, browDown=0.45, mouthFrown=1.8, mouthShrugLower=0.3, eyeBlink=0.15
    ),
    # AU 4 + 5 + 7 + 23, the corners of the mouth down
    "angry": _showing(
        browDown=2.3,
        eyeWide=0.1,
        eyeSquint=0.5,
        mouthPress=1.3,
        mouthFrown=1.3,
        mouthShrugLower=0.2,
        noseSneer=0.3,
    ),
    # AU 1 + 2 + 5 + 26
    "surprised": _showing(browInnerUp=1.3, browOuterUp=1.3, eyeWide=1.2, jawOpen=0.2, parted=0.2),
    # AU 1 + 2 + 4 + 5 + 20 + 25
    "afraid": _showing(
        browInnerUp=1.9,
        browDown=0.8,
        eyeWide=1.5,
        mouthStretch=1.3,
        mouthFrown=0.25,
        jawOpen=0.1,
        parted=0.1,
    ),
    # AU 9 + 10 + 15 + 25
    "disgusted": _showing(
        noseSneer=1.8,
        mouthUpperUp=0.6,
        mouthFrown=1.4,
        mouthShrugLower=0.3,
        browDown=0.85,
        eyeSquint=0.9,
        cheekSquint=0.8,
        parted=0.18,
    ),
}
