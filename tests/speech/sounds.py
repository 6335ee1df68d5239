"""A sound made for the tests."""

import numpy as np
from numpy.typing import NDArray


def voice(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Syllables of coloured noise, four a second, the last second silent."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(16000 * seconds)) / 16000
    sound = np.convolve(rng.normal(0, 0.1, len(time)), np.ones(8) / 3, "same")
    loud = np.clip(np.sin(2 * np.pi * 4 * time), 0, None) * (time < seconds - 1)
    return (sound * loud).astype(np.float32)
