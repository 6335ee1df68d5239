"""The same words by another voice: slower, higher, whispered, sung. The teacher hears these too.

All functions take and give (samples,) 16 kHz mono.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from gioconda.media import SAMPLE_RATE

Sound = NDArray[np.float64]

_GRAIN, _SEARCH = 640, 160  # samples: of the pieces that `stretched` joins, and their leeway
_FRAME, _HOP = 400, 160  # samples: what `revoiced` takes the voice's filter from
_ORDER: Final = 18  # of the filter
_PITCHES: Final = (70.0, 400.0)  # Hz, of a voice
_VOICED: Final = 0.35  # of the autocorrelation: from here on a frame is voiced
_SCALE: Final = (0, 2, 4, 5, 7, 9, 11, 12)  # semitones of a melody over its lowest note


def stretched(pcm: Sound, speed: float) -> Sound:
    """At another speed, the pitch kept, by WSOLA (Verhelst and Roelands, 1993)."""
    hop = _GRAIN // 2
    window = np.hanning(_GRAIN + 1)[:-1]
    sound = np.pad(pcm, (_SEARCH, 2 * _GRAIN + _SEARCH))
    count = int(len(pcm) / speed / hop)
    out = np.zeros((count + 2) * hop)
    at = _SEARCH
    for k in range(count):
        out[k * hop : k * hop + _GRAIN] += window * sound[at : at + _GRAIN]
        wanted = sound[at + hop : at + hop + _GRAIN]  # how it would go on
        middle = int((k + 1) * hop * speed)
        around = sound[middle : middle + 2 * _SEARCH + _GRAIN]
        if len(wanted) < _GRAIN or len(around) < 2 * _SEARCH + _GRAIN:
            break
        at = middle + int(np.correlate(around, wanted, "valid").argmax())
    return out[: count * hop]


def pitched(pcm: Sound, semitones: float) -> Sound:
    """Higher or lower at the same speed; the formants move along, as of a smaller head."""
    ratio = 2 ** (semitones / 12)
    slow = stretched(pcm, 1 / ratio)
    at = np.arange(int(len(slow) / ratio)) * ratio
    return np.asarray(np.interp(at, np.arange(len(slow)), slow))


def whispered(pcm: Sound, rng: np.random.Generator) -> Sound:
    """With breath in place of the voice."""
    return _revoiced(pcm, rng.normal(size=len(pcm)), rng)


def sung(pcm: Sound, rng: np.random.Generator) -> Sound:
    """On held notes with vibrato."""
    low = rng.uniform(90, 260)
    pitch = np.empty(0)
    while len(pitch) < len(pcm):
        length = int(rng.uniform(0.25, 1.2) * SAMPLE_RATE)
        t = np.arange(length) / SAMPLE_RATE
        note = low * 2 ** (rng.choice(_SCALE) / 12)
        pitch = np.append(pitch, note * (1 + rng.uniform(0, 0.02) * np.sin(2 * np.pi * 5.5 * t)))
    phase = np.cumsum(pitch[: len(pcm)]) / SAMPLE_RATE
    pulses = np.diff(np.floor(phase), prepend=0) * np.sqrt(SAMPLE_RATE / low)
    return _revoiced(pcm, pulses + 0.05 * rng.normal(size=len(pcm)), rng)


def shouted(pcm: Sound, rng: np.random.Generator) -> Sound:
    """Bright, hard and even: higher, upper harmonics raised, loud parts pressed together."""
    sound = lfilter([1.0, -rng.uniform(0.3, 0.8)], [1.0], pitched(pcm, rng.uniform(1, 5)))
    return np.asarray(np.tanh(sound / (np.abs(sound).max() + 1e-9) * rng.uniform(3, 10)))


def _revoiced(pcm: Sound, voice: Sound, rng: np.random.Generator) -> Sound:
    """With another source where the voice sounds, by linear prediction; hisses stay hisses."""
    window = np.hanning(_FRAME)
    breath = rng.normal(size=len(pcm))
    out = np.zeros(len(pcm) + _FRAME)
    weight = np.full(len(out), 1e-3)
    least, most = (int(SAMPLE_RATE / pitch) for pitch in reversed(_PITCHES))
    for start in range(0, len(pcm) - _FRAME, _HOP):
        frame = pcm[start : start + _FRAME] * window
        products = np.correlate(frame, frame, "full")[_FRAME - 1 :]
        if products[0] < 1e-7:
            continue
        products[0] *= 1.0001
        voiced = products[least:most].max() / products[0] > _VOICED
        predictor = solve_toeplitz(products[:_ORDER], products[1 : _ORDER + 1])
        source = (voice if voiced else breath)[start : start + _FRAME] * window
        made = lfilter([1.0], np.concatenate([[1.0], -predictor]), source)
        loud = np.sqrt(products[0] / ((made**2).sum() + 1e-9))
        out[start : start + _FRAME] += made * loud
        weight[start : start + _FRAME] += window
    return np.asarray(out[: len(pcm)] / np.maximum(weight[: len(pcm)], 0.5))


def another(
    pcm: NDArray[np.floating], rng: np.random.Generator
) -> tuple[NDArray[np.float32], float]:
    """The same words by some other voice, and how many times as fast."""
    sound = np.asarray(pcm, np.float64)
    kind = rng.choice(
        ["faster", "stretched", "pitched", "sung", "whispered", "shouted"],
        p=[0.2, 0.3, 0.2, 0.15, 0.08, 0.07],
    )
    speed = 1.0
    if kind == "faster":
        speed = float(rng.uniform(0.8, 1.25))
        sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)
    elif kind == "stretched":
        speed = float(np.exp(rng.uniform(np.log(0.55), np.log(1.7))))
        sound = stretched(sound, speed)
    elif kind == "sung":
        speed = float(rng.uniform(0.5, 1.0))
        sound = sung(stretched(sound, speed), rng)
    elif kind == "pitched":
        sound = pitched(sound, rng.uniform(-6, 6))
    else:
        sound = {"whispered": whispered, "shouted": shouted}[kind](sound, rng)
    return sound.astype(np.float32), speed
