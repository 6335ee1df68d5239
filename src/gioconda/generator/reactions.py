"""Reactions: what a face does while the other one speaks.

It looks at who looks at it, keeps its head calm, nods or raises its brows where a phrase has ended,
and smiles at laughter. Its lips stay where they are.

Listeners' signs come after a stretch of speech and in its pause (Ward and Tsukahara, Prosodic
features which cue back-channel responses, 2000), nods in one to three dips of 1.8 to 3.7 a second
(Hadar et al., Head movement during listening turns, 1985). Laughter repeats one call four or five
times a second (Bachorowski et al., The acoustic features of human laughter, 2001): a spectrum that
comes again after a while, which the syllables of speech do not.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Dials
from gioconda.generator.calibration import Calibration
from gioconda.speech.features import SPECTRA

LAUGH_SPECTRA: Final = 100  # of 10 ms in which laughter is looked for: five calls
_LAGS: Final = range(14, 31)  # spectra from one call to the next: 3.3 to 7 a second
_BANDS: Final = 20  # of the spectrum
_SMILE: Final = EMOTIONS.index("happy")


@dataclass(frozen=True)
class Reaction:
    """Of one frame.

    Attributes:
        attention: to the other one, 0 to 1; from 0.5 on the eyes look at the viewer.
        nod: how far the head is lowered, radians.
        brows: how far they are raised, 0 to 1.
        smile: strength of the emotion "happy", 0 to 1.
    """

    attention: float = 0.0
    nod: float = 0.0
    brows: float = 0.0
    smile: float = 0.0

    def directed(self, dials: Dials) -> Dials:
        """The dials of this frame, (1, ...) each, with what the reaction makes of them.

        A gaze that is set stays.
        """
        if self == NONE:
            return dials
        gaze, pose, emotion = dials.gaze, dials.pose.copy(), dials.emotion.copy()
        if self.attention > 0.5 and np.isnan(gaze).any():
            gaze = np.zeros_like(gaze)
        pose[:, 1] -= self.nod
        emotion[:, _SMILE] = np.maximum(emotion[:, _SMILE], self.smile)
        return replace(dials, gaze=gaze, pose=pose, emotion=emotion)


NONE: Final = Reaction()


class Calm:
    """How calm a face is that says nothing, 0 to 1: it comes some time after its last word."""

    def __init__(self, calibration: Calibration) -> None:
        self._after, self._pace = calibration.calm_after, calibration.calm_pace
        self._silent, self._calm = 0, 0.0

    def next(self, speaking: bool) -> float:
        """Of the next frame."""
        self._silent = 0 if speaking else self._silent + 1
        calm = self._silent > self._after
        if calm or self._calm:
            self._calm += self._pace * (calm - self._calm)
            self._calm = self._calm if self._calm > 0.01 or calm else 0.0
        return self._calm


class Reactions:
    """Reacts frame by frame to the other one's voice.

    Args:
        calibration: how, how far and how often.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._phrases = PhraseEnds(calibration.phrase_least, calibration.phrase_pause)
        self._laughter = Laughter(calibration.laughter, calibration.laughter_lasting)
        self._attention = self._smile = 0.0
        self._heard = self._spoken = self._laughed = 10**9  # frames since
        self._nods: deque[float] = deque()  # angles of the frames to come
        self._brows: deque[float] = deque()

    def next(
        self,
        voice: bool,
        spectra: NDArray[np.float32],
        speaking: bool,
        chance: np.random.Generator,
    ) -> Reaction:
        """The reaction to the next frame.

        Args:
            voice: whether the other one's sounds.
            spectra: (4, 80) log-mel of the other's sound, as in `Speech.mel`.
            speaking: whether the face's own voice sounds.
            chance: decides what it does where it may do something.
        """
        c = self._calibration
        self._heard = 0 if voice else self._heard + 1
        self._spoken = 0 if speaking else self._spoken + 1
        turn = self._spoken > c.listen_turn  # it is the other one's
        attends = turn and self._heard <= c.listen_hold
        self._attention += (c.listen_rise if attends else c.listen_fall) * (
            float(attends) - self._attention
        )
        laughing = self._laughter.next(spectra)
        self._laughed = 0 if laughing else self._laughed + 1
        smiles = self._laughed <= c.smile_hold
        self._smile += (c.smile_rise if smiles else c.smile_fall) * (c.smile * smiles - self._smile)
        if self._phrases.next(voice) and turn and not smiles:
            self._sign(chance)
        return Reaction(
            self._attention if self._attention > 0.01 else 0.0,
            self._nods.popleft() if self._nods else 0.0,
            self._brows.popleft() if self._brows else 0.0,
            self._smile if self._smile > 0.01 else 0.0,
        )

    def _sign(self, chance: np.random.Generator) -> None:
        """Plan a nod, a movement of the brows, both, or nothing."""
        c = self._calibration
        nods, raises, delay = chance.random(), chance.random(), int(chance.integers(*c.sign_delay))
        size, dips = chance.uniform(*c.nod_size), chance.choice((1, 2, 3), p=c.nod_chances)
        if not self._nods and nods < c.nod_often:
            dip = _bump(c.nod_frames)
            sizes = np.radians(size) * c.nod_decay ** np.arange(dips)
            self._nods.extend([0.0] * delay + np.outer(sizes, dip).ravel().tolist())
        if not self._brows and raises < c.brows_often:
            raised = chance.uniform(*c.brows_size) * _bump(c.brows_frames)
            self._brows.extend([0.0] * delay + raised.tolist())


