"""Diffusion: from noise to motion in a few steps.

The path from motion to noise is straight (rectified flow: Liu et al., 2023), and the network
predicts the motion itself (x0-prediction). Every frame has its own noise level, 0 to 1, as in
diffusion forcing (Chen et al., 2024), so frames of the history are frames at level 0.
"""

from collections.abc import Callable
from math import cos, pi, sin, tan
from typing import Any

import numpy as np
from numpy.typing import NDArray


def noised(motion: Any, noise: Any, level: Any) -> Any:
    """Motion at a noise level: 0 is motion, 1 is noise; arrays of numpy or tensors of torch."""
    return (1 - level) * motion + level * noise


def sample(
    predict: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    noise: NDArray[np.float32],
    steps: int,
) -> NDArray[np.float32]:
    """Motion out of noise, of the same shape, by a second-order multistep method.

    Scaled to a variance of 1, what the network sees is cos(a) of motion and sin(a) of noise, and
    goes a quarter turn from noise to motion. How fast it changes along the angle is what the
    network itself learns (`training/generator/network.py`), and bends least there. Each step is of
    one angle, by the two-step method that is exact for sines and cosines (Gautschi, 1961): motion
    that is sure comes out as it is, and motion spread like the noise as far spread. One step gives
    the mean.

    Args:
        predict: the motion that the network sees in its first argument, at a level.
        noise: normal, of variance 1.
        steps: how often the network is asked.
    """
    if steps == 1:
        return predict(noise, 1.0)
    step = pi / 2 / steps
    older = -tan(step / 2)
    newer = sin(step) - older * cos(step)
    x, before = noise, None
    for remaining in range(steps, 0, -1):
        cosine, sine = cos(remaining * step), sin(remaining * step)
        motion = predict(x / (cosine + sine), sine / (cosine + sine))
        change = (motion - cosine * x) / sine
        move = sin(step) * change if before is None else newer * change + older * before
        x, before = np.asarray(x + move, np.float32), change
    return x
