"""Sounds without a face: sentences whose phones are known, and sounds without a voice."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import CLOSURES, ROUND, SILENCE, TOUCHES, VOWELS, Phone
from gioconda.data.spoken.utterances import Utterance
from gioconda.generator.network import speech_condition
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.speech import listen
from gioconda.speech.encoder import hear, load_encoder
from gioconda.training import augmentation
from gioconda.training.disturber import Disturber
from gioconda.training.steps import Report, reported

KINDS: Final = (CLOSURES, TOUCHES, tuple(sorted(VOWELS.difference(ROUND))), ROUND)
MEETING, TOUCHING, OPEN, ROUNDED = range(4)
CONTACTS: Final = (MEETING, TOUCHING)

_PIECE: Final = 5.0  # seconds of a sound without a voice
_PLAIN: Final = 0.3  # of the sentences are not disturbed
_QUIET: Final = (0.1, 0.3)  # of sounds without a voice are silence, up to here noise; then music


@dataclass(frozen=True)
class Sound:
    """T frames of what is heard.

    Attributes:
        speech: (T, 258) as `speech_condition`.
        voice: (T,) 1 where a voice sounds, 0 where none does, NaN where it may be a short pause.
        spans: (M, 3) phones in which lips have to do something: a number in `KINDS`, the first
            frame, and the frame after the last.
    """

    speech: NDArray[np.float32]
    voice: NDArray[np.float32]
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.speech)


def read_sentences(
    utterances: Sequence[Utterance], disturber: Disturber, report: Report
) -> list[Sound]:
    """Sentences, most of them disturbed."""
    rng, encoder = np.random.default_rng(0), load_encoder()
    found = []
    for one in reported(utterances, "hearing sentences", report):
        pcm = one.pcm if rng.random() < _PLAIN else disturber(one.pcm, rng)
        speech = listen(pcm)
        voice = np.full(len(speech), np.nan, np.float32)
        for phone in one.phones:
            if phone.name != SILENCE:
                voice[int(phone.start * FPS) : int(np.ceil(phone.end * FPS))] = 1
        features = speech_condition(hear(speech.mel, encoder), speech.loudness)
        found.append(Sound(features, voice, spans_of(one.phones, len(features))))
    return found


def spans_of(phones: Iterable[Phone], frames: int) -> NDArray[np.int64]:
    """Phones in which lips have to do something, (M, 3) as in `Sound`, that end by so many frames.

    A vowel has every frame that it has a part in, but those of contacts.
    """
    times = [(one.name, round(one.start * FPS, 3), round(one.end * FPS, 3)) for one in phones]
    kinds = [next((k for k, names in enumerate(KINDS) if name in names), -1) for name, *_ in times]
    spans = [
        (kind, round(start), round(end))
        for kind, (_, start, end) in zip(kinds, times, strict=True)
        if kind in CONTACTS
    ]
    taken = {frame for _, first, stop in spans for frame in range(first, stop)}
    for kind, (_, start, end) in zip(kinds, times, strict=True):
        free = [frame for frame in range(int(start), int(np.ceil(end))) if frame not in taken]
        if kind in (OPEN, ROUNDED) and free:
            spans.append((kind, free[0], free[-1] + 1))
    whole = [span for span in spans if span[1] < span[2] <= frames]
    return np.array(whole, np.int64).reshape(-1, 3)


def read_voiceless(count: int, disturber: Disturber, report: Report) -> list[Sound]:
    """Silence, noise and music, each in a room and through a microphone of its own."""
    rng, encoder = np.random.default_rng(0), load_encoder()
    found = []
    for pcm in reported(list(_voiceless(count, disturber, rng)), "hearing music", report):
        speech = listen(pcm)
        features = speech_condition(hear(speech.mel, encoder), speech.loudness)
        nothing = np.zeros(len(features), np.float32), np.empty((0, 3), np.int64)
        found.append(Sound(features, *nothing))
    return found


def _voiceless(
    count: int, disturber: Disturber, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    samples = round(_PIECE * SAMPLE_RATE)
    for part in rng.permutation(count) / count:
        if part < _QUIET[0]:
            yield np.zeros(samples, np.float32)
        elif part < _QUIET[1]:
            noise = augmentation.noise(samples, rng)
            yield augmentation.at_level(noise, rng.uniform(-70, -20))
        else:
            yield augmentation.augmented(disturber.bed(samples, rng), rng)
