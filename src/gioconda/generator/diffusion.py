"""Diffusion: from noise to motion in a few steps.

The path from motion to noise is straight (rectified flow: Liu et al., 2023), the network tells
the motion itself (x0-prediction). Every frame has its own level of noise, 0 to 1, as in
diffusion forcing (Chen et al., 2024), so the frames already shown are frames at level 0.
All functions take numpy arrays and torch tensors alike.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 4
_BEND: Final = 1.0  # over 1, more of the steps are near the motion


def noised(motion: Any, noise: Any, level: Any) -> Any:
    """Motion at a level of noise: 0 is motion, 1 is noise."""
    return (1 - level) * motion + level * noise


def levels(steps: int) -> NDArray[np.float32]:
    """The levels at which the network is asked, and 0 at the end, (steps + 1,)."""
    return (np.linspace(1, 0, steps + 1) ** _BEND).astype(np.float32)


def nearer(x: Any, motion: Any, level: float, after: float) -> Any:
    """From a level on to a lower one, on the straight way to where the network sees the motion."""
    return motion + (after / level) * (x - motion)


def sample(
    predict: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    noise: NDArray[np.float32],
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """Motion out of noise, of the same shape.

    Args:
        predict: what the network takes for the motion, of what it sees and of its level.
        noise: normal, of variance 1.
        steps: how often the network is asked.
    """
    x = noise
    for level, after in pairwise(levels(steps).tolist()):
        x = nearer(x, predict(x, level), level, after)
    return x


def guided(whole: Any, without: Sequence[Any], strengths: Sequence[Any]) -> Any:
    """Classifier-free guidance by several conditions (Ho and Salimans, 2022).

    Args:
        whole: what the network says with all conditions.
        without: what it says with one of them left out, for each.
        strengths: 1 leaves that condition as it is, over 1 follows it more; a number, or one for
            each channel.
    """
    told = whole
    for one, strength in zip(without, strengths, strict=True):
        told = told + (strength - 1) * (whole - one)
    return told
