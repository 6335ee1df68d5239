"""Losses of lips and jaw, by what shows."""

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gioconda.face import topology
from gioconda.face.basis import Basis, point_weights
from gioconda.face.measure import lip_gap

FORGIVEN: Final = 0.7  # part of a window's mean error that costs nothing: it cannot be heard
_PERCENT: Final = 100.0  # of the inter-ocular distance


class MouthLoss:
    """Losses between coordinates of the lower face (N, T, C): "points", "speed", "gap", "shape"
    and "spread"."""

    def __init__(self, basis: Basis) -> None:
        directions = basis.dynamics[basis.lower]
        points = np.concatenate([topology.LIPS, topology.JAW])
        weighted = directions * np.sqrt(point_weights()) * _PERCENT
        self._points = torch.from_numpy(
            weighted[:, points].reshape(len(directions), -1).astype(np.float32)
        )
        self._gap = torch.from_numpy(lip_gap(directions).astype(np.float32))

    def __call__(self, prediction: Tensor, target: Tensor, neutral: Tensor) -> dict[str, Tensor]:
        """The losses.

        Args:
            prediction, target: (N, T, C).
            neutral: `lip_gap` (N,) of the neutral face.
        """
        error = prediction - target
        moving = error - FORGIVEN * error.mean(1, keepdim=True)
        points = moving @ self._points
        gap = F.relu(prediction @ self._gap + neutral[:, None]) * _PERCENT
        wanted = F.relu(target @ self._gap + neutral[:, None]) * _PERCENT
        a, b = gap - gap.mean(1, keepdim=True), wanted - wanted.mean(1, keepdim=True)
        size_a, size_b = (a.square().mean(1) + 0.1).sqrt(), (b.square().mean(1) + 0.1).sqrt()
        speaking = (size_b > 1).float()  # a still mouth has no shape to follow
        likeness = (a * b).mean(1) / (size_a * size_b)
        closed = 1 + (wanted < 1.5).float()  # closures are few and seen at once
        return {
            "points": points.abs().mean(),
            "speed": (points[:, 1:] - points[:, :-1]).abs().mean(),
            "gap": (closed * (gap - wanted).abs()).mean() * 0.3,
            "shape": (speaking * (1 - likeness)).mean(),
            "spread": (speaking * (size_a / size_b).log().abs()).mean(),
        }
