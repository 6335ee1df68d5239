"""A fake `Animator` whose mouth is as open as its sound is loud, at no cost: the page can be
measured on a machine that is too busy for the generator."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import Controls
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

Picture = NDArray[np.uint8]

_STEPS = 9
_WIDEST = 4.0  # of the coordinate that opens the mouth
LOUD = 0.15  # opens it so far


class LoudnessAnimator:
    """Stands in for an `Animator` of the bundled portrait.

    Args:
        pictures: from a shut mouth to an open one.
    """

    def __init__(self, pictures: list[Picture]) -> None:
        self.controls = Controls()
        self._pictures = pictures

    def listen(self, pcm: NDArray[np.float32]) -> None:
        """Nothing of it is seen."""

    def drawings(self, pcm: NDArray[np.float32]) -> list[Callable[[], Picture]]:
        """One picture for each 40 ms, at once."""
        pieces = pcm.reshape(-1, 640)
        return [lambda piece=piece: self._draw(piece) for piece in pieces]

    def _draw(self, pcm: NDArray[np.float32]) -> Picture:
        loud = float(np.sqrt(np.mean(pcm**2))) / LOUD
        return self._pictures[min(round(loud * (_STEPS - 1)), _STEPS - 1)]


def loudness_animators(portrait: Portrait) -> Callable[..., LoudnessAnimator]:
    """What is called as `Animator` is."""
    pictures = open_mouths(portrait)

    def make(*args: Any, **options: Any) -> LoudnessAnimator:
        return LoudnessAnimator(pictures)

    return make


def open_mouths(portrait: Portrait) -> list[Picture]:
    """Pictures from a shut mouth to an open one."""
    basis, renderer = portrait.basis, Renderer(portrait)
    lower = basis.dynamics[basis.lower]
    opens = (lower[:, 14] - lower[:, 13])[:, 1]  # the lips' inner edges
    dynamics = np.zeros(len(basis.dynamics), np.float32)
    dynamics[basis.lower] = opens / np.linalg.norm(opens)
    steps = np.linspace(0, _WIDEST, _STEPS)
    return [renderer.render(portrait.pose, step * dynamics).copy() for step in steps]
