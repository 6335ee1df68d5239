"""The generator's network: noisy motion, speech and dials in, motion out.

Conformer blocks (Gulati et al., 2020) that look back only. Every frame comes twice: as it was
shown, and new, with noise; the new one sees those shown before it. So one pass teaches all
frames of a window what a stream asks for, and a stream costs two frames a pass: what the network
made of frames before is kept. Speech is added frame by frame, and so is each dial, which has an
embedding of its own for "not told".

A new frame is told by what is new in it: how far it is from where the frames before lead (linearly,
`Course`), in units of how far that usually is. So what cannot be foreseen is about as large as the
noise that it is made from, and a few steps find it. The mouth that was shown is hidden and leads
nowhere, so what is new in it is all of it.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIALS: Final = {"speech": 130, "gaze": 2, "amplitude": 1, "blinking": 2}
"""Conditions and how many numbers each has in a frame; see `generator/windows.py`."""
ORDER: Final = 4  # frames before that lead to the next
SPAN: Final = 6  # frames back that a convolution sees


class Course(nn.Module):
    """Where the frames before lead: each number of motion by itself, linearly.

    Attributes:
        lead: (`ORDER`, C) what each of the frames before, the latest last, adds to the next.
        pace: (C,) how far a frame usually is from there.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("lead", torch.zeros(ORDER, channels))
        self.register_buffer("pace", torch.ones(channels))

    def after(self, past: Tensor) -> Tensor:
        """Where (..., C) the frames past (..., `ORDER`, C) lead."""
        return (self.lead * past).sum(-2)

    def news(self, frames: Tensor) -> Tensor:
        """What is new in each of frames (..., T, C) but the first `ORDER`."""
        last = frames.shape[-2] - ORDER
        led = (self.lead[k] * frames[..., k : k + last, :] for k in range(ORDER))
        return (frames[..., ORDER:, :] - sum(led)) / self.pace


