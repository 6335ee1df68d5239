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


def nearer(x: Any, motion: Any, level: float, after: float) -> Any:
    """From a level on to a lower one, straight towards the predicted motion."""
    return motion + (after / level) * (x - motion)


def sample(
    predict: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    noise: NDArray[np.float32],
    steps: int,
) -> NDArray[np.float32]:
    """Motion out of noise, of the same shape: Euler's method on the straight path.

    Args:
        predict: the motion that the network sees in its first argument, at a level.
        noise: normal, of variance 1.
        steps: how often the network is asked.
    """
    x = noise
    for level, after in pairwise(levels(steps).tolist()):
        x = nearer(x, predict(x, level), level, after)
    return x


def guided(conditional: Any, unconditional: Any, strength: Any) -> Any:
    """Classifier-free guidance (Ho and Salimans, 2022).

    Args:
        conditional: the prediction with the condition.
        unconditional: without it.
        strength: 1 leaves the prediction as it is, over 1 follows the condition more; a number,
            or one for each channel.
    """
    return conditional + (strength - 1) * (conditional - unconditional)
