"""Version 0 of the generator: a regressor for the mouth, real stretches for the rest."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.generator.bank import Stretch, Wander, released_bank, with_blinks
from gioconda.generator.regressor import Regressor
from gioconda.media import SAMPLE_RATE
from gioconda.motion import Motion
from gioconda.speech import LOOK_AHEAD, Listener, Speech

_BLOCK: Final = 4 * SAMPLE_RATE  # samples taken in at a time, so that memory stays bounded
# The mouth opens for a voice at once, holds through a short pause, then shuts.
_RISE, _FALL = 1 / 2, 1 / 6  # of the way, per frame
_HOLD: Final = 6  # frames


class BaselineGenerator:
    """Speech in, motion out, `LOOK_AHEAD` frames (80 ms) later.

    Pieces of any size give the same motion as all at once; the seed decides it. Frame t needs
    the sound of frames up to t + 2. Where no voice sounds the mouth shuts and keeps still,
    while head, eyes and lids go on.

    Args:
        seed: decides the movement of head, eyes, brows and lids; 0 or more.
        amplitude: scales head motion, gaze and brows, from 0 (only blinks) over 1 (as people
            do) to 2. The lips follow the speech and are not scaled, for they would no longer
            meet; nor are blinks.

    Raises:
        GiocondaError: if the amplitude or the seed is out of range.
    """

    def __init__(self, seed: int = 0, amplitude: float = 1.0) -> None:
        if not 0 <= amplitude <= 2:
            raise GiocondaError(f"amplitude must be from 0 to 2, is {amplitude:g}")
        if seed < 0:
            raise GiocondaError(f"seed must be 0 or more, is {seed}")
        self._basis = released_basis()
        self._bank = released_bank()
        self._amplitude = np.float32(amplitude)
        self._listener = Listener()
        self._regressor = Regressor()
        self._wander = Wander(self._bank, seed)
        self._gate = _Gate()

    def append(self, pcm: NDArray[np.float32]) -> Motion:
        """The frames that are now certain.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        parts = [
            self._heard(self._listener.append(pcm[start : start + _BLOCK]))
            for start in range(0, max(1, len(pcm)), _BLOCK)
        ]
        return self._motion(np.concatenate(parts))

    def finish(self) -> Motion:
        """The frames that are left: ceil(samples / 640) in all, as if silence followed."""
        last = self._heard(self._listener.finish())
        rest = self._regressor.finish()
        return self._motion(np.concatenate([last, rest * self._gate.finish(len(rest))]))

    def _heard(self, speech: Speech) -> NDArray[np.float32]:
        lower = self._regressor.append(speech.mel)
        return lower * self._gate.append(speech.voice)

    def _motion(self, lower: NDArray[np.float32]) -> Motion:
        stretch = self._wander.take(len(lower))
        scaled = Stretch(
            stretch.pose * self._amplitude, stretch.upper * self._amplitude, stretch.blink
        )
        face = with_blinks(scaled, self._bank, self._basis)
        return Motion(scaled.pose, np.concatenate([face, lower], 1), self._basis.name)


class _Gate:
    """How far the mouth may follow the regressor, 0 to 1: shut where no voice sounds."""

    def __init__(self) -> None:
        self._open = 0.0
        self._pause = _HOLD
        self._frames = -LOOK_AHEAD  # the first frames heard open the gate, but are not given

    def append(self, voice: NDArray[np.bool_]) -> NDArray[np.float32]:
        """For each frame that is now certain, (T, 1)."""
        values = []
        for sounds in voice:
            self._pause = 0 if sounds else self._pause + 1
            if self._pause < _HOLD:
                self._open += (1 - self._open) * _RISE
            else:
                self._open -= self._open * _FALL
            self._frames += 1
            if self._frames > 0:
                values.append(self._open)
        return np.array(values, np.float32).reshape(-1, 1)

    def finish(self, count: int) -> NDArray[np.float32]:
        """For the last frames, (count, 1)."""
        return self.append(np.zeros(LOOK_AHEAD, bool))[-count:]
