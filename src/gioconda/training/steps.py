"""What the recipes share: a schedule, a state on the disk, targets without jitter."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gioconda.errors import GiocondaError

_Part: TypeAlias = nn.Module | torch.optim.Optimizer


def cosine(done: float) -> float:
    """Part of the learning rate when so much of the schedule is done, from 1 to 0."""
    return 0.5 + 0.5 * float(np.cos(np.pi * min(done, 1)))


def keep(checkpoint: Path, facts: dict[str, float], **parts: _Part) -> None:
    """Write the state, facts as "step" among it, whole or not at all."""
    partial = checkpoint.with_suffix(".partial")
    torch.save(facts | {name: part.state_dict() for name, part in parts.items()}, partial)
    partial.rename(checkpoint)


def resume(checkpoint: Path, **parts: _Part) -> dict[str, Any] | None:
    """Give the parts the state that `keep` wrote.

    Returns:
        All of the state, or None where there is no file yet.

    Raises:
        GiocondaError: if the file is no checkpoint, or is of a training of another net.
    """
    if not checkpoint.exists():
        return None
    try:
        state = torch.load(checkpoint, "cpu", weights_only=True)
    except (OSError, EOFError, LookupError, RuntimeError, ValueError, UnpicklingError) as error:
        raise GiocondaError(
            f"{checkpoint} is not a checkpoint; give another --checkpoint"
        ) from error
    try:
        if not isinstance(state, dict) or not all(isinstance(state.get(p), dict) for p in parts):
            raise KeyError
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except torch.OutOfMemoryError:
        raise
    except (KeyError, RuntimeError, ValueError) as error:
        raise GiocondaError(
            f"{checkpoint} is of a training of another net; give another --checkpoint"
        ) from error
    return state


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, C) smoothed without lag, by one frame to each side."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
