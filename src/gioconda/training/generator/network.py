"""The generator's network: noisy motion and conditions in, motion out.

Conformer blocks (Gulati et al., 2020) that look back only. Every frame comes twice: as history,
and new, with noise; the new one attends to the history before it. So one pass teaches all frames
of a window what a stream asks for, and a stream costs two frames a pass, for there is a cache.
Each condition is added frame by frame; where it is not given, its null embedding is.

A new frame is its residual: how far it is from the linear prediction, in units of how far that
usually is. So what cannot be foreseen is about as large as the noise that it is made from, and a
few steps find it.
"""

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.generator.network import CONVOLVED, LEADING, Conditions


class LinearPrediction(nn.Module):
    """Where the last frames lead: each number of motion by itself, linearly.

    Attributes:
        weights: (`LEADING`, C) of each of the frames before, the latest last.
        scale: (C,) how far a frame usually is from there.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(LEADING, channels))
        self.register_buffer("scale", torch.ones(channels))

    def fit(self, clips: list[NDArray[np.float32]]) -> None:
        """Least squares over clips (T, C)."""
        for c in range(len(self.scale)):
            windows = [
                np.lib.stride_tricks.sliding_window_view(clip[:, c], LEADING + 1) for clip in clips
            ]
            table = np.concatenate(windows).astype(np.float64)
            weights, *_ = np.linalg.lstsq(table[:, :-1], table[:, -1], rcond=None)
            self.weights[:, c] = torch.from_numpy(weights)
            self.scale[c] = max(1e-4, float(np.std(table[:, -1] - table[:, :-1] @ weights)))

    def forward(self, before: Tensor) -> Tensor:
        """The frame (..., C) that frames (..., `LEADING`, C) lead to."""
        return (self.weights * before).sum(-2)

    def residual(self, frames: Tensor) -> Tensor:
        """What each of frames (..., T, C) but the first `LEADING` adds to its prediction."""
        last = frames.shape[-2] - LEADING
        led = (self.weights[k] * frames[..., k : k + last, :] for k in range(LEADING))
        return (frames[..., LEADING:, :] - sum(led)) / self.scale


class MotionNet(nn.Module):
    """Conformer that predicts the motion behind noise.

    Args:
        channels: numbers of motion in a frame.
        frames: how far back it can see.
    """

    def __init__(
        self,
        channels: int,
        frames: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.frames = frames
        self.prediction = LinearPrediction(channels)
        self.history, self.noisy = nn.Linear(2 * channels, width), nn.Linear(channels, width)
        self.hidden = nn.Parameter(torch.zeros(width))
        self.level = nn.Sequential(nn.Linear(_WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.conditions = nn.ModuleDict(
            {name: nn.Linear(p.stop - p.start, width) for name, p in Conditions.BY_NAME.items()}
        )
        self.null = nn.ParameterDict({name: torch.zeros(width) for name in Conditions.BY_NAME})
        self.blocks = nn.ModuleList(_Block(width, heads, frames, dropout) for _ in range(layers))
        self.outlet = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, channels))

    def forward(
        self,
        history: Tensor,
        noisy: Tensor,
        level: Tensor,
        visible: Tensor,
        given: Tensor,
        conditions: Tensor,
    ) -> Tensor:
        """Residuals (N, T, C) without their noise.

        Args:
            history: (N, T, 2 C) motion, and its residuals.
            noisy: (N, T, C) residuals with noise.
            level: (N, T) of the noise, 0 to 1.
            visible: (N, T) 1 where a frame is seen as history, 0 where it is hidden.
            given: (N, T, 4) 1 where the condition is given, in the order of `Conditions`.
            conditions: (N, T, `Conditions.COUNT`).
        """
        added = self._conditioned(given, conditions)
        visible = visible[..., None]
        before = visible * self.history(history) + (1 - visible) * self.hidden
        x = torch.stack([before + added, self._noised(noisy, level) + added], 1)
        for block in self.blocks:
            x = block(x)
        return self._denoised(x[:, 1], noisy, level)

    def first(
        self,
        history: Tensor,
        noisy: Tensor,
        level: Tensor,
        given: Tensor,
        conditions: Tensor,
        cached: Tensor,
        *caches: Tensor,
    ) -> tuple[Tensor, ...]:
        """The first step of a stream's frame: the frame before goes into the caches, too.

        Tensors are as `gioconda.generator.network` names them.

        Returns:
            The residual, the linear prediction and its scale, (C,) each, and what of the frame
            before is to be the last of `caches`.
        """
        last = torch.cat([history[-1:], self.prediction.residual(history)], -1)
        # conditions of the frame before go with the history, those of the new one with the noise
        added = self._conditioned(given, conditions)
        new = self._noised(noisy[None], level) + added[1:]
        x, latest = self._step([self.history(last) + added[:1], new], cached, caches)
        expected = self.prediction(history[1:])
        # a graph gives out no constant, so a nothing is added
        scale = self.prediction.scale + 0 * expected
        return self._denoised(x, noisy[None], level)[0], expected, scale, *latest

    def again(
        self,
        noisy: Tensor,
        level: Tensor,
        given: Tensor,
        conditions: Tensor,
        cached: Tensor,
        *caches: Tensor,
    ) -> Tensor:
        """A later step of the same frame: its residual (C,)."""
        new = self._noised(noisy[None], level) + self._conditioned(given, conditions)
        x, _ = self._step([new], cached, caches)
        return self._denoised(x, noisy[None], level)[0]

    def _step(
        self, frames: list[Tensor], cached: Tensor, caches: tuple[Tensor, ...]
    ) -> tuple[Tensor, list[Tensor]]:
        """The last of some frames (1, width) after the blocks, and the first one's caches."""
        x = torch.stack(frames, 1)
        latest = []
        for i, block in enumerate(self.blocks):
            x, *values = block.step(x, cached, *(cache[i, None] for cache in caches))
            latest.append(values)
        return x[:, -1], [torch.cat(one) for one in zip(*latest, strict=True)]

    def _noised(self, noisy: Tensor, level: Tensor) -> Tensor:
        """The blocks' input of a new frame, but for its conditions."""
        scale = ((1 - level).square() + level.square()).rsqrt()[..., None]
        x: Tensor = self.noisy(noisy * scale) + self.level(_waves(level))
        return x

    def _conditioned(self, given: Tensor, conditions: Tensor) -> Tensor:
        """What the conditions add to the blocks' input."""
        whole: Any = 0.0
        for i, (name, part) in enumerate(Conditions.BY_NAME.items()):
            known = given[..., i : i + 1]
            embedded = self.conditions[name](conditions[..., part])
            whole = whole + known * embedded + (1 - known) * self.null[name]
        return whole

    def _denoised(self, x: Tensor, noisy: Tensor, level: Tensor) -> Tensor:
        """The network adds what a linear guess from the noise leaves (Karras et al., 2022)."""
        kept, lost = (1 - level)[..., None], level[..., None]
        whole = kept.square() + lost.square()
        return noisy * kept / whole + self.outlet(x) * lost * whole.rsqrt()


