"""Losses of lips and jaw, by what shows."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from gioconda.face import topology
from gioconda.face.basis import Basis, point_weights
from gioconda.face.measure import lip_advance, lip_gap, lip_width, lips_height

FORGIVEN: Final = 0.7  # part of a window's mean error that costs nothing: it cannot be heard
_PERCENT: Final = 100.0  # of the inter-ocular distance
_LEAST: Final = (1.0, 0.5, 0.3)  # percent that a mouth's opening, width, advance move by


class MouthLoss:
    """Losses between coordinates of the lower face (N, T, C).

    "points" and "speed" are how far lips and jaw are off, "gap" how far the opening is, "thickness"
    how far that of both lips together is. "shape" is how little opening, width and advance go with
    the real ones, "spread" by how much more or less they move, as a logarithm.

    Args:
        basis: of the coordinates.
        short: how many times as much it costs that the opening spreads less, not more.
    """

    def __init__(self, basis: Basis, short: float = 1.0) -> None:
        directions = basis.dynamics[basis.lower]
        points = np.concatenate([topology.LIPS, topology.JAW])
        weighted = directions * np.sqrt(point_weights()) * _PERCENT
        self._points = torch.from_numpy(
            weighted[:, points].reshape(len(directions), -1).astype(np.float32)
        )
        self._gap = torch.from_numpy(lip_gap(directions).astype(np.float32))
        shape = np.stack([lip_width(directions), lip_advance(directions)], 1)
        self._shape = torch.from_numpy(shape.astype(np.float32))
        thickness = _PERCENT * (lips_height(directions) - lip_gap(directions))
        self._thickness = torch.from_numpy(thickness.astype(np.float32))
        self._least, self._short = torch.tensor(_LEAST), torch.tensor([short, 1, 1])

    def __call__(
        self, prediction: Tensor, target: Tensor, neutral: Tensor, counts: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The losses.

        Args:
            prediction, target: (N, T, C).
            neutral: `lip_gap` (N,) of the neutral face.
            counts: (N, T) 1 where a frame counts; all by default.
        """
        counts = prediction.new_ones(prediction.shape[:2]) if counts is None else counts
        frames = counts.sum(1)
        every, pairs = counts[..., None], (counts[:, 1:] * counts[:, :-1])[..., None]

        def mean(x: Tensor) -> Tensor:
            return (every * x).sum(1) / frames.clamp(1)[:, None]

        error = prediction - target
        points = (error - FORGIVEN * mean(error)[:, None]) @ self._points
        speed = points[:, 1:] - points[:, :-1]
        moves, wanted = (self._moves(x, neutral) for x in (prediction, target))
        a, b = moves - mean(moves)[:, None], wanted - mean(wanted)[:, None]
        size_a, size_b = ((mean(x.square()) + 0.02).sqrt() for x in (a, b))
        speaking = (size_b > self._least) * (frames > 1)[:, None]  # a still mouth has no shape
        likeness = mean(a * b) / (size_a * size_b)
        more = (size_a / size_b).log()
        gap = ((moves - wanted)[..., 0].abs() * counts).sum() / counts.sum()
        return {
            "points": (every * points.abs()).sum() / (every.sum() * points.shape[-1]),
            "speed": (pairs * speed.abs()).sum() / (pairs.sum() * points.shape[-1]),
            "gap": 0.3 * gap,
            "thickness": ((error @ self._thickness).abs() * counts).sum() / counts.sum(),
            "shape": (speaking * (1 - likeness)).mean(),
            "spread": (speaking * torch.maximum(more, -self._short * more)).mean(),
        }

    def _moves(self, coordinates: Tensor, neutral: Tensor) -> Tensor:
        """Opening, width and advance (N, T, 3), in percent."""
        opening = coordinates @ self._gap + neutral[:, None]  # under 0 where lips press
        return _PERCENT * torch.cat([opening[..., None], coordinates @ self._shape], -1)
