"""Tracked motion as targets: without jitter, at another speed."""

import numpy as np
from numpy.typing import NDArray


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, C) smoothed without lag, by one frame to each side."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4


def resampled(values: NDArray[np.floating], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """(T, C) at other times in frames (F,), held before the first frame and after the last."""
    low = np.clip(at.astype(int), 0, len(values) - 2)
    part = np.clip(at - low, 0, 1)[:, None]
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part, np.float32)
