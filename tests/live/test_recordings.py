"""What is measured in recordings of the page."""

import numpy as np
import pytest

from gioconda.media import FPS, SAMPLE_RATE

from .loudness_animator import LOUD
from .recordings import lag, openings


@pytest.mark.parametrize("late", [-0.1, 0.0, 0.06])
def test_late_pictures_are_found(late: float) -> None:
    random = np.random.default_rng(0)
    frames = 8 * FPS
    loud = np.clip(np.convolve(random.uniform(-0.1, 0.3, frames), np.ones(3) / 3, "same"), 0, LOUD)
    noise = random.choice([-1, 1], 8 * SAMPLE_RATE)
    pcm = (np.repeat(loud, SAMPLE_RATE // FPS) * noise).astype(np.float32)
    begin = 0.08  # of the sound
    r, found = lag(begin + np.arange(frames) / FPS + late, loud / LOUD, begin, pcm)
    assert r > 0.95
    assert found == pytest.approx(late, abs=0.01)


def test_mouths_are_told_by_what_opening_changes() -> None:
    shut = np.full((512, 512, 3), 100, np.uint8)
    widest = shut.copy()
    widest[300:340, 200:300] = 20
    half = ((shut.astype(int) + widest) // 2).astype(np.uint8)
    small = half[::2, ::2]
    assert openings([shut, small, widest], [shut, widest]) == pytest.approx([0, 0.5, 1], abs=0.01)
