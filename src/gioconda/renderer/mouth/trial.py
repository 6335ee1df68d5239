"""Render and compare: how every state of a grid would draw a mouth that a picture shows."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.renderer.mouth.interior import MouthInterior
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.warper import WarpedFrame

DROPS: Final = np.array([-0.08, -0.05, -0.03, -0.01, 0.01, 0.03, 0.05, 0.07, 0.09])
JAWS: Final = np.array([0, 0.05, 0.1, 0.16, 0.22, 0.3, 0.4, 0.55, 0.75, 1.0])
TONGUES: Final = np.array([0, 0.08])
NAMED: Final = Tones(*np.eye(3, dtype=np.float32))  # what is drawn in these tells them apart
LEAST: Final = 25  # pixels between the lips from which a frame serves
_MOST: Final = 200  # of them that are compared
SEEN: Final = 0.6  # of a pixel that the lips leave free, for it to count


class Trial:
    """One frame of a real mouth.

    Attributes:
        frame: as the warp has it.
        real: (N, 3) pixels between the lips.
        designs: (drops, jaws, tongues, N, 3) how much of each tone is in them: colours are these
            times the tones (3, 3).
    """

    def __init__(
        self,
        frame: WarpedFrame,
        real: NDArray[np.float64],
        designs: NDArray[np.float32],
    ) -> None:
        self.frame, self.real, self.designs = frame, real, designs

    @staticmethod
    def of(
        frame: WarpedFrame, picture: NDArray[np.uint8], interior: MouthInterior
    ) -> "Trial | None":
        """Try all states; None if the lips show too little.

        Args:
            frame: where mesh and head are.
            picture: (S, S, 3) what is seen there.
            interior: of the mouth; its drop, tones and lighting are changed.
        """
        # which row teeth are of is told by their place, not by their light
        interior.lighting = interior.lighting._replace(lower_row=1.0)
        found = interior.inside(frame, MouthPose(0.0))
        if not found:
            return None
        places = np.argwhere(found.shown[..., 0] > SEEN)
        if len(places) < LEAST:
            return None
        rows, columns = np.random.default_rng(0).permutation(places)[:_MOST].T
        left, top = found.corner
        real = picture[top + rows, left + columns].astype(np.float64)
        shade = found.shown[rows, columns, 1:].copy()
        shape = (len(DROPS), len(JAWS), len(TONGUES), len(rows), 3)
        designs = np.empty(shape, np.float32)
        size = interior.mouth.size
        for i, drop in enumerate(DROPS):
            interior.become(Mouth(float(drop), size, NAMED))
            for j, jaw in enumerate(JAWS):
                for k, tongue in enumerate(TONGUES):
                    drawn = interior.inside(frame, MouthPose(float(jaw), float(tongue)))
                    assert drawn
                    designs[i, j, k] = drawn.colours[rows, columns] * shade
        return Trial(frame, real, designs)

    def errors(self, tones: NDArray[np.floating], drop: int) -> NDArray[np.float64]:
        """Mean squared error of each jaw and tongue, (jaws, tongues), for one of the drops."""
        off = self.designs[drop] @ tones - self.real
        return np.asarray((off**2).mean((-1, -2)), np.float64)

    def explained(
        self, tones: NDArray[np.floating], trust: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How well each state explains the picture, in the tones that are likeliest with it.

        Args:
            tones: (3, 3) as they are believed to be.
            trust: (3, 3) in these, in parts of the pixels.

        Returns:
            What is left, (drops, jaws, tongues): the picture's mean absolute error, and beside it
            (as the hypotenuse) what the tones are off, in levels of 255. And the tones, (drops,
            jaws, tongues, 3, 3).
        """
        designs = self.designs.astype(np.float64)
        across = designs.swapaxes(-1, -2)
        kept = trust * designs.shape[-2]
        own = np.linalg.solve(across @ designs + kept, across @ self.real + kept @ tones)
        own = np.maximum(own, 0)
        error = np.abs(designs @ own - self.real).mean((-1, -2))
        off = ((own - tones) * (trust @ (own - tones))).sum(-2).mean(-1)
        return np.hypot(error, np.sqrt(off)), own
