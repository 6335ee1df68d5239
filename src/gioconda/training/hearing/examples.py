"""What the recipe learns from: sounds as they come and disturbed, and what is known of them.

Made once and kept in a folder, because the teacher and the disturbances cost more than a step of
training.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from gioconda.data.people import for_judge
from gioconda.data.phones import LABEL, SILENCE, Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.voices import another
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis
from gioconda.face.measure import lip_gap
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES, SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training import augmentation
from gioconda.training.disturber import Disturber, cut
from gioconda.training.hearing.teacher import HALVES, Projection, Whisper
from gioconda.training.targets import resampled, smooth

UNKNOWN: Final = -1  # phone
KINDS: Final = ("clips", "sentences", "speech", "nobody")
_PIECE: Final = 10  # seconds of a long recording in one example
_LEAST: Final = 15  # frames of an example
_OWN: Final = 0.9  # of a clip's frames in which its sound has to be its face's
_NOBODY: Final = 240  # examples without a voice


@dataclass(frozen=True)
class Source:
    """A sound and what is known of it.

    Attributes:
        pcm: (samples,) 16 kHz mono.
        phones: when each is heard; empty if it is not known.
        lower: (T, C) coordinates of the lower face; None where lips may not be learned from.
        own: (T,) where the sound is that face's.
        gap: `lip_gap` of the neutral face.
        teach: whether the teacher has something to say of it.
    """

    pcm: NDArray[np.float32]
    phones: tuple[Phone, ...] = ()
    lower: NDArray[np.float32] | None = None
    own: NDArray[np.bool_] | None = None
    gap: float = 0.0
    teach: bool = True


@dataclass(frozen=True)
class Examples:
    """Examples of one kind, their F frames one after the other.

    Attributes:
        mel: (K, F, 320) log-mel of the sound as it came and of K - 1 disturbed copies.
        teacher: (F, P) the teacher's projected features.
        taught: (F,) whether they are known.
        voice: (F,) whether a voice sounds.
        phones: (F, 2) label of each half frame, or `UNKNOWN`.
        lower: (F, C) coordinates of the lower face.
        own: (F,) whether they are known.
        gap: (E,) `lip_gap` of each example's neutral face.
        start: (E + 1,) first frame of each example; the last is F.
    """

    mel: NDArray[np.float16]
    teacher: NDArray[np.float16]
    taught: NDArray[np.bool_]
    voice: NDArray[np.bool_]
    phones: NDArray[np.int8]
    lower: NDArray[np.float16]
    own: NDArray[np.bool_]
    gap: NDArray[np.float32]
    start: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.gap)


# --- sources ---


def of_clips(performances: Iterable[Performance], basis: Basis, lips: bool) -> Iterator[Source]:
    """Clips whose sound belongs to the face.

    Args:
        performances: of one split.
        basis: in which lips are told.
        lips: whether lips of people that the sync judge learns from are told as well.
    """
    for one in performances:
        if one.own.mean() < _OWN:
            continue
        known = lips or not for_judge(one.clip.person)
        lower = smooth(one.motion.dynamics[:, basis.lower]) if known else None
        yield Source(one.pcm, lower=lower, own=one.own, gap=float(lip_gap(one.neutral)))


def of_sentences(utterances: Iterable[Utterance]) -> Iterator[Source]:
    """Sentences with the times of their phones."""
    for one in utterances:
        yield Source(one.pcm, phones=one.phones)


def of_recordings(recordings: Iterable[NDArray[np.float32]]) -> Iterator[Source]:
    """Speech of which nothing is known, in pieces of some seconds."""
    for pcm in recordings:
        size = _PIECE * SAMPLE_RATE
        for start in range(0, len(pcm) - size // 4, size):
            yield Source(pcm[start : start + size])


def of_nobody(disturber: Disturber, rng: np.random.Generator) -> Iterator[Source]:
    """Music and noise in which nobody speaks."""
    for i in range(_NOBODY):
        samples = _PIECE * SAMPLE_RATE
        if i % 4 == 0:
            pcm = augmentation.noise(samples, rng)
        elif i % 4 == 1 or not disturber.music:
            pcm = augmentation.any_music(samples, rng)
        else:
            pcm = cut(disturber.music, samples, rng)
        yield Source(augmentation.at_level(pcm, rng.uniform(-60, -12)), teach=False)


# --- examples ---


def make_examples(
    sources: Iterable[Source],
    teacher: Whisper,
    projection: Projection,
    disturber: Disturber,
    coordinates: int,
    rng: np.random.Generator,
    copies: int = 2,
    changed: bool = True,
) -> Examples:
    """Examples of sources, each as it is and once by another voice.

    Args:
        sources: of one kind.
        teacher: hears what is not disturbed.
        projection: of what it hears.
        disturber: of the copies.
        coordinates: of the lower face.
        rng: of all that comes by chance.
        copies: disturbed ones of each example.
        changed: whether another voice says each of them too.

    Raises:
        GiocondaError: if no source is long enough.
    """
    rows: list[dict[str, NDArray[Any]]] = []
    for source in sources:
        variants = [(source.pcm, 1.0)]
        if changed and source.teach:
            variants.append(another(source.pcm, rng))
        for pcm, speed in variants:
            pcm = pcm[: len(pcm) // SAMPLES * SAMPLES]
            if len(pcm) >= _LEAST * SAMPLES:
                row = _targets(source, pcm, speed, teacher, projection, coordinates)
                mels = [pcm, *(disturber(pcm, rng) for _ in range(copies))]
                row["mel"] = np.stack([_mel(one) for one in mels])
                rows.append(row)
    if not rows:
        raise GiocondaError("no sound to learn from is longer than half a second")
    lengths = [len(row["voice"]) for row in rows]
    merged = {
        name: np.concatenate([row[name] for row in rows], axis=1 if name == "mel" else 0)
        for name in rows[0]
    }
    return Examples(**merged, start=np.cumsum([0, *lengths]).astype(np.int64))


def _mel(pcm: NDArray[np.float32]) -> NDArray[np.float16]:
    return listen(pcm).mel.reshape(-1, SPECTRA * MELS).astype(np.float16)


def _targets(
    source: Source,
    pcm: NDArray[np.float32],
    speed: float,
    teacher: Whisper,
    projection: Projection,
    coordinates: int,
) -> dict[str, NDArray[Any]]:
    """What is known of a source at another speed."""
    frames = len(pcm) // SAMPLES
    voice = listen(pcm).voice
    phones = np.full((frames, HALVES), UNKNOWN, np.int8)
    if source.phones:
        middles = (np.arange(frames * HALVES) + 0.5) / HALVES / FPS * speed
        names = [LABEL[phone.name] for phone in source.phones] + [LABEL[SILENCE]]
        ends = np.array([phone.end for phone in source.phones])
        phones = np.array(names)[np.searchsorted(ends, middles)].reshape(frames, HALVES)
        voice = (phones != LABEL[SILENCE]).any(1)
    lower = np.zeros((frames, coordinates), np.float16)
    own = np.zeros(frames, bool)
    if source.lower is not None and source.own is not None:
        at = np.minimum(np.arange(frames) * speed, len(source.lower) - 1)
        lower = resampled(source.lower, at).astype(np.float16)
        own = source.own[np.round(at).astype(int)]
    known = np.zeros((frames, projection.size), np.float16)
    if source.teach:
        known = projection(teacher(pcm)).astype(np.float16)
    return {
        "teacher": known,
        "taught": np.full(frames, source.teach),
        "voice": voice & source.teach,
        "phones": phones.astype(np.int8),
        "lower": lower,
        "own": own,
        "gap": np.array([source.gap], np.float32),
    }


def save_examples(examples: Examples, file: Path) -> None:
    """Write them, whole or not at all."""
    partial = file.with_suffix(".partial")
    save_file({name: np.ascontiguousarray(x) for name, x in vars(examples).items()}, partial)
    partial.rename(file)


def load_examples(file: Path) -> Examples:
    """What `save_examples` wrote."""
    return Examples(**load_file(file))