class MotionNet(nn.Module):
    """Conformer that tells the motion behind noise.

    The published size is `MotionNet(..., width=512, layers=8, heads=8)`.

    Args:
        channels: numbers of motion in a frame.
        frames: how far back it can see.
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
        self.frames = frames
        self.course = Course(channels)
        self.shown, self.new = nn.Linear(2 * channels, width), nn.Linear(channels, width)
        self.absent = nn.Parameter(torch.zeros(width))
        self.level = nn.Sequential(nn.Linear(_WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.dials = nn.ModuleDict({name: nn.Linear(size, width) for name, size in DIALS.items()})
        self.untold = nn.ParameterDict({name: torch.zeros(width) for name in DIALS})
        self.blocks = nn.ModuleList(_Block(width, heads, frames, dropout) for _ in range(layers))
        self.outlet = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, channels))

    def forward(
        self,
        shown: Tensor,
        noisy: Tensor,
        level: Tensor,
        there: Tensor,
        told: Tensor,
        dials: Tensor,
    ) -> Tensor:
        """What is new (N, T, C), without its noise.

        Args:
            shown: (N, T, 2 C) motion, and what was new in it.
            noisy: (N, T, C) what is new, with noise.
            level: (N, T) of the noise, 0 to 1.
            there: (N, T) 1 where a frame was shown, 0 where it is hidden.
            told: (N, T, 4) 1 where the dial is told, in the order of `DIALS`.
            dials: (N, T, sum of sizes) what they say.
        """
        x = torch.stack(self._inlet(shown, noisy, level, there, told, dials), 1)
        for block in self.blocks:
            x = block(x)
        return self._outlet(x[:, 1], noisy, level)

    def first(
        self,
        past: Tensor,
        noisy: Tensor,
        level: Tensor,
        told: Tensor,
        dials: Tensor,
        seen: Tensor,
        *kept: Tensor,
    ) -> tuple[Tensor, ...]:
        """A frame of a stream is asked for: the frame before it as it was shown, and the new one.

        Args:
            past: (`ORDER` + 1, C) frames shown, the latest last, without their mouths.
            noisy: (C,) what is new, with noise.
            level: (1,) of the noise.
            told: (N, 2, 4) of the frame before and of the new one.
            dials: (N, 2, sum of sizes) as well.
            seen: (`frames` - 1,) 1 where there is a frame before both, the last the latest.
            kept: what the network said of those frames: keys and values, each
                (N, layers, heads, `frames` - 1, width / heads), and (N, layers, 1, `SPAN`,
                width) that the convolutions see.

        Returns:
            What is new (N, C); that frame (N, C); and of the frame before it what is to be kept,
            as the last of `kept`.
        """
        count = told.shape[0]
        noisy, level = noisy.expand(count, -1), level.expand(count)
        shown = torch.cat([past[-1:], self.course.news(past)], -1).expand(count, -1)
        # two frames at two times: dials of the first go with what was shown
        before, _ = self._inlet(
            shown, noisy, level, torch.ones_like(level), told[:, 0], dials[:, 0]
        )
        new, made = self._step(
            [before, self._new(noisy, level, told[:, 1], dials[:, 1])], seen, kept
        )
        new = self._outlet(new, noisy, level)
        return new, self._frame(past, new), *made

    def again(
        self,
        past: Tensor,
        noisy: Tensor,
        level: Tensor,
        told: Tensor,
        dials: Tensor,
        seen: Tensor,
        *kept: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The same frame nearer to what it becomes: only the new one, as it is now.

        Args:
            told: (N, 4) of the new frame.
            dials: (N, sum of sizes) as well.
            kept: as in `first`, of the frame before as well.

        Returns:
            What is new (N, C), and that frame (N, C).
        """
        count = told.shape[0]
        noisy, level = noisy.expand(count, -1), level.expand(count)
        new, _ = self._step([self._new(noisy, level, told, dials)], seen, kept)
        new = self._outlet(new, noisy, level)
        return new, self._frame(past, new)

    def _step(
        self, frames: list[Tensor], seen: Tensor, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, list[Tensor]]:
        """The last of some frames (N, width) through the blocks, and what to keep of the first."""
        x = torch.stack(frames, 1)
        made = []
        for i, block in enumerate(self.blocks):
            x, *values = block.step(x, seen, *(one[:, i] for one in kept))
            made.append(values)
        return x[:, -1], [torch.stack(one, 1) for one in zip(*made, strict=True)]

    def _frame(self, past: Tensor, new: Tensor) -> Tensor:
        return self.course.after(past[1:]) + self.course.pace * new

    def _inlet(
        self,
        shown: Tensor,
        noisy: Tensor,
        level: Tensor,
        there: Tensor,
        told: Tensor,
        dials: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """What goes into the blocks of a frame as it was shown, and of it as it is new."""
        said = self._said(told, dials)
        there = there[..., None]
        before = there * self.shown(shown) + (1 - there) * self.absent
        return before + said, self._noisy(noisy, level) + said

    def _new(self, noisy: Tensor, level: Tensor, told: Tensor, dials: Tensor) -> Tensor:
        """What goes into the blocks of a new frame."""
        return self._noisy(noisy, level) + self._said(told, dials)

    def _noisy(self, noisy: Tensor, level: Tensor) -> Tensor:
        scale = ((1 - level).square() + level.square()).rsqrt()[..., None]
        told: Tensor = self.new(noisy * scale) + self.level(_waves(level))
        return told

    def _said(self, told: Tensor, dials: Tensor) -> Tensor:
        """What the dials say together."""
        whole: Any = 0.0
        start = 0
        for i, (name, size) in enumerate(DIALS.items()):
            given = told[..., i : i + 1]
            said = self.dials[name](dials[..., start : start + size])
            whole = whole + given * said + (1 - given) * self.untold[name]
            start += size
        return whole

    def _outlet(self, x: Tensor, noisy: Tensor, level: Tensor) -> Tensor:
        """The network tells what a linear guess from the noise leaves (Karras et al., 2022)."""
        kept, lost = (1 - level)[..., None], level[..., None]
        whole = kept.square() + lost.square()
        return noisy * kept / whole + self.outlet(x) * lost * whole.rsqrt()


class Streamed(nn.Module):
    """A network whose call is one of its steps, as it is exported."""

    def __init__(self, net: MotionNet, step: str) -> None:
        super().__init__()
        self.net, self.step = net, step

    def forward(self, *inputs: Tensor) -> Any:
        return getattr(self.net, self.step)(*inputs)


_WAVES: Final = 32


def _waves(level: Tensor) -> Tensor:
    """Sines and cosines of a level, (..., _WAVES)."""
    pitch = torch.exp(torch.linspace(0, 5, _WAVES // 2, device=level.device))
    angle = level[..., None] * pitch
    return torch.cat([angle.sin(), angle.cos()], -1)


class _Block(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward.

    `forward` takes (N, 2, T, width), shown and new; `step` (N, 2, width), the frame before and
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
        self, x: Tensor, seen: Tensor, keys: Tensor, values: Tensor, shown: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = x + self.before(x) / 2
        changed, key, value = self.attention.step(x, seen, keys, values)
        x = x + changed
        changed, inner = self.convolution.step(x, shown[:, 0])
        x = x + changed
        return x + self.after(x) / 2, key, value, inner[:, None]


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
    """A frame attends to itself and to those shown before, with a bias for how long before."""

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
        self, x: Tensor, seen: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = self._parts(x)  # (N, heads, frames, size)
        keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
        back = torch.arange(seen.shape[0], 0, -1)
        hidden = -1e4 * (1 - seen)
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
    """A frame sees itself and `SPAN` frames shown before."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inlet = nn.Linear(width, 2 * width)
        self.past = nn.Conv1d(width, width, SPAN, groups=width)
        self.own = nn.Parameter(torch.ones(width) / SPAN)
        self.outlet = nn.Linear(width, width)
        self.dropout = _Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = F.glu(self.inlet(self.norm(x)), -1)
        shown = F.pad(x[:, 0, :-1].transpose(1, 2), (SPAN, 0))
        past = self.past(shown).transpose(1, 2)
        return self._outlet(past[:, None] + self.own * x)

    def _outlet(self, x: Tensor) -> Tensor:
        return self.dropout(self.outlet(F.silu(self.second(x))))

    def step(self, x: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        x = F.glu(self.inlet(self.norm(x)), -1)
        shown = torch.cat([kept, x[:, :-1]], 1).transpose(1, 2)  # (N, width, SPAN + frames - 1)
        return self._outlet(self.past(shown).transpose(1, 2) + self.own * x), x[:, :1]
