"""The generator's network: noisy motion, speech and dials in, motion out.

Conformer blocks (Gulati et al., 2020) over a window of frames; speech is added frame by frame,
and so is each dial, which has an embedding of its own for "not told".
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIALS: Final = {"speech": 130, "gaze": 2, "amplitude": 1, "blinking": 2}
"""Conditions and how many numbers each has in a frame; see `generator/windows.py`."""


class MotionNet(nn.Module):
    """Conformer that tells the motion behind noise.

    The published size is `MotionNet(..., width=512, layers=8, heads=8)`.

    Args:
        channels: numbers of motion in a frame.
        frames: the longest window.
    """

    def __init__(
        self,
        channels: int,
        frames: int,
        width: int = 192,
        layers: int = 6,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.motion = nn.Linear(channels, width)
        self.absent = nn.Parameter(torch.zeros(width))
        self.level = nn.Sequential(nn.Linear(_WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.dials = nn.ModuleDict({name: nn.Linear(size, width) for name, size in DIALS.items()})
        self.untold = nn.ParameterDict({name: torch.zeros(width) for name in DIALS})
        self.blocks = nn.ModuleList(_Block(width, heads, frames, dropout) for _ in range(layers))
        self.outlet = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, channels))

    def forward(
        self, motion: Tensor, level: Tensor, present: Tensor, told: Tensor, dials: Tensor
    ) -> Tensor:
        """Motion (N, T, C) as it is without its noise.

        Args:
            motion: (N, T, C), each frame with noise.
            level: (N, T) of the noise, 0 to 1.
            present: (N, T) 1 where there is a frame, 0 where there is none or it is hidden.
            told: (N, T, 4) 1 where the dial is told, in the order of `DIALS`.
            dials: (N, T, sum of sizes) what they say.
        """
        there = present[..., None]
        x = there * self.motion(motion) + (1 - there) * self.absent
        x = x + self.level(_waves(level))
        start = 0
        for i, (name, size) in enumerate(DIALS.items()):
            given = told[..., i : i + 1]
            said = self.dials[name](dials[..., start : start + size])
            x = x + given * said + (1 - given) * self.untold[name]
            start += size
        for block in self.blocks:
            x = block(x)
        return self.outlet(x)


_WAVES: Final = 32


def _waves(level: Tensor) -> Tensor:
    """Sines and cosines of a level, (..., _WAVES)."""
    pitch = torch.exp(torch.linspace(0, 5, _WAVES // 2, device=level.device))
    angle = level[..., None] * pitch
    return torch.cat([angle.sin(), angle.cos()], -1)


class _Block(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward."""

    def __init__(self, width: int, heads: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.before, self.after = _feed_forward(width, dropout), _feed_forward(width, dropout)
        self.attention = _Attention(width, heads, frames, dropout)
        self.convolution = _Convolution(width, dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.before(x) / 2
        x = x + self.attention(x)
        x = x + self.convolution(x)
        return x + self.after(x) / 2


def _feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 2 * width),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(2 * width, width),
        nn.Dropout(dropout),
    )


class _Attention(nn.Module):
    """Attention of all frames to all, with a learned bias for how far apart they are."""

    def __init__(self, width: int, heads: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm = nn.LayerNorm(width)
        self.inlet = nn.Linear(width, 3 * width)
        self.outlet = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * frames - 1))
        place = torch.arange(frames)
        self.register_buffer("apart", place - place[:, None] + frames - 1, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        count, frames, width = x.shape
        parts = self.inlet(self.norm(x)).reshape(count, frames, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.bias[:, self.apart[:frames, :frames]]
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + bias
        weights = F.dropout(scores.softmax(-1), self.dropout, self.training)
        return self.outlet((weights @ value).transpose(1, 2).reshape(count, frames, width))


class _Convolution(nn.Module):
    def __init__(self, width: int, dropout: float, span: int = 7) -> None:
        super().__init__()
        self.norm, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inlet = nn.Linear(width, 2 * width)
        self.depth = nn.Conv1d(width, width, span, padding=span // 2, groups=width)
        self.outlet = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = F.glu(self.inlet(self.norm(x)), -1)
        x = self.depth(x.transpose(1, 2)).transpose(1, 2)
        return self.dropout(self.outlet(F.silu(self.second(x))))
