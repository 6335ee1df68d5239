"""Log-mel spectrum of a sound that arrives in pieces."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.media import SAMPLE_RATE

MELS: Final = 80
HOP: Final = 160  # samples: 10 ms
WINDOW: Final = 400  # samples: 25 ms
_FFT: Final = 512
_WARPED: Final = 0.8  # of 8 kHz: up to here bands can be moved
_FLOOR: Final = 1e-10  # of power: -100 dB


class LogMel:
    """Sound in, spectra out.

    Spectrum m sees the samples [160 m - 240, 160 m + 160) under a Hann window: it is known as
    soon as its own 10 ms are in. Before the first sample there is silence.
    """

    def __init__(self) -> None:
        self._kept = np.zeros(WINDOW - HOP, np.float32)

    def append(self, pcm: NDArray[np.float32], warp: float = 0.0) -> NDArray[np.float32]:
        """The spectra that are now certain, (M, 80).

        Args:
            pcm: (samples,) 16 kHz mono; what is less than a hop waits for the next call.
            warp: of the bands, as in `mel_filters`.

        Returns:
            Power in each mel band in dB: a sine of full scale has about 0 dB in its bands.
        """
        sound = np.concatenate([self._kept, pcm.astype(np.float32, copy=False)])
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        self._kept = sound[count * HOP :]
        if count == 0:
            return np.empty((0, MELS), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP][:count]
        spectrum = np.fft.rfft(windows * _hann(), _FFT)
        power = spectrum.real**2 + spectrum.imag**2  # (M, 257)
        mel: NDArray[np.float32] = 10 * np.log10(np.maximum(power @ mel_filters(warp), _FLOOR))
        return mel


@cache
def _hann() -> NDArray[np.float32]:
    window = np.hanning(WINDOW + 1)[:-1]
    return np.asarray(window * 2 / window.sum(), np.float32)


@cache
def mel_filters(warp: float = 0.0) -> NDArray[np.float32]:
    """Triangles of height 1 on Slaney's mel scale from 0 to 8 kHz, (257, 80).

    Linear under 1 kHz, logarithmic above (Slaney, Auditory Toolbox, 1998).

    Args:
        warp: semitones by which the bands lie higher; the last of them come together, so that all
            still end at 8 kHz.
    """
    top = 15 + 27 * np.log(SAMPLE_RATE / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top, MELS + 2)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    ratio, end = 2 ** (warp / 12), SAMPLE_RATE / 2
    knee = _WARPED * end / max(ratio, 1)
    squeezed = ratio * knee + (corners - knee) * (end - ratio * knee) / (end - knee)
    corners = np.where(corners < knee, corners * ratio, squeezed)
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float32)
