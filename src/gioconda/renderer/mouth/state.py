"""The state of a mouth: what differs between people, and between frames."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tones:
    """The colours that a mouth is drawn in, RGB, 0 to 255 and beyond, as full light shows them.

    Attributes:
        teeth: (3,).
        soft: (3,) gum and tongue.
        dark: (3,) what the cavity fades to.
    """

    teeth: NDArray[np.float32]
    soft: NDArray[np.float32]
    dark: NDArray[np.float32]

    def stacked(self) -> NDArray[np.float32]:
        """The three, (3, 3)."""
        return np.stack([self.teeth, self.soft, self.dark])


@dataclass(frozen=True)
class Mouth:
    """What stays through all frames of a portrait.

    Attributes:
        drop: how far the upper row stands below its place in the average mouth, in the head frame.
        size: of teeth and jaws, against those of the average mouth.
        tones: its colours.
        hollow: whether there is nothing in it but the dark, as in statues.
    """

    drop: float
    size: float
    tones: Tones
    hollow: bool = False


class MouthPose(NamedTuple):
    """What changes from frame to frame.

    Attributes:
        jaw: how far it is open; 0 where the teeth meet, 1 as wide as it goes.
        tongue: how far its tip is raised from the floor of the mouth, in the head frame.
        out: how far its tip is put forward, in the head frame.
    """

    jaw: float
    tongue: float = 0.0
    out: float = 0.0
