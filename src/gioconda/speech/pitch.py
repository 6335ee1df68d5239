"""Pitch of a voice, window by window."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.media import SAMPLE_RATE

WINDOW: Final = 1024  # samples: 64 ms, four periods of the lowest pitch
VOICED: Final = 0.5  # of `pitch`'s second answer, from which there is a pitch

_LOWEST, _HIGHEST = 60.0, 400.0  # Hz
_OCTAVE: Final = 0.05  # of correlation that a pitch an octave higher is preferred by
_QUIET: Final = 1e-8  # power of a window in which no pitch is looked for


def pitch(
    windows: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm to base 2 of the pitch in Hz, and how periodic the sound is, 0 to 1, (T,) each.

    By the largest normalised autocorrelation (Boersma, 1993).

    Args:
        windows: (T, 1024) 16 kHz mono in [-1, 1].
    """
    taper = np.hanning(WINDOW)
    tapered = (windows - windows.mean(1, keepdims=True)) * taper
    power = np.abs(np.fft.rfft(tapered, 2 * WINDOW)) ** 2
    own = np.abs(np.fft.rfft(taper, 2 * WINDOW)) ** 2
    auto = np.fft.irfft(power)[:, :WINDOW]
    shape = np.fft.irfft(own)[:WINDOW]
    lags = np.arange(int(SAMPLE_RATE / _HIGHEST), int(SAMPLE_RATE / _LOWEST) + 1)
    level = np.maximum(auto[:, :1], _QUIET * WINDOW)
    found = auto[:, lags] / level / (shape[lags] / shape[0])
    best = np.argmax(found - _OCTAVE * np.log2(lags), axis=1)  # two periods fit as well as one
    periodic = np.clip(found[np.arange(len(found)), best], 0, 1)
    return np.log2(SAMPLE_RATE / lags[best]), periodic
