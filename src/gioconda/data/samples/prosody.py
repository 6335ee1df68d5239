"""What a head may listen to in a voice: how loud, how high, voiced or not, and its colour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.media import SAMPLE_RATE
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES
from gioconda.speech.mel import MELS

LOUDNESS, PITCH, PERIODIC, VOICE = range(4)  # columns of `prosody`, before the bands
BANDS: Final = 8  # of the spectrum
CHANNELS: Final = 4 + BANDS

_LOWEST, _HIGHEST = 60.0, 400.0  # Hz of a voice's pitch
_WINDOW: Final = 1024  # samples: 64 ms, four periods of the lowest pitch
_OCTAVE: Final = 0.05  # of correlation that a pitch an octave higher is preferred by
_VOICED: Final = 0.5  # autocorrelation at the pitch, against that at once
_QUIET: Final = 1e-8  # power of a window in which no pitch is looked for
_SCALE: Final = 20.0  # dB in one unit


def prosody(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Prosody of each frame of video, (T, 12).

    Loudness against the level of the voice (units of 20 dB), pitch against the recording's median
    (octaves, 0 where unvoiced), how periodic the sound is (0 to 1), whether a voice sounds, and
    eight bands of the log-mel (units of 20 dB).

    Args:
        pcm: (640 T,) 16 kHz mono in [-1, 1].
    """
    speech = listen(pcm)
    pitch, periodic = _pitch(pcm, len(speech))
    voiced = periodic > _VOICED
    usual = np.median(pitch[voiced]) if voiced.any() else 0.0
    bands = speech.mel.mean(1).reshape(len(speech), BANDS, MELS // BANDS).mean(2)
    loudness = np.clip(speech.loudness / _SCALE, -3, 1)
    return np.column_stack(
        [loudness, np.where(voiced, pitch - usual, 0), periodic, speech.voice, bands]
    ).astype(np.float32)


def _pitch(
    pcm: NDArray[np.float32], frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm to base 2 of the pitch in Hz, and how periodic the sound is, (T,) each.

    By the largest normalised autocorrelation about the middle of each frame (Boersma, 1993).
    """
    half = (_WINDOW - SAMPLES) // 2
    padded = np.pad(pcm.astype(np.float64), (half, half + SAMPLES))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::SAMPLES][:frames]
    taper = np.hanning(_WINDOW)
    tapered = (windows - windows.mean(1, keepdims=True)) * taper
    power = np.abs(np.fft.rfft(tapered, 2 * _WINDOW)) ** 2
    own = np.abs(np.fft.rfft(taper, 2 * _WINDOW)) ** 2
    auto = np.fft.irfft(power)[:, :_WINDOW]
    shape = np.fft.irfft(own)[:_WINDOW]
    lags = np.arange(int(SAMPLE_RATE / _HIGHEST), int(SAMPLE_RATE / _LOWEST) + 1)
    level = np.maximum(auto[:, :1], _QUIET * _WINDOW)
    found = auto[:, lags] / level / (shape[lags] / shape[0])
    best = np.argmax(found - _OCTAVE * np.log2(lags), axis=1)  # two periods fit as well as one
    periodic = np.clip(found[np.arange(len(found)), best], 0, 1)
    return np.log2(SAMPLE_RATE / lags[best]), periodic
