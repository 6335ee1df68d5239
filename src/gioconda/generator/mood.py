"""Mood: a mild emotion that a voice's prosody suggests, for `emotion: auto`.

Lively voices (much pitch, many syllables, loud) go with joy, flat, slow and quiet ones with sadness
(Juslin and Laukka, Communication of emotions in vocal expression, 2003). Nothing here knows what is
said, and anger sounds lively, too: it is a guess, and mild for that.
"""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.generator.calibration import Calibration
from gioconda.media import FPS
from gioconda.speech.features import SAMPLES
from gioconda.speech.pitch import VOICED, WINDOW, pitch

_TURN: Final = 3.0  # dB by which a syllable is louder than the dip before it
_SPREADS: Final = (1 / 16, 1.0)  # octaves
_NEEDED: Final = FPS  # frames with a voice from which on there is a mood
_LIVELY, _FLAT = EMOTIONS.index("happy"), EMOTIONS.index("sad")


class Mood:
    """Hears the voice frame by frame.

    Args:
        calibration: what is usual of a voice, and how far a mood goes.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        recent = calibration.mood_frames
        self._heights: deque[float] = deque(maxlen=recent)  # octaves, of frames with a pitch
        self._loudness: deque[float] = deque(maxlen=recent)  # dB, of frames with a voice
        self._syllables: deque[bool] = deque(maxlen=recent)  # whether one begins, of the same
        self._before = np.zeros(SAMPLES, np.float32)
        self._extreme, self._rising = 0.0, True  # of the loudness since it turned
        self._strengths = np.zeros(len(EMOTIONS), np.float32)

    def next(
        self, pcm: NDArray[np.float32], loudness: float, voice: bool, wanted: bool
    ) -> NDArray[np.float32]:
        """Strengths (E,) of the next frame, in the order of `EMOTIONS`.

        Args:
            pcm: (640,) the sound of the frame.
            loudness: of the frame in dB, as `Speech.loudness`.
            voice: whether one sounds.
            wanted: whether the dial asks for a mood; otherwise it fades.
        """
        if not wanted and not self._strengths.any():
            return self._strengths
        if voice:
            self._hear(np.concatenate([self._before, pcm])[-WINDOW:], loudness)
        self._before = pcm
        goal = np.zeros_like(self._strengths)
        if wanted and len(self._loudness) >= _NEEDED:
            goal = self._goal()
        self._strengths = self._strengths + np.float32(self._calibration.mood_pace) * (
            goal - self._strengths
        )
        if not wanted and self._strengths.max() < 0.01:
            self._strengths = np.zeros_like(self._strengths)
        return self._strengths

    def _hear(self, window: NDArray[np.float32], loudness: float) -> None:
        height, periodic = pitch(window[None].astype(np.float64))
        if periodic[0] > VOICED:
            self._heights.append(float(height[0]))
        self._extreme = (max if self._rising else min)(self._extreme, loudness)
        turns = abs(loudness - self._extreme) > _TURN
        if turns:
            self._rising, self._extreme = not self._rising, loudness
        self._syllables.append(turns and self._rising)
        self._loudness.append(loudness)

    def liveliness(self) -> float:
        """How lively the voice has been of late: 0 is usual, 1 a standard deviation more."""
        c = self._calibration
        found = (
            _spread(self._heights) if self._heights else c.mood_spread[0],
            FPS * float(np.mean(self._syllables)),
            float(np.mean(self._loudness)),
        )
        usual = (c.mood_spread, c.mood_rate, c.mood_loudness)
        pairs = zip(found, usual, strict=True)
        parts = [(value - mean) / deviation for value, (mean, deviation) in pairs]
        return sum(parts) / float(np.sqrt(len(parts)))

    def _goal(self) -> NDArray[np.float32]:
        c, lively = self._calibration, self.liveliness()
        goal = np.zeros(len(EMOTIONS), np.float32)
        goal[_LIVELY] = min(max(lively - c.mood_start, 0) * c.mood_gain, c.mood_most)
        goal[_FLAT] = min(max(-lively - c.mood_start, 0) * c.mood_gain, c.mood_most)
        return goal


def _spread(heights: deque[float]) -> float:
    """Of pitches in octaves, as a logarithm to base 2.

    Between the quartiles, for single ones are an octave off, and at most an octave.
    """
    low, high = np.quantile(heights, [0.25, 0.75])
    return float(np.log2(np.clip(high - low, *_SPREADS)))