def _bump(frames: int) -> NDArray[np.float64]:
    """From 0 to 1 and back, at rest at both ends, (frames,)."""
    return np.asarray(np.sin(np.pi * np.arange(1, frames + 1) / (frames + 1)) ** 2)


class PhraseEnds:
    """Notices that a phrase has ended: speech, then a pause.

    Args:
        least: frames of speech that make a phrase.
        pause: frames of silence after which it has ended.
    """

    def __init__(self, least: int, pause: int) -> None:
        self._least, self._pause = least, pause
        self._spoken = self._silent = 0

    def next(self, voice: bool) -> bool:
        """Whether one has ended in the next frame."""
        if voice:
            self._spoken = self._spoken + 1 if self._silent <= self._pause else 1
            self._silent = 0
            return False
        self._silent += 1
        return self._silent == self._pause and self._spoken >= self._least


class Laughter:
    """Notices laughter: one call that comes again and again.

    Args:
        least: how far the spectrum goes with itself a call earlier, Pearson's r.
        lasting: in how many of so many frames it must.
    """

    def __init__(self, least: float, lasting: tuple[int, int]) -> None:
        self._least, self._needed = least, lasting[0]
        self._repeats: deque[bool] = deque(maxlen=lasting[1])
        self._spectra = np.zeros((LAUGH_SPECTRA, _BANDS))
        self._count = 0

    def next(self, spectra: NDArray[np.float32]) -> bool:
        """Whether somebody laughs in the next frame.

        Args:
            spectra: (4, 80) as in `Speech.mel`.
        """
        self._spectra[:-SPECTRA] = self._spectra[SPECTRA:]
        self._spectra[-SPECTRA:] = spectra.reshape(SPECTRA, _BANDS, -1).mean(2)
        self._count += SPECTRA
        whole = self._count >= LAUGH_SPECTRA
        self._repeats.append(whole and repetition(self._spectra) >= self._least)
        return sum(self._repeats) >= self._needed


def repetition(spectra: NDArray[np.floating]) -> float:
    """How far spectra (T, bands) go with themselves a call earlier, Pearson's r, the best lag's.

    What is the same all the time counts as nothing; so does a rhythm that is faint.
    """
    moving = spectra - spectra.mean(0)
    best = 0.0
    for lag in _LAGS:
        here, before = moving[lag:], moving[:-lag]
        power = float(np.sqrt((here**2).sum() * (before**2).sum()))
        best = max(best, float((here * before).sum()) / max(power, 1.0))
    return best
