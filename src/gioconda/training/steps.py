"""What the recipes share: a schedule, a state on the disk, targets without jitter."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


def cosine(done: float) -> float:
    """Part of the learning rate when so much of the schedule is done, from 1 to 0."""
    return 0.5 + 0.5 * float(np.cos(np.pi * min(done, 1)))


def keep(checkpoint: Path, step: int, **parts: nn.Module | torch.optim.Optimizer) -> None:
    """Write the state whole or not at all."""
    partial = checkpoint.with_suffix(".partial")
    state: dict[str, object] = {name: part.state_dict() for name, part in parts.items()}
    torch.save(state | {"step": step}, partial)
    partial.rename(checkpoint)


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, C) smoothed without lag, by one frame to each side."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
