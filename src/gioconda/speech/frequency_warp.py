"""Voices far higher or lower than most are heard through bands that were moved as far.

A smaller head has its resonances higher, by the same ratio everywhere, so moved bands see of it
what unmoved ones see of a usual head (vocal tract length normalisation: Lee and Rose, 1998). The
encoder itself says how far; what people differ by is left alone, since it learned from people.
"""

from typing import Final

import numpy as np

from gioconda.speech.encoder import Heard

_VOICE: Final = 0.5  # certainty of a voice from which on a frame tells of it
_BEGINNING, _FRAMES = 8, 50  # frames that count as none heard before; that are remembered
_PEOPLE: Final = 2.0  # semitones: what people differ by, one standard deviation
_MOST: Final = 7.0  # semitones: as far as the encoder knows voices
_STEPS: Final = 2  # in a semitone


class FrequencyWarp:
    """Follows a voice.

    Attributes:
        semitones: by which the bands have to lie higher for the frames to come.
    """

    def __init__(self) -> None:
        self.semitones = 0.0
        self._voice, self._frames = 0.0, 0  # semitones higher than most; frames heard

    def follow(self, heard: Heard) -> None:
        """Takes in what was heard through the bands as they lie now."""
        for shift, voice in zip(heard.shift.tolist(), heard.voice.tolist(), strict=True):
            if voice > _VOICE:
                self._frames += 1
                share = 1 / min(self._frames + _BEGINNING, _FRAMES)
                self._voice += share * (self.semitones + shift - self._voice)
        unusual = self._voice**3 / (self._voice**2 + _PEOPLE**2)
        self.semitones = float(np.clip(round(unusual * _STEPS) / _STEPS, -_MOST, _MOST))
