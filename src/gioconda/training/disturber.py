"""Sounds that lie under others, and the chain that a user's sound goes through."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.media import read_audio
from gioconda.training import augmentation

_MUSIC, _BABBLE = 0.35, 0.12  # how often music, and other voices, lie under a sound
_LOUDNESS: Final = (2.0, 22.0)  # dB of a voice over music or other voices


@dataclass
class Disturber:
    """Lays other sounds under a sound, and sends it through a user's microphone.

    Args:
        music: recordings without a voice, (samples,) each; a formula's music is used as well.
        voices: speech that is heard low behind other speech.
    """

    music: list[NDArray[np.float32]] = field(default_factory=list)
    voices: list[NDArray[np.float32]] = field(default_factory=list)

    def __call__(self, pcm: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """The sound disturbed."""
        sound = np.asarray(pcm, np.float64)
        if rng.random() < _MUSIC:
            sound = augmentation.mixed(sound, self.bed(len(sound), rng), rng.uniform(*_LOUDNESS))
        if self.voices and rng.random() < _BABBLE:
            others = sum(
                (cut(self.voices, len(sound), rng) for _ in range(rng.integers(1, 5))),
                np.zeros(len(sound)),
            )
            sound = augmentation.mixed(sound, others, rng.uniform(8, 22))
        return augmentation.augmented(sound, rng)

    def bed(self, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Some music."""
        if self.music and rng.random() < 0.6:
            return cut(self.music, samples, rng)
        return augmentation.any_music(samples, rng)


def cut(
    sounds: list[NDArray[np.float32]], samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A piece of one of some recordings."""
    sound = sounds[rng.integers(len(sounds))]
    start = int(rng.integers(max(1, len(sound) - samples)))
    return np.resize(sound[start : start + samples], samples).astype(np.float64)


def read_sounds(folder: Path) -> list[NDArray[np.float32]]:
    """All recordings in a folder.

    Raises:
        GiocondaError: if there is none, or one of them is no sound.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        raise GiocondaError(f"{folder} has no sound; docs/hearing.md says how to make some")
    return [read_audio(file) for file in files]
