"""The bundled example: a portrait and a voice."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.media import SAMPLE_RATE, read_audio, read_image

PHOTO: Final = Path(__file__).with_name("portrait.jpg")
VOICE: Final = Path(__file__).with_name("voice.flac")


def photo() -> NDArray[np.uint8]:
    """The photo, (H, W, 3)."""
    return read_image(PHOTO)


def voice(seconds: float | None = None) -> NDArray[np.float32]:
    """The voice, (samples,), 16 kHz mono; repeated or cut to so many seconds, if they are given."""
    pcm = read_audio(VOICE)
    return pcm if seconds is None else np.resize(pcm, round(seconds * SAMPLE_RATE))
