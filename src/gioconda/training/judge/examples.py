"""What the sync judge learns from: windows of clips, of sentences, and of no voice at all.

An example is a dictionary of arrays, T = `WINDOW` frames long:

    mel     (4 (FIELD + T + LOOK_AHEAD), 80)   the sound as it hears it
    phones  (T, 2)                             their numbers in `LABEL`, or `UNKNOWN`
    voice   (T,)                               1 where a voice sounds
    lower   (T, C)                             of clips only: the lower face
    gap     ()                                 of clips only: between the lips of the neutral face

Silence comes before the beginning of a clip.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from gioconda.data.phones import LABEL
from gioconda.data.phones import SILENCE as PAUSE
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_gap
from gioconda.media import FPS
from gioconda.speech import LOOK_AHEAD, MELS, SAMPLES, SILENCE, SPECTRA, listen
from gioconda.training import augmentation
from gioconda.training.judge.network import FIELD, HALVES
from gioconda.training.targets import resampled, smooth

WINDOW: Final = 24  # frames that a window is judged on
UNKNOWN: Final = -1  # a phone without a label
_HEARD: Final = FIELD + WINDOW + LOOK_AHEAD  # frames of sound
_LONGEST: Final = 250  # frames of a clip from which it is not drawn more often

Example = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class SpeechSet:
    """Clips, whose lips are seen, and sentences, whose phones are known."""

    performances: list[Performance]
    utterances: list[Utterance]

    def of_people(self, wanted: Callable[[str], bool]) -> "SpeechSet":
        """The clips of some people that are long enough and speech all through; all sentences."""
        return SpeechSet(
            [
                one
                for one in self.performances
                if wanted(one.clip.person) and one.own.all() and len(one) > WINDOW + LOOK_AHEAD
            ],
            self.utterances,
        )


class Windows(IterableDataset[dict[str, Tensor]]):
    """Batches without end: windows of clips, of sentences, and without a voice, in this order.

    Args:
        data: where they come from.
        counts: windows of each kind.
        speeds: slowest and fastest.
        seed: of what is drawn.
    """

    def __init__(
        self,
        data: SpeechSet,
        counts: tuple[int, int, int],
        speeds: tuple[float, float],
        seed: int,
    ) -> None:
        self._data, self._counts, self._speeds, self._seed = data, counts, speeds, seed
        self._lower = released_basis().lower
        self._chance = np.array([min(len(one), _LONGEST) for one in data.performances], float)
        self._chance /= self._chance.sum()

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        rng = np.random.default_rng(self._seed)
        clips, sentences, unvoiced = self._counts
        performances, utterances = self._data.performances, self._data.utterances
        while True:
            chosen = rng.choice(len(performances), clips, p=self._chance)
            windows = [_of_clip(performances[i], self._lower, self._speeds, rng) for i in chosen]
            spoken = rng.choice(len(utterances), sentences)
            windows += [_of_sentence(utterances[i], self._speeds, rng) for i in spoken]
            windows += [_unvoiced(rng) for _ in range(unvoiced)]
            yield {
                name: torch.from_numpy(np.stack([w[name] for w in windows if name in w]))
                for name in windows[0]
            }


def _of_clip(
    one: Performance, lower: slice, speeds: tuple[float, float], rng: np.random.Generator
) -> Example:
    speed = rng.uniform(*speeds)
    start = _start(len(one), speed, rng)
    at = np.minimum((start + np.arange(WINDOW)) * speed, len(one) - 1)
    pcm = _cut(one.pcm, start, speed)
    clean = listen(pcm.astype(np.float32)).voice[-WINDOW - LOOK_AHEAD : -LOOK_AHEAD]
    return {
        "mel": _mel(augmentation.augmented(pcm, rng)),
        "phones": np.full((WINDOW, HALVES), UNKNOWN),
        "voice": clean.astype(np.int64),
        "lower": resampled(smooth(one.motion.dynamics[:, lower]), at),
        "gap": np.asarray(lip_gap(one.neutral), np.float32),
    }


def _of_sentence(one: Utterance, speeds: tuple[float, float], rng: np.random.Generator) -> Example:
    speed = rng.uniform(*speeds)
    start = _start(len(one.pcm) / SAMPLES, speed, rng)
    middles = (start + (np.arange(WINDOW * HALVES) + 0.5) / HALVES) / FPS * speed
    ends = np.array([phone.end for phone in one.phones])
    names = [LABEL[phone.name] for phone in one.phones]
    labels = np.array([*names, LABEL[PAUSE]])[np.searchsorted(ends, middles)]
    labels = labels.reshape(WINDOW, HALVES)
    pcm = _cut(one.pcm, start, speed)
    return {
        "mel": _mel(augmentation.augmented(pcm, rng)),
        "phones": labels,
        "voice": (labels != LABEL[PAUSE]).any(1).astype(np.int64),
    }


def _unvoiced(rng: np.random.Generator) -> Example:
    """Music or noise."""
    make = augmentation.any_music if rng.random() < 0.6 else augmentation.noise
    pcm = augmentation.equalised(make(_HEARD * SAMPLES, rng), rng)
    if rng.random() < 0.5:
        pcm = augmentation.in_room(pcm, rng)
    return {
        "mel": _mel(augmentation.at_level(pcm, rng.uniform(-70, -12))),
        "phones": np.full((WINDOW, HALVES), UNKNOWN),
        "voice": np.zeros(WINDOW, np.int64),
    }


def _start(frames: float, speed: float, rng: np.random.Generator) -> int:
    """A window's first frame, in frames at that speed."""
    return int(rng.integers(0, max(1, int(frames / speed) - WINDOW - LOOK_AHEAD + 1)))


def _cut(pcm: NDArray[np.float32], start: int, speed: float) -> NDArray[np.float64]:
    """The sound of a window with what it hears before and after, at another speed."""
    first = max(0, start - FIELD)
    at = np.arange(first * SAMPLES, (start + WINDOW + LOOK_AHEAD) * SAMPLES) * speed
    return np.interp(at, np.arange(len(pcm)), pcm, right=0.0)


def _mel(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    mel = listen(pcm).mel
    before = np.full((_HEARD - len(mel), SPECTRA, MELS), SILENCE, np.float32)
    return np.concatenate([before, mel]).reshape(-1, MELS)
