"""Batches: windows of examples, with noise, and with conditions left out at random."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gioconda.generator.diffusion import noised
from gioconda.generator.network import HISTORY, LEADING, Channels, Conditions
from gioconda.training.examples import Copies, Example, chances
from gioconda.training.generator.network import LinearPrediction


@dataclass(frozen=True)
class Windows:
    """What a batch is made of.

    Attributes:
        long: frames of a window of long clips, and windows of a batch.
        short: the same of short clips.
        dropout: how often each condition is left out of a window.
        hidden: how often a window hides history, all of it or to begin with.
        doubt: how far off the history is, in scales of the linear prediction.
        least_level: of noise.
        pure_noise: how often a frame is nothing but noise.
    """

    long: tuple[int, int] = (HISTORY + 1, 32)
    short: tuple[int, int] = (30, 80)
    dropout: Mapping[str, float] = field(
        default_factory=lambda: {
            "speech": 0.1,
            "gaze": 0.5,
            "amplitude": 0.3,
            "blinks": 0.1,
        }
    )
    hidden: float = 0.15
    doubt: float = 0.5
    least_level: float = 0.02
    pure_noise: float = 0.35


@dataclass(frozen=True)
class Batch:
    """N windows of T frames.

    Attributes:
        inputs: of `MotionNet.forward`.
        target: (N, T, C) residuals without noise.
        learned: (N, T, 1) 1 where a frame is to be learned.
        level: (N, T) of the noise.
        pose: whether it is to be learned.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    learned: Tensor
    level: Tensor
    pose: bool


class Batches:
    """Draws batches of long and of short clips in turn."""

    def __init__(
        self,
        long: list[Copies],
        short: list[Copies],
        windows: Windows,
        channels: Channels,
        prediction: LinearPrediction,
        rng: np.random.Generator,
    ) -> None:
        self._kinds = [
            (clips, chances(clips, len), sizes)
            for clips, sizes in ((long, windows.long), (short, windows.short))
        ]
        self._windows, self._channels = windows, channels
        self._prediction, self._rng = prediction, rng

    def draw(self, step: int) -> Batch:
        kind = step % 2 if all(clips for clips, *_ in self._kinds) else int(not self._kinds[0][0])
        clips, chances, (frames, count) = self._kinds[kind]
        drawn = [clips[i] for i in self._rng.choice(len(clips), count, p=chances)]
        examples = [copies[self._rng.integers(len(copies))] for copies in drawn]
        return self._batch(examples, frames, kind == 0)

    def _batch(self, examples: list[Example], frames: int, long: bool) -> Batch:
        rng = self._rng
        rows = [self._window(example, frames, long) for example in examples]
        motion, visible, learned, given, conditions = map(np.stack, zip(*rows, strict=True))
        target = self._prediction.residual(torch.from_numpy(motion)).numpy()
        target *= learned
        noise = rng.normal(size=target.shape).astype(np.float32)
        level = rng.uniform(self._windows.least_level, 1, (*visible.shape, 1)).astype(np.float32)
        level[rng.random(visible.shape) < self._windows.pure_noise] = 1
        history = self._history(motion[:, LEADING:], target)
        parts = history, noised(target, noise, level), level[..., 0], visible, given, conditions
        inputs = tuple(map(torch.from_numpy, parts))
        return Batch(inputs, torch.from_numpy(target), torch.from_numpy(learned), inputs[2], long)

    def _window(self, example: Example, frames: int, long: bool) -> tuple[NDArray[np.float32], ...]:
        """Motion (with the frames that lead to it), what of the history is visible, what is to be
        learned, which conditions are given, and these."""
        rng, channels = self._rng, self._channels
        motion = np.zeros((LEADING + frames, channels.count), np.float32)
        visible = np.ones(frames, np.float32)
        learned = np.zeros((frames, 1), np.float32)
        given = np.zeros((frames, len(Conditions.BY_NAME)), np.float32)
        conditions = np.zeros((frames, Conditions.COUNT), np.float32)
        start = int(rng.integers(0, max(0, len(example) - frames) + 1))
        part = slice(start, start + frames)
        size = min(len(example), frames)
        flip = rng.random() < 0.5
        before = min(start, LEADING)
        moved = (example.mirrored if flip else example.motion)[:, : channels.count]
        motion[LEADING - before : LEADING + size] = moved[start - before : start + size]
        if rng.random() < self._windows.hidden:
            visible[: int(rng.integers(1, 2 * frames))] = 0
        learned[LEADING - before : size] = 1
        given[:size, 0] = example.own[part]
        given[:size, 1:] = (1, long, 1)
        dropout = np.array([self._windows.dropout[name] for name in Conditions.BY_NAME])
        given *= rng.random(len(dropout)) >= dropout
        conditions[:size] = example.conditions[part]
        if flip:
            conditions[:, Conditions.GAZE.start] *= -1
        return motion, visible, learned, given, conditions

    def _history(
        self, motion: NDArray[np.float32], residual: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Motion and residuals (N, T, 2 C) as the network sees them: in doubt."""
        rng = self._rng
        doubt = np.abs(rng.normal(0, self._windows.doubt, (len(motion), 1, 1))).astype(np.float32)
        off = rng.normal(size=motion.shape).astype(np.float32) * doubt
        return np.concatenate([motion + off * self._prediction.scale.numpy(), residual], 2)
