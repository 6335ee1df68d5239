"""Diffusion: from noise to motion in a few steps.

The path from motion to noise is straight (rectified flow: Liu et al., 2023), and the network
predicts the motion itself (x0-prediction). Every frame has its own noise level, 0 to 1, as in
diffusion forcing (Chen et al., 2024), so frames of the history are frames at level 0.
All functions take numpy arrays and torch tensors alike.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def noised(motion: Any, noise: Any, level: Any) -> Any:
    """Motion at a noise level: 0 is motion, 1 is noise."""
    return (1 - level) * motion + level * noise


def levels(steps: int) -> NDArray[np.float32]:
    """The levels at which the network is asked, and 0 at the end, (steps + 1,)."""
    return np.linspace(1, 0, steps + 1).astype(np.float32)


def sample(
    predict: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    noise: NDArray[np.float32],
    steps: int,
) -> NDArray[np.float32]:
    """Motion out of noise, of the same shape, by a second-order multistep method.

    From a level to the next the prediction is taken as it would be halfway, extrapolated from the
    last two (Lu et al., DPM-Solver++, 2022). Euler's method takes it as it was at the start: of a
    normal distribution it keeps 0.72 of the spread in four steps, this one all of it.

    Args:
        predict: the motion that the network sees in its first argument, at a level.
        noise: normal, of variance 1.
        steps: how often the network is asked.
    """
    x, before = noise, None
    for level, after in pairwise(levels(steps).tolist()):
        motion = predict(x, level)
        halfway = motion if before is None else motion + (motion - before) / 2
        x, before = halfway + (after / level) * (x - halfway), motion
    return x
