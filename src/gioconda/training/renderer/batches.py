"""Batches: a window of the view over some scenes of the pool."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import Window
from gioconda.renderer.light import gains, middle
from gioconda.renderer.view import CELL
from gioconda.training.renderer.examples import Pool

_MIRRORED: Final = (-1, 1, 1, -1, 1, 1, -1, 1)  # signs of the guides in a mirror
_PICTURES: Final = ("source", "source_masks", "base", "real", "masks", "real_masks")


@dataclass(frozen=True)
class BatchWindow:
    """A part of the view that batches show, in pixels of a view that is 256 wide."""

    chance: float  # that it is the batch
    height: int
    width: int
    top: int  # the middle of where its corner lies
    left: int
    jitter: int  # how far the corner strays from there
    pairs: int  # of frames, of each scene
    judged: bool  # whether the critic looks at it

    def draw(self, rng: np.random.Generator, side: int) -> Window:
        """Where it is this time, in a view `side` pixels wide."""
        scale = side // 256
        top, left = (
            (start + int(rng.integers(-self.jitter, self.jitter + 1))) * scale // CELL * CELL
            for start in (self.top, self.left)
        )
        return Window(top, left, self.height * scale, self.width * scale)


MOUTH: Final = BatchWindow(0.75, 80, 112, 116, 72, 12, 2, True)
EYES: Final = BatchWindow(0.2, 64, 160, 48, 48, 8, 2, True)
ALL: Final = BatchWindow(0.05, 256, 256, 0, 0, 0, 1, False)


@dataclass(frozen=True)
class PixelWeights:
    """Weights of a pixel; the rest of the face has 1."""

    lips: float = 5.0
    eyes: float = 5.0
    outside: float = 0.1


class Batch(NamedTuple):
    """Windows of N scenes, T frames of each; pictures 0 to 1."""

    source: Tensor  # (N, 3, S, S)
    source_masks: Tensor  # (N, MASKS, S, S)
    base: Tensor  # (N T, 3, h, w)
    real: Tensor  # (N T, 3, h, w)
    masks: Tensor  # (N T, MASKS, h, w)
    real_masks: Tensor  # those of the real frames, which may be others
    guides: Tensor  # (N T, GUIDES, h/4, w/4)
    origin: Tensor  # (N T, h/4, w/4, 2)
    weight: Tensor  # (N T, 1, h, w)
    real_weight: Tensor
    corner: tuple[int, int]  # in cells
    paired: bool  # whether the real frames are what is to be drawn


class Batches:
    """Draws batches, with other colours, mirrored half the time.

    Args:
        pool: scenes to draw from.
        count: N, scenes in a batch.
        side: S of the view.
        weights: of pixels.
        calibration: how faces look in clips.
        rng: decides.
    """

    def __init__(
        self,
        pool: Pool,
        count: int,
        side: int,
        weights: PixelWeights,
        calibration: RendererCalibration,
        rng: np.random.Generator,
    ) -> None:
        self._pool, self._count, self._side = pool, count, side
        self._weights, self._calibration, self._rng = weights, calibration, rng

    def draw(self, shown: BatchWindow, paired: bool) -> Batch:
        """A batch.

        Args:
            shown: the part of the view.
            paired: whether real frames are to be drawn, or faces whose target nobody knows.
        """
        rng = self._rng
        window = shown.draw(rng, self._side)
        scenes, real = self._choose(shown.pairs)
        first = self._pool["real"].shape[1]  # of the unpaired frames
        unpaired = np.tile(first + np.arange(real.shape[1]), (self._count, 1))
        batch = self._cut(window, scenes, real if paired else unpaired, real, paired)
        if rng.random() < 0.5:
            batch = _mirrored(batch, self._side, window)
        like_the_net = {
            name: getattr(batch, name).contiguous(memory_format=torch.channels_last)
            for name in _PICTURES
        }
        return batch._replace(**like_the_net)

    def _choose(self, pairs: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Scenes (N,) and pairs of their real frames (N, T)."""
        rng, shown = self._rng, self._pool["real"].shape[1]
        chosen = rng.choice(len(self._pool), self._count, replace=False)
        first = np.stack([2 * rng.choice(shown // 2, pairs, replace=False) for _ in chosen])
        return chosen, np.stack([first, first + 1], -1).reshape(self._count, 2 * pairs)

    def _cut(
        self,
        window: Window,
        scenes: NDArray[np.int_],
        at: NDArray[np.int_],
        real_at: NDArray[np.int_],
        paired: bool,
    ) -> Batch:
        """A window of frames `at` (N, T) of some scenes, and of the real frames beside them."""
        pool, frames = self._pool, at.shape[1]
        rows = slice(window.top, window.top + window.height)
        columns = slice(window.left, window.left + window.width)
        chosen = torch.from_numpy(scenes).to(pool["real"].device)

        def look(field: Tensor, which: NDArray[np.int_]) -> Tensor:
            """These frames of a field (P, F, ...): (N T, ...)."""
            index = torch.from_numpy(which).to(field.device)
            return field[chosen[:, None], index].flatten(0, 1).float()

        colours = Colours(self._count, self._rng, chosen.device)
        source = colours(pool["source"][chosen].float().permute(0, 3, 1, 2) / 255, 1)
        gain = _gains(source, self._calibration)

        def colour(field: Tensor, which: NDArray[np.int_]) -> Tensor:
            """Pictures (N T, 3, h, w) as they look."""
            pictures = look(field[:, :, rows, columns], which).permute(0, 3, 1, 2)
            seen = gain.repeat_interleave(frames, 0) * colours(pictures / 255, frames)
            return seen.clamp(0, 1)

        masks, real_masks = (
            look(pool["masks"][..., rows, columns], each) / 255 for each in (at, real_at)
        )
        weight, real_weight = (
            weigh(each, look(pool["face"][..., *window.cells], which)[:, None] / 255, self._weights)
            for each, which in ((masks, at), (real_masks, real_at))
        )
        return Batch(
            source=(gain * source).clamp(0, 1),
            source_masks=pool["source_masks"][chosen].float() / 255,
            base=colour(pool["base"], at),
            real=colour(pool["real"], real_at),
            masks=masks,
            real_masks=real_masks,
            guides=look(pool["guides"][..., *window.cells], at),
            origin=look(pool["origin"][:, :, *window.cells], at),
            weight=weight,
            real_weight=real_weight,
            corner=window.corner,
            paired=paired,
        )


def _mirrored(batch: Batch, side: int, window: Window) -> Batch:
    names = [name for name in Batch._fields if name not in ("origin", "corner", "paired")]
    seen = batch._replace(**{name: getattr(batch, name).flip(-1) for name in names})
    signs = seen.guides.new_tensor(_MIRRORED)[:, None, None]
    origin = batch.origin.flip(2)
    left = side - window.left - window.width
    return seen._replace(
        guides=seen.guides * signs,
        origin=torch.stack([side - 1 - origin[..., 0], origin[..., 1]], -1),
        corner=window._replace(left=left).corner,
    )


def _gains(source: Tensor, calibration: RendererCalibration) -> Tensor:
    """What takes the light off pictures (N, 3, S, S), 0 to 1: (N, 3, 1, 1)."""
    rows, columns = middle(source.shape[-1])
    colours = source[:, :, rows, columns].mean((2, 3))
    found = torch.from_numpy(gains(255 * colours.cpu().numpy(), calibration))
    return found.to(source.device)[..., None, None]


def weigh(masks: Tensor, face: Tensor, weights: PixelWeights) -> Tensor:
    """How much each pixel counts, (N, 1, h, w), of masks and the face's oval in cells."""
    near = F.max_pool2d(masks[:, 1:3], (1, 9), 1, (0, 4))  # lips and eyes and what touches them
    near = F.max_pool2d(near, (9, 1), 1, (4, 0))
    inside = F.interpolate(face, scale_factor=CELL, mode="bilinear", align_corners=False)
    weight = weights.outside + (1 - weights.outside) * inside
    weight = torch.maximum(weight, weights.lips * near[:, :1])
    weight = torch.maximum(weight, weights.eyes * near[:, 1:])
    return weight


class Colours:
    """Other light and colours, one for each of N scenes: half are changed as by other cameras,
    half as much more as paint and old film differ."""

    def __init__(self, count: int, rng: np.random.Generator, device: torch.device) -> None:
        much = rng.choice([1.0, 2.5], (count, 1))
        gain = np.exp(much * (rng.normal(0, 0.1, (count, 1)) + rng.normal(0, 0.06, (count, 3))))
        gamma = np.exp(much * rng.normal(0, 0.15, (count, 1)))
        grey = np.minimum(much * rng.uniform(-0.3, 0.4, (count, 1)), 1)
        black = (much - 1) * rng.uniform(0, 0.08, (count, 1))
        self._tables = torch.from_numpy(
            np.stack(np.broadcast_arrays(gain, gamma, grey, black))[..., None, None]
        ).to(device, torch.float32)

    def __call__(self, x: Tensor, frames: int) -> Tensor:
        """Pictures (N frames, 3, h, w), 0 to 1."""
        gain, gamma, grey, black = self._tables.repeat_interleave(frames, 1)
        x = x + grey * (x.mean(1, keepdim=True) - x)
        x = (gain * x.clamp(1e-4, 1) ** gamma).clamp(0, 1)
        return black + (1 - black) * x
