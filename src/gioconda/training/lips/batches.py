"""Batches: windows of clips, of sentences, and of sounds without a voice."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.lips import EARLIER, LATER
from gioconda.generator.network import Conditions
from gioconda.motion import POSE
from gioconda.speech.encoder import FEATURES
from gioconda.training.examples import Copies, Example, chances
from gioconda.training.lips.sounds import CONTACTS, MEETING, OPEN, ROUNDED, Sound, spans_of

BEFORE: Final = 20  # frames that a window hears before its own
SPEECH: Final = Conditions.SPEECH.stop  # numbers that tell the speech of a frame
_VOICE: Final = 0.3  # the encoder's certainty of a voice in a clean clip from which there is one
_MET: Final = 0.01  # inter-ocular distances between lips that meet, as they are tracked
_LONGEST: Final = 250  # frames of a clip from which it is not drawn more often


@dataclass(frozen=True)
class Windows:
    """What a batch is made of.

    Attributes:
        frames: of a window.
        clips, sentences, voiceless: windows of each kind; none where there are no such sounds.
        unknown: how often the condition is left at the median.
        live: how often nothing is heard ahead, and as often all of it; else a part.
        articulations, partings: least and largest of a sound without a face, as logarithms.
    """

    frames: int = 30
    clips: int = 56
    sentences: int = 20
    voiceless: int = 12
    unknown: float = 0.15
    live: float = 0.4
    articulations: tuple[float, float] = (-0.5, 0.8)
    partings: tuple[float, float] = (-0.5, 0.7)


@dataclass(frozen=True)
class Batch:
    """N windows of T frames, of which the first C are of clips.

    Attributes:
        speech: (N, `BEFORE` + T + `LATER` - `EARLIER`, 258).
        heard: (N, frames of speech) 0 before the sound begins and after it ends, else 1.
        ahead: (N,) later frames that are heard.
        manner: (N, 2).
        voice: (N, T) as in `Sound`.
        meet: (N, T) 1 where lips meet in a voice, 0 where they do not, NaN where it is not known.
        lower: (C, T, coordinates).
        counts: (C, T) 1 where a frame is to be learned.
        neutral_gap: (N,); that of the mean face where there is no clip.
        spans: (M, 4) window, and as in `Sound`, of those that lie whole in their window; of clips
            only contacts, for vowels have real lips.
    """

    speech: Tensor
    heard: Tensor
    ahead: Tensor
    manner: Tensor
    voice: Tensor
    meet: Tensor
    lower: Tensor
    counts: Tensor
    neutral_gap: Tensor
    spans: Tensor


class Batches:
    """Draws batches: of each clip one of its copies, each as often in the mirror."""

    def __init__(
        self,
        clips: list[Copies],
        sentences: list[Sound],
        voiceless: list[Sound],
        windows: Windows,
        rng: np.random.Generator,
    ) -> None:
        self._clips, self._windows, self._rng = clips, windows, rng
        self._sounds = (sentences, windows.sentences), (voiceless, windows.voiceless)
        basis = released_basis()
        self._mean_gap = float(lip_gap(basis.mean))
        self._gap = lip_gap(basis.dynamics[basis.lower]).astype(np.float32)
        self._chances = chances(clips, lambda one: np.exp(one.manner[0]) * min(len(one), _LONGEST))

    def draw(self) -> Batch:
        rng, sizes = self._rng, self._windows
        drawn = rng.choice(len(self._clips), sizes.clips, p=self._chances)
        copies = [self._clips[i] for i in drawn]
        chosen = [one[rng.integers(len(one))] for one in copies]
        clips = [self._of_clip(one, own) for one, (own, *_) in zip(chosen, copies, strict=True)]
        sounds = [
            self._of_sound(kind[rng.integers(len(kind))])
            for kind, count in self._sounds
            for _ in range(count if kind else 0)
        ]
        known = rng.random(len(clips)) >= sizes.unknown
        manners = np.array([one.manner for one in chosen]) * known[:, None]
        ranges = sizes.articulations, sizes.partings
        free = np.stack([rng.uniform(*each, len(sounds)) for each in ranges], 1)
        manners = np.concatenate([manners, free])
        parts = [_stacked([window[i] for window in (*clips, *sounds)]) for i in range(4)]
        found = [window[4] for window in (*clips, *sounds)]
        spans = [np.insert(one, 0, row, axis=1) for row, one in enumerate(found)]
        gaps = [one.neutral_gap for one in chosen] + [self._mean_gap] * len(sounds)
        return Batch(
            parts[0],
            parts[1],
            self._ahead(len(manners)),
            torch.from_numpy(manners.astype(np.float32)),
            parts[2],
            parts[3],
            _stacked([window[5] for window in clips]),
            _stacked([window[6] for window in clips]),
            torch.tensor(gaps),
            torch.from_numpy(np.concatenate(spans)),
        )

    def _ahead(self, count: int) -> Tensor:
        part, live = self._rng.random(count), self._windows.live
        some = self._rng.integers(1, LATER, count)
        return torch.from_numpy(np.where(part < live, 0, np.where(part < 2 * live, LATER, some)))

    def _of_clip(self, example: Example, clip: Example) -> tuple[NDArray[Any], ...]:
        """Speech, where it is heard, voice, meeting, spans, lips, and which of these count.

        The clip as it is tells where a voice sounds in a copy that is disturbed.
        """
        lower = (example.mirrored if self._rng.random() < 0.5 else example.motion)[:, _lower()]
        size = self._windows.frames
        start = int(self._rng.integers(max(1, len(example) - size + 1)))
        speech, heard = self._heard(example.conditions[:, Conditions.SPEECH], start)
        at = np.linspace(0, len(clip) - 1, len(example)).round().astype(int)
        sounds = (clip.conditions[:, FEATURES] > _VOICE)[at] & example.own
        voice = np.where(sounds, np.float32(1), np.float32(np.nan))
        counts = np.ones(len(lower), np.float32)
        met = lower @ self._gap + example.neutral_gap < _MET
        meet = np.where(sounds, met, np.float32(np.nan)).astype(np.float32)
        spans = spans_of(example.phones, len(example))
        spans = self._inside(spans[np.isin(spans[:, 0], CONTACTS)], start)
        cut = (_padded(one[start : start + size], size) for one in (lower, counts))
        known = (_padded(one[start : start + size], size, np.nan) for one in (voice, meet))
        return speech, heard, *known, spans, *cut

    def _of_sound(self, sound: Sound) -> tuple[NDArray[Any], ...]:
        """Speech, where it is heard, voice, meeting, and spans."""
        size = self._windows.frames
        start = int(self._rng.integers(max(1, len(sound) - size + 1)))
        speech, heard = self._heard(sound.speech, start)
        voice = _padded(sound.voice[start : start + size], size, np.nan)
        spans = self._inside(sound.spans, start)
        meet = np.full(size, np.nan, np.float32)
        for kind, first, stop in spans:
            if kind in (OPEN, ROUNDED):
                meet[first:stop] = 0
            elif kind == MEETING:  # its middle, where lips are most surely together
                meet[(first + stop - 1) // 2] = 1
        return speech, heard, voice, meet, spans

    def _inside(self, spans: NDArray[np.int64], start: int) -> NDArray[np.int64]:
        """Those that lie whole in a window that starts there, counted from its start."""
        moved = spans - np.array([0, start, start])
        return moved[(moved[:, 1] >= 0) & (moved[:, 2] <= self._windows.frames)]

    def _heard(
        self, speech: NDArray[np.float32], start: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Speech about a window that starts there, and where there is any."""
        size = BEFORE + self._windows.frames + LATER - EARLIER
        window, heard = np.zeros((size, SPEECH), np.float32), np.zeros(size, np.float32)
        first, end = max(0, start - BEFORE), min(len(speech), start - BEFORE + size)
        there = slice(first - start + BEFORE, end - start + BEFORE)
        window[there], heard[there] = speech[first:end], 1
        return window, heard


def _padded(values: NDArray[np.float32], size: int, value: float = 0.0) -> NDArray[np.float32]:
    rest = [(0, size - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, rest, constant_values=value)


def _stacked(rows: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(rows))


def _lower() -> slice:
    """Where an example's motion has the lower face."""
    return slice(len(POSE) + released_basis().lower.start, None)
