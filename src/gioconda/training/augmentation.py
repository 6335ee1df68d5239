"""Sound as users bring it: other rooms, microphones, telephones, music underneath.

All functions take and return (samples,) 16 kHz mono; loudness is left to `at_level`.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter, resample_poly

from gioconda.media import SAMPLE_RATE

Sound = NDArray[np.float64]

_TELEPHONE: Final = (300.0, 3400.0)  # Hz
_MU: Final = 255.0
_PIECES, _PIECE = 40, 10  # of music; seconds of each


@cache
def _pieces() -> tuple[Sound, ...]:
    rng = np.random.default_rng(0)
    return tuple(music(_PIECE * SAMPLE_RATE, rng) for _ in range(_PIECES))


def any_music(samples: int, rng: np.random.Generator) -> Sound:
    """Some of a fixed stock of music, which is made at the first call."""
    piece = _pieces()[rng.integers(_PIECES)]
    return np.asarray(np.resize(np.roll(piece, rng.integers(len(piece))), samples))


def augmented(pcm: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound after a chain of changes, each of which comes by chance; at any loudness."""
    sound = equalised(np.asarray(pcm, np.float64), rng)
    if rng.random() < 0.3:
        sound = in_room(sound, rng)
    if rng.random() < 0.25:
        sound = mixed(sound, any_music(len(sound), rng), rng.uniform(0, 20))
    if rng.random() < 0.8:
        sound = mixed(sound, noise(len(sound), rng), rng.uniform(8, 60))
    if rng.random() < 0.15:
        sound = telephoned(sound)
    return at_level(sound, rng.uniform(-38, -12))


def equalised(pcm: Sound, rng: np.random.Generator) -> Sound:
    """Another colour: a curve of about 5 dB over the spectrum."""
    spectrum = np.fft.rfft(pcm)
    knots = np.cumsum(rng.normal(0, 2.5, 7))  # dB, from 0 to 8 kHz
    curve = np.interp(np.linspace(0, 6, len(spectrum)), np.arange(7), knots - knots.mean())
    return np.fft.irfft(spectrum * 10 ** (curve / 20), len(pcm))


def in_room(pcm: Sound, rng: np.random.Generator) -> Sound:
    """With the echo of a room of 0.1 to 0.6 s, some of it direct sound."""
    length = int(rng.uniform(0.1, 0.6) * SAMPLE_RATE)
    echo = rng.normal(size=length) * np.exp(-6.9 * np.arange(length) / length)
    echo *= rng.uniform(0.1, 0.7) / np.sqrt((echo**2).sum())
    echo[0] = 1.0
    return np.asarray(fftconvolve(pcm, echo)[: len(pcm)], np.float64)


def telephoned(pcm: Sound) -> Sound:
    """As a telephone carries it: 300 to 3400 Hz, 8 kHz, 8 bits of mu-law (ITU-T G.711)."""
    spectrum = np.fft.rfft(pcm)
    pitch = np.fft.rfftfreq(len(pcm), 1 / SAMPLE_RATE)
    spectrum[(pitch < _TELEPHONE[0]) | (pitch > _TELEPHONE[1])] = 0
    narrow = resample_poly(np.fft.irfft(spectrum, len(pcm)), 1, 2)
    peak = np.abs(narrow).max() + 1e-9
    coded = np.sign(narrow) * np.log1p(_MU * np.abs(narrow) / peak) / np.log1p(_MU)
    coded = np.round(coded * 127) / 127
    narrow = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU * peak
    return np.asarray(resample_poly(narrow, 2, 1)[: len(pcm)], np.float64)


def noise(samples: int, rng: np.random.Generator) -> Sound:
    """Steady noise between white and brown, now and then with clicks."""
    white = rng.normal(size=samples)
    sound = lfilter([1.0], [1.0, -rng.choice([0.0, 0.5, 0.9, 0.98])], white)
    if rng.random() < 0.2:
        at = rng.integers(0, samples, max(1, samples // SAMPLE_RATE * 2))
        sound[at] += rng.normal(0, 20 * sound.std(), len(at))
    return np.asarray(sound, np.float64)


def music(samples: int, rng: np.random.Generator) -> Sound:
    """Chords of plucked or held tones over a beat, without a voice."""
    sound = np.zeros(samples)
    beat = int(rng.uniform(0.25, 0.8) * SAMPLE_RATE)
    base = 55.0 * 2 ** rng.uniform(0, 2)
    fall = rng.uniform(0.5, 12)  # per second: held or plucked
    bright = rng.uniform(0.5, 2.5)
    for start in range(-int(rng.integers(beat)), samples, beat):
        count = min(samples - max(start, 0), 2 * beat)
        t = np.arange(count) / SAMPLE_RATE
        note = np.zeros(count)
        for step in rng.choice([0, 3, 4, 7, 12, 14, 16, 19, 24], rng.integers(1, 5), False):
            pitch = base * 2 ** (step / 12)
            for harmonic in range(1, 12):
                if pitch * harmonic < SAMPLE_RATE / 2.2:
                    phase = rng.uniform(0, 2 * np.pi)
                    note += np.sin(2 * np.pi * pitch * harmonic * t + phase) / harmonic**bright
        note *= np.exp(-fall * t) * np.minimum(1, t * 200)
        if rng.random() < 0.5:  # a drum
            drum = rng.normal(size=count) * np.exp(-t * rng.uniform(20, 80))
            note += drum * rng.uniform(0, 2)
        sound[max(start, 0) : max(start, 0) + count] += note
    return sound


def mixed(pcm: Sound, other: Sound, ratio: float) -> Sound:
    """With another sound so many dB under it."""
    loud, soft = _size(pcm), _size(other)
    return pcm + other * (loud / soft * 10 ** (-ratio / 20))


def at_level(pcm: Sound, level: float) -> NDArray[np.float32]:
    """At so many dB of full scale, clipped."""
    sound = pcm * (10 ** (level / 20) / _size(pcm))
    return np.clip(sound, -1, 1).astype(np.float32)


def _size(pcm: Sound) -> float:
    return float(np.sqrt((pcm**2).mean())) + 1e-9
