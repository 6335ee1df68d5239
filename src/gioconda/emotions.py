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
            is named without the side. Some are above 1: the basis, learned from people who speak,
            keeps about half of a brow's travel when the brow's ends go apart.
        parted: how far the lips part, in parts of a jaw wide open.
    """

    actions: Mapping[str, float]
    parted: float = 0.0


def _showing(parted: float = 0.0, **actions: float) -> Prototype:
    return Prototype(actions, parted)


PROTOTYPES: Final[Mapping[str, Prototype]] = {
    # AU 6 + 12
    "happy": _showing(cheekSquint=1.2, mouthSmile=1.2, eyeSquint=0.4),
    # AU 1 + 4 + 15, the chin raised (17)
    "sad": _showing(
        browInnerUp=2.5, browDown=0.7, mouthFrown=1.5, mouthShrugLower=0.4, eyeBlink=0.2
    ),
    # AU 4 + 5 + 7 + 23
    "angry": _showing(
        browDown=2.4,
        eyeWide=0.6,
        eyeSquint=0.5,
        mouthPress=1.0,
        mouthFrown=0.7,
        mouthPucker=0.15,
        noseSneer=0.3,
    ),
    # AU 1 + 2 + 5 + 26
    "surprised": _showing(
        browInnerUp=1.2, browOuterUp=1.2, eyeWide=1.2, jawOpen=0.14, mouthPucker=0.2, parted=0.14
    ),
    # AU 1 + 2 + 4 + 5 + 20
    "afraid": _showing(
        browInnerUp=2.8, browDown=1.0, eyeWide=1.5, mouthStretch=1.0, mouthFrown=0.8
    ),
    # AU 9 + 10 + 15
    "disgusted": _showing(
        noseSneer=1.6,
        mouthUpperUp=0.5,
        mouthFrown=0.6,
        mouthShrugLower=0.4,
        browDown=1.4,
        eyeSquint=0.8,
    ),
}