_WAVES: Final = 32


def _waves(level: Tensor) -> Tensor:
    """Sines and cosines of a level, (..., _WAVES)."""
    pitch = torch.exp(torch.linspace(0, 5, _WAVES // 2, device=level.device))
    angle = level[..., None] * pitch
    return torch.cat([angle.sin(), angle.cos()], -1)


class _Block(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward.

    `forward` takes (N, 2, T, width), history and new; `step` (N, 2, width), the frame before and
    the new one, or (N, 1, width), the new one only.
    """

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

    def step(
        self, x: Tensor, cached: Tensor, keys: Tensor, values: Tensor, inner: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = x + self.before(x) / 2
        changed, key, value = self.attention.step(x, cached, keys, values)
        x = x + changed
        changed, latest = self.convolution.step(x, inner[:, 0])
        x = x + changed
        return x + self.after(x) / 2, key, value, latest[:, None]


def _feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 2 * width),
        nn.SiLU(),
        nn.Linear(2 * width, width),
        _Dropout(dropout),
    )


class _Dropout(nn.Module):
    """Dropout of the same channels in all frames of a window: x is (N, ..., width)."""

    def __init__(self, part: float) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        mask = x.new_ones(len(x), *[1] * (x.ndim - 2), x.shape[-1])
        return x * F.dropout(mask, self.part)


class _Attention(nn.Module):
    """A frame attends to itself and to the history, with a bias for how long before."""

    def __init__(self, width: int, heads: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.inlet = nn.Linear(width, 3 * width)
        self.outlet = nn.Sequential(nn.Linear(width, width), _Dropout(dropout))
        self.bias = nn.Parameter(torch.zeros(heads, frames + 1))  # by frames back
        place = torch.arange(frames)
        back = place[:, None] - place
        self.register_buffer("back", back.clamp(0), persistent=False)
        self.register_buffer("later", back <= 0, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        count, _, frames, width = x.shape
        query, key, value = self._parts(x)  # (N, 2, heads, T, size)
        bias = self.bias[:, self.back[:frames, :frames]].masked_fill(
            self.later[:frames, :frames], -1e4
        )
        past = query @ key[:, :1].transpose(-1, -2) + bias
        own = (query * key).sum(-1, keepdim=True) + self.bias[:, :1, None]
        weights = torch.cat([past, own], -1).softmax(-1)
        found = weights[..., :-1] @ value[:, :1] + weights[..., -1:] * value
        return self.outlet(found.transpose(2, 3).reshape(count, 2, frames, width))

    def _parts(self, x: Tensor) -> list[Tensor]:
        """Query, key, value (..., heads, T, size) of (..., T, width)."""
        parts = self.inlet(self.norm(x)).chunk(3, -1)
        query, key, value = (
            part.reshape(*part.shape[:-1], self.heads, -1).transpose(-2, -3) for part in parts
        )
        return [query * key.shape[-1] ** -0.5, key, value]

    def step(
        self, x: Tensor, cached: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = self._parts(x)  # (N, heads, frames, size)
        keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
        back = torch.arange(cached.shape[0], 0, -1)
        hidden = -1e4 * (1 - cached)
        bias = [torch.cat([self.bias[:, back] + hidden, self.bias[:, :1]], 1)]
        if x.shape[1] == 2:  # the new one, at the end, is seen by itself only
            never = torch.full((self.heads, 1), -1e4)
            far = self.bias[:, back[:-1]] + hidden[1:]  # and sees no farther than the other does
            bias = [
                torch.cat([bias[0], never], 1),
                torch.cat([never, far, self.bias[:, [1, 0]]], 1),
            ]
        weights = (query @ keys.transpose(-1, -2) + torch.stack(bias, 1)).softmax(-1)
        found = (weights @ values).transpose(1, 2).reshape(x.shape)
        return self.outlet(found), key[:, :, :1], value[:, :, :1]


class _Convolution(nn.Module):
    """A frame sees itself and `CONVOLVED` frames of history."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inlet = nn.Linear(width, 2 * width)
        self.past = nn.Conv1d(width, width, CONVOLVED, groups=width)
        self.own = nn.Parameter(torch.ones(width) / CONVOLVED)
        self.outlet = nn.Linear(width, width)
        self.dropout = _Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = F.glu(self.inlet(self.norm(x)), -1)
        history = F.pad(x[:, 0, :-1].transpose(1, 2), (CONVOLVED, 0))
        past = self.past(history).transpose(1, 2)
        return self._outlet(past[:, None] + self.own * x)

    def _outlet(self, x: Tensor) -> Tensor:
        return self.dropout(self.outlet(F.silu(self.second(x))))

    def step(self, x: Tensor, inner: Tensor) -> tuple[Tensor, Tensor]:
        x = F.glu(self.inlet(self.norm(x)), -1)
        history = torch.cat([inner, x[:, :-1]], 1).transpose(1, 2)  # (N, width, CONVOLVED or more)
        return self._outlet(self.past(history).transpose(1, 2) + self.own * x), x[:, :1]
