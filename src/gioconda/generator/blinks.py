"""Blinks: when they come, and what they do to the lids."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.face.lids import shutting
from gioconda.generator.calibration import Calibration
from gioconda.media import FPS

OPEN, DOWN, UP = (0, 0), (1, 0), (0, 1)
"""What the lids do in a frame, as a condition: whether they go down, whether up."""


class BlinkTimer:
    """Decides when the lids shut, frame by frame.

    Args:
        calibration: how often, and for how many frames.

    Attributes:
        closed: how far the lids are shut in this frame, 0 to 1.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._least = calibration.blink_least
        self._wait = 60 * FPS / calibration.blink_rate - self._least  # frames, in the mean
        self._lengths = (
            (calibration.blink_down, calibration.blink_down_chances),
            (calibration.blink_up, calibration.blink_up_chances),
        )
        self._pauses = range(*calibration.blink_pause)
        self._more = calibration.blink_more
        self.closed = 0.0
        self._left: list[float] = []  # `closed` in the frames of a blink that are to come
        self._since = 0
        self._silent = self._pauses.stop  # frames

    def next(
        self, ratio: float, chance: np.random.Generator, voice: bool = False
    ) -> tuple[int, int]:
        """Goes on by a frame: `OPEN`, `DOWN` or `UP`.

        Args:
            ratio: how often, against the natural rate.
            chance: decides whether lids shut now, and for how long.
            voice: whether one sounds; as it falls silent, people blink more.
        """
        self._silent = 0 if voice else self._silent + 1
        if not self._left:
            self._since += 1
            if self._silent in self._pauses:
                ratio *= self._more
            drawn = chance.random()
            if self._since <= self._least or drawn >= ratio / self._wait:
                return OPEN
            self._since = 0
            down, up = (int(chance.choice(n, p=chances)) for n, chances in self._lengths)
            self._left = [*np.linspace(0, 1, down + 1)[1:], *np.linspace(1, 0, up + 1)[1:]]
        before, self.closed = self.closed, float(self._left.pop(0))
        return DOWN if self.closed > before else UP


@cache
def blink() -> NDArray[np.float32]:
    """Dynamics (D,) of lids that are shut, as the actions of a blink shut them."""
    return shutting(released_basis())


def eye_opening(upper: NDArray[np.floating], basis: Basis) -> NDArray[np.float64]:
    """How open coordinates (T, upper) leave the eyes of the mean face, (T,).

    1 as on the neutral face, 0 shut, negative where the lids would cross.
    """
    moves = measure.lid_gap(basis.dynamics[basis.upper])
    opening: NDArray[np.float64] = 1 + upper @ moves / measure.lid_gap(basis.mean)
    return opening


def with_blinks(
    upper: NDArray[np.float32],
    closed: NDArray[np.float32],
    shut: NDArray[np.float32],
    basis: Basis,
) -> NDArray[np.float32]:
    """Coordinates (T, upper) with the lids shut as far as blinks say, whatever their opening.

    Args:
        upper: (T, upper) without blinks.
        closed: (T,) how far each frame's blink shuts the eyes, 0 to 1.
        shut: (upper,) the change that shuts the eyes of the mean face.
        basis: of the coordinates.
    """
    return upper + (closed * eye_opening(upper, basis))[:, None].astype(np.float32) * shut
