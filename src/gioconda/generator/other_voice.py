"""The other one's voice, heard beside the face's own and in step with it."""

from collections import deque
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gioconda.generator.calibration import Calibration
from gioconda.generator.reactions import NONE, Reaction, Reactions
from gioconda.media.audio import to_int16
from gioconda.speech import Listener
from gioconda.speech.encoder import Heard, SpeechEncoder
from gioconda.speech.features import SAMPLES


class _Sound(NamedTuple):
    """One frame of it."""

    spectra: NDArray[np.float32]  # (4, 80)
    digest: int  # of all sound up to it


class OtherVoice:
    """Sound of the other one in, reactions out, a frame of each for a frame of the own sound.

    Where less has come than the own sound is long, the other one is silent. Nothing is computed
    before the first sample that is not 0.

    Args:
        seed: decides, with the sound, what the face does; 0 or more.
        calibration: how, how far and how often.
    """

    def __init__(self, seed: int, calibration: Calibration) -> None:
        self._seed, self._calibration = seed, calibration
        self._waiting = np.empty(0, np.float32)
        self._begun = False
        self._digest = 0
        self._sounds: deque[_Sound] = deque()  # whose voice is not certain yet
        # of the frame before the next one, and later ones; None: nothing was heard yet
        self._certain: deque[tuple[_Sound, float] | None] = deque([None])

    def append(self, pcm: NDArray[np.float32]) -> None:
        """Sound that the frames to come hear, (samples,) 16 kHz mono in [-1, 1]."""
        self._waiting = np.concatenate([self._waiting, pcm.astype(np.float32, copy=False)])

    def hear(self) -> None:
        """Hears what belongs to the next frame of the own sound."""
        pcm, self._waiting = self._waiting[:SAMPLES], self._waiting[SAMPLES:]
        if not self._begun and not pcm.any():
            self._certain.append(None)
            return
        if not self._begun:
            self._begin()
        pcm = np.pad(pcm, (0, SAMPLES - len(pcm)))
        self._digest = crc32(to_int16(pcm).tobytes(), self._digest)
        speech = self._listener.append(pcm)
        self._sounds.append(_Sound(speech.mel[0], self._digest))
        self._settle(self._encoder.append(speech.mel))

    def finish(self) -> None:
        """Hears no more; what is left becomes certain, as if silence followed."""
        if self._begun:
            self._settle(self._encoder.finish())

    def next(self, speaking: bool) -> Reaction:
        """The reaction of the next frame, to what was heard up to the frame before.

        Args:
            speaking: whether the face's own voice sounds.
        """
        heard = self._certain.popleft()
        if heard is None:
            return NONE
        sound, voice = heard
        chance = np.random.default_rng((self._seed, sound.digest))
        sure = voice > self._calibration.blink_voice
        return self._reactions.next(sure, sound.spectra, speaking, chance)

    def _begin(self) -> None:
        self._begun = True
        self._listener, self._encoder = Listener(), SpeechEncoder()
        self._reactions = Reactions(self._calibration)

    def _settle(self, heard: Heard) -> None:
        self._certain.extend((self._sounds.popleft(), float(voice)) for voice in heard.voice)
