"""What a head may listen to in a voice: how loud, how high, voiced or not, and its colour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.speech import listen
from gioconda.speech.features import SAMPLES
from gioconda.speech.mel import MELS
from gioconda.speech.pitch import VOICED, WINDOW, pitch

LOUDNESS, PITCH, PERIODIC, VOICE = range(4)  # columns of `prosody`, before the bands
BANDS: Final = 8  # of the spectrum
CHANNELS: Final = 4 + BANDS

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
    height, periodic = _pitch(pcm, len(speech))
    voiced = periodic > VOICED
    usual = np.median(height[voiced]) if voiced.any() else 0.0
    bands = speech.mel.mean(1).reshape(len(speech), BANDS, MELS // BANDS).mean(2)
    loudness = np.clip(speech.loudness / _SCALE, -3, 1)
    return np.column_stack(
        [loudness, np.where(voiced, height - usual, 0), periodic, speech.voice, bands]
    ).astype(np.float32)


def _pitch(
    pcm: NDArray[np.float32], frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `pitch`, about the middle of each frame, (T,) each."""
    half = (WINDOW - SAMPLES) // 2
    padded = np.pad(pcm.astype(np.float64), (half, half + SAMPLES))
    return pitch(np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::SAMPLES][:frames])
