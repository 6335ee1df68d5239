"""Losses between motions, by how much they show."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from gioconda.face.basis import Basis
from gioconda.face.measure import lip_gap
from gioconda.generator.network import Channels
from gioconda.training.generator.batches import Batch

_LIPS: Final = 2.0  # how much more an error of the lower face counts
_PERCENT: Final = 100.0  # of the inter-ocular distance
_CLOSED: Final = 1.5  # percent: under this lips are closed
_LEAST_SEEN: Final = 0.05  # of a residual's variance


class MotionLoss:
    """Losses of residuals (N, T, C): "position", "speed" of the lips, "gap" between the lips."""

    def __init__(self, basis: Basis, channels: Channels) -> None:
        shows = np.linalg.norm(basis.dynamics[..., :2].reshape(sum(basis.parts), -1), axis=1)
        shows = shows / shows.mean()
        shows[basis.lower] *= _LIPS
        self._weights = torch.from_numpy(np.concatenate([np.ones(6), shows]).astype(np.float32))
        self._pose, self._lower = channels.pose, channels.lower
        self._gap = torch.from_numpy(lip_gap(basis.dynamics[basis.lower]).astype(np.float32))

    def __call__(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        learned, level, lower = batch.learned, batch.level[..., None], self._lower
        weights = self._weights.clone()
        weights[self._pose] *= float(batch.pose)
        error = (prediction - batch.target) * learned
        # head and eyes are as often asked at one level as at another, and there is less to see
        # at the lower ones; of the mouth it is how it ends that counts
        seen = level.square() / ((1 - level).square() + level.square())
        scale = torch.where(weights > 0, seen.clamp(_LEAST_SEEN, 1).rsqrt(), 0)
        scale[..., lower] = 1
        lips = error[..., lower]
        speed = (lips[:, 1:] - lips[:, :-1]) * learned[:, 1:, lower]
        gap, wanted = (
            (motion[..., lower] @ self._gap + batch.neutral_gap[:, None]).relu() * _PERCENT
            for motion in (prediction, batch.target)
        )
        closed = 1 + (wanted < _CLOSED).float()  # closures are few and seen at once
        real = learned[..., -1]
        count = learned.sum()
        return {
            "position": (weights * (scale * error).square()).sum() / count,
            "speed": (weights[lower] * speed.square()).sum() / count,
            "gap": (closed * (gap - wanted).abs() * real).sum() / real.sum(),
        }
