"""Trials: real clips of people who talk, beside what a generator makes of their sound."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.phones import Phone
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, in_basis
from gioconda.face.encode import encode
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.speech.features import SAMPLES

_LEAST: Final = FPS  # frames of speech of a trial


class GeneratorLike(Protocol):
    """Sound in, motion out, a little later; 25 frames a second."""

    def append(self, pcm: NDArray[np.float32], /) -> Motion:
        """The frames that are now certain, of (samples,) 16 kHz mono in [-1, 1]."""

    def finish(self) -> Motion:
        """The frames that are left: ceil(samples / 640) in all."""


Maker = Callable[[int], GeneratorLike]
"""A generator of a seed."""


@dataclass(frozen=True)
class Trial:
    """A real clip.

    Attributes:
        name: of the clip.
        person: whose face it is.
        source: the collection that it comes from.
        motion: what was tracked in all T frames.
        seen: (T,) whether the face was found.
        neutral: (478, 3) the person's neutral face: the median over the person's clips.
        speech: the longest run of frames whose sound belongs to the face; may be empty.
        pcm: (640 frames,) the sound of those frames, 16 kHz mono.
        phones: spoken in them, times in seconds from the first of them; empty if not known.
    """

    name: str
    person: str
    source: str
    motion: Motion
    seen: NDArray[np.bool_]
    neutral: NDArray[np.float32]
    speech: slice
    pcm: NDArray[np.float32]
    phones: tuple[Phone, ...]

    @property
    def spoken(self) -> Motion:
        """The motion of the frames of `speech`."""
        return self.motion[self.speech]


def read_trials(clips: list[Clip], basis: Basis) -> list[Trial]:
    """Clips as a prepared set has them.

    Args:
        clips: of one split.
        basis: of the motion.

    Raises:
        GiocondaError: if there is no clip.
    """
    if not clips:
        raise GiocondaError("there are no clips; give a set that gioconda prepare made")
    trials = [_read(clip, basis) for clip in clips]
    faces: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for trial in trials:
        faces[trial.person].append(trial.neutral)
    medians = {person: np.median(found, axis=0) for person, found in faces.items()}
    return [replace(trial, neutral=medians[trial.person]) for trial in trials]


def longest_run(clip: Clip) -> slice:
    """The frames of a clip in which its person speaks for longest; none if nobody is heard."""
    if not clip.speech:
        return slice(0, 0)
    own = np.flatnonzero(np.diff(clip.heard()["own"].astype(int), prepend=0, append=0))
    runs = own.reshape(-1, 2).tolist()
    return slice(*max(runs, key=lambda run: run[1] - run[0], default=(0, 0)))


def _read(clip: Clip, basis: Basis) -> Trial:
    facts = json.loads(clip.video.with_suffix(".json").read_text())
    measured = clip.measures()
    if facts["basis"] == basis.name:
        pose, dynamics = (measured[name].astype(np.float32) for name in ("pose", "dynamics"))
        motion = in_basis(Motion(pose, dynamics, basis.name), basis)
        neutral = measured["neutral"].astype(np.float32)
    else:
        motion, neutral = encode(clip.track(), basis)
    speech, pcm = longest_run(clip), np.empty(0, np.float32)
    if speech.stop - speech.start < _LEAST:
        speech = slice(0, 0)
    else:
        pcm = clip.audio()[speech.start * SAMPLES : speech.stop * SAMPLES]
    begin, end = speech.start / FPS, speech.stop / FPS
    phones = tuple(
        Phone(name, start - begin, stop - begin)
        for name, start, stop in facts.get("phones", ())
        if start >= begin and stop <= end
    )
    return Trial(
        name=clip.name,
        person=clip.person,
        source=clip.source,
        motion=motion,
        seen=measured["seen"].astype(bool),
        neutral=neutral,
        speech=speech,
        pcm=pcm,
        phones=phones,
    )


def generate(make: Maker, pcm: NDArray[np.float32], seed: int = 0) -> Motion:
    """The motion of a whole recording, ceil(samples / 640) frames."""
    return in_pieces(make, pcm, len(pcm), seed)


def in_pieces(make: Maker, pcm: NDArray[np.float32], size: int, seed: int = 0) -> Motion:
    """As `generate`, the sound given in pieces of so many samples."""
    generator = make(seed)
    parts = [generator.append(pcm[at : at + size]) for at in range(0, len(pcm), max(1, size))]
    return Motion.joined([*parts, generator.finish()])
