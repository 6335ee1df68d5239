"""Tracked motion as targets: without jitter, at another speed, in a mirror."""

import numpy as np
from numpy.typing import NDArray

from gioconda.face.basis import Basis


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, C) smoothed without lag, by one frame to each side."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4


def resampled(values: NDArray[np.floating], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """(T, C) at other times in frames (F,), held before the first frame and after the last."""
    low = np.clip(at.astype(int), 0, len(values) - 2)
    part = np.clip(at - low, 0, 1)[:, None]
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part, np.float32)


def mirror_of(basis: Basis, count: int) -> tuple[NDArray[np.float64], float]:
    """The matrix that mirrors the first `count` coordinates, and the part that it misses."""
    flipped = basis.mean * [-1, 1, 1]
    distance = np.linalg.norm(flipped[:, None] - basis.mean[None], axis=-1)
    partner = distance.argmin(1)
    moves = basis.dynamics[:count].reshape(count, -1).astype(np.float64)
    mirrored = (basis.dynamics[:count, partner] * [-1, 1, 1]).reshape(moves.shape)
    matrix = mirrored @ np.linalg.pinv(moves)
    missed = float(((matrix @ moves - mirrored) ** 2).sum() / (mirrored**2).sum())
    return matrix, missed
