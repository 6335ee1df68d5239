"""What the regressor learns from: windows of clips, their sound changed."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gioconda.data.clips import Clip
from gioconda.data.samples.talks import Talk, read_talk
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis
from gioconda.face.measure import lip_gap
from gioconda.generator.regressor import HISTORY
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.features import SAMPLES, SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.report import Report
from gioconda.training.targets import resampled, smooth

WINDOW: Final = 22  # frames that a window is judged on
_SPEED: Final = 0.08  # at most so much slower or faster
_LONGEST: Final = 250  # frames of a clip from which it is not drawn more often


def read_talks(clips: list[Clip], basis: Basis, report: Report) -> list[Talk]:
    """The clips that serve, in step.

    Raises:
        GiocondaError: if there is none.
    """
    talks = []
    for i, clip in enumerate(clips):
        talk = read_talk(clip, basis)
        if talk is not None and len(talk.dynamics) >= WINDOW + LOOK_AHEAD:
            talks.append(talk)
        report("reading clips", (i + 1) / len(clips))
    if not talks:
        raise GiocondaError(f"none of the {len(clips)} clips has a second of speech and a face")
    return talks


def chances(talks: list[Talk]) -> NDArray[np.float64]:
    """How often each clip is drawn, by its length."""
    chance = np.array([min(len(talk.dynamics), _LONGEST) for talk in talks], float)
    return np.asarray(chance / chance.sum())


def batch_of(
    talks: list[Talk], basis: Basis, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-mel, coordinates (N, WINDOW, 18), and the neutral gap between the lips (N,)."""
    mels, targets, gaps = [], [], []
    for talk in talks:
        speed = rng.uniform(1 - _SPEED, 1 + _SPEED)
        frames = int(len(talk.dynamics) / speed)
        start = int(rng.integers(0, max(1, frames - WINDOW - LOOK_AHEAD + 1)))
        first = max(0, start - HISTORY)
        at = (start + np.arange(WINDOW)) * speed
        samples = np.arange(first * SAMPLES, (start + WINDOW + LOOK_AHEAD) * SAMPLES) * speed
        pcm = np.interp(samples, np.arange(len(talk.pcm)), talk.pcm)
        mel = listen(_augmented(pcm, rng)).mel
        missing = WINDOW + HISTORY + LOOK_AHEAD - len(mel)
        before = np.full((missing, SPECTRA, MELS), SILENCE, np.float32)
        mels.append(np.concatenate([before, mel]).reshape(-1, MELS))
        targets.append(resampled(smooth(talk.dynamics[:, basis.lower]), at))
        gaps.append(float(lip_gap(talk.neutral)))
    return (
        torch.from_numpy(np.stack(mels)),
        torch.from_numpy(np.stack(targets)),
        torch.tensor(gaps, dtype=torch.float32),
    )


def _augmented(pcm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound with another loudness, colour and room noise."""
    spectrum = np.fft.rfft(pcm)
    knots = np.cumsum(rng.normal(0, 2.5, 7))  # dB, from 0 to 8 kHz
    curve = np.interp(np.linspace(0, 6, len(spectrum)), np.arange(7), knots - knots.mean())
    coloured = np.fft.irfft(spectrum * 10 ** (curve / 20), len(pcm))
    loud = float(np.sqrt((coloured**2).mean())) + 1e-6
    noise = rng.normal(0, loud * 10 ** (-rng.uniform(12, 60) / 20), len(pcm))
    level = 10 ** (rng.uniform(-38, -14) / 20)
    changed: NDArray[np.float32] = ((coloured + noise) * level / loud).astype(np.float32)
    return np.clip(changed, -1, 1)
