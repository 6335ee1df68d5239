"""Version 0 of the generator: a regressor for the mouth, segments of real motion for the rest."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.generator.bank import IdleMotion, released_bank
from gioconda.generator.blinks import with_blinks
from gioconda.generator.calibration import Calibration
from gioconda.generator.gate import VoiceGate
from gioconda.generator.regressor import Regressor
from gioconda.media import SAMPLE_RATE
from gioconda.motion import Motion
from gioconda.speech import LOOK_AHEAD, Listener, Speech

_BLOCK: Final = 4 * SAMPLE_RATE  # samples taken in at a time, so that memory stays bounded


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
            raise GiocondaError(f"amplitude must be from 0 to 2, not {amplitude:g}")
        if seed < 0:
            raise GiocondaError(f"seed must be 0 or more, not {seed}")
        self._basis = released_basis()
        self._bank = released_bank()
        self._amplitude = np.float32(amplitude)
        self._listener = Listener()
        self._regressor = Regressor()
        self._idle = IdleMotion(self._bank, seed)
        # the regressor has no weights file of its own to keep a calibration in
        self._gate = VoiceGate(Calibration.gate_rise, Calibration.gate_fall, Calibration.gate_hold)
        self._ahead = LOOK_AHEAD

    def append(self, pcm: NDArray[np.float32]) -> Motion:
        """The frames that are now certain.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        parts = [
            self._listen(self._listener.append(pcm[start : start + _BLOCK]))
            for start in range(0, max(1, len(pcm)), _BLOCK)
        ]
        return self._motion(np.concatenate(parts))

    def finish(self) -> Motion:
        """The frames that are left: ceil(samples / 640) in all, as if silence followed."""
        last = self._listen(self._listener.finish())
        rest = self._regressor.finish()
        gate = self._gated(np.zeros(LOOK_AHEAD, bool))[-len(rest) :]
        return self._motion(np.concatenate([last, rest * gate]))

    def _listen(self, speech: Speech) -> NDArray[np.float32]:
        """The lower face (T, lower) of the frames that are now certain."""
        lower = self._regressor.append(speech.mel)
        return lower * self._gated(speech.voice)

    def _gated(self, voice: NDArray[np.bool_]) -> NDArray[np.float32]:
        """How far the mouth may follow, (T, 1), in the frames that are now certain."""
        parts = [self._gate.next(bool(sounds)) for sounds in voice]
        # the first frames of sound open the gate, but are heard ahead of any frame
        ahead, self._ahead = min(self._ahead, len(parts)), max(0, self._ahead - len(parts))
        return np.array(parts[ahead:], np.float32).reshape(-1, 1)

    def _motion(self, lower: NDArray[np.float32]) -> Motion:
        idle = self._idle.take(len(lower))
        gaze, upper = np.split(idle.upper * self._amplitude, [self._basis.parts[0]], axis=1)
        upper = with_blinks(upper, idle.blink, self._bank.shut, self._basis)
        silent = np.zeros((len(lower), self._basis.parts[3]), np.float32)
        dynamics = np.concatenate([gaze, upper, lower, silent], 1)
        return Motion(idle.pose * self._amplitude, dynamics, self._basis.name)
