"""Scenes for the training: made without end, and a pool of them on the device."""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from gioconda.data.clips import Clip
from gioconda.data.samples.scenes import Scenes


class Pool:
    """Scenes side by side on the device, to draw from; the oldest give way to new ones.

    Args:
        most: how many are kept.
        device: where.

    Attributes:
        added: how many there have been.
    """

    def __init__(self, most: int, device: torch.device) -> None:
        self.added = 0
        self._most, self._device = most, device
        self._fields: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return min(self.added, self._most)

    def add(self, scene: dict[str, Tensor]) -> None:
        """Keep a scene; its fields are those of `Scene`."""
        if not self._fields:
            self._fields = {
                name: torch.empty((self._most, *x.shape), dtype=x.dtype, device=self._device)
                for name, x in scene.items()
            }
        for name, field in scene.items():
            self._fields[name][self.added % self._most] = field
        self.added += 1

    def __getitem__(self, name: str) -> Tensor:
        """A field of all scenes that there are, (P, ...), on the device, not copied."""
        return self._fields[name][: len(self)]


class _Endless(IterableDataset):
    """Scenes for the workers, each with a seed of its own."""

    def __init__(self, clips: list[Clip], side: int, sharp: float | None, seed: list[int]) -> None:
        self._clips, self._side, self._sharp, self._seed = clips, side, sharp, seed

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        cv2.setNumThreads(1)
        rng = np.random.default_rng([*self._seed, worker.id if worker else 0])
        # as tensors they come from the workers in shared memory
        for scene in Scenes(self._clips, rng, self._side, sharp=self._sharp):
            yield {name: torch.from_numpy(field) for name, field in vars(scene).items()}


def endless_scenes(
    clips: list[Clip], side: int, sharp: float | None, seed: list[int], workers: int
) -> Iterator[dict[str, Tensor]]:
    """The fields of `Scene`, one scene after another.

    Args:
        clips: of the training split.
        side: S of the views.
        sharp: as for `Scenes`.
        seed: decides all.
        workers: processes that make them; 0 to make them when they are asked for.
    """
    endless = _Endless(clips, side, sharp, seed)
    if not workers:
        return iter(endless)
    return iter(DataLoader(endless, batch_size=None, num_workers=workers, prefetch_factor=2))
