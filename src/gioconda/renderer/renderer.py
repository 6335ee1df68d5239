"""Renderer: a portrait and its motion become frames."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.portrait import Portrait
from gioconda.renderer.backdrop import Backdrop, Background
from gioconda.renderer.glasses import Glasses
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.warper import WarpedFrame, Warper
from gioconda.rows import Rows


class Decoder(Protocol):
    """Draws what the warp cannot know, one frame at a time."""

    def __call__(self, frame: WarpedFrame) -> None:
        """Draw over the frame's picture, in place."""
        ...


class Renderer:
    """Draws one portrait, frame after frame, into memory that it keeps.

    Args:
        portrait: whom to draw.
        decoder: draws what the warp cannot know; the released networks by default.
        full: draw into the whole photo; for a portrait made at the photo's own scale
            (`make_portrait(..., size=None)`).
        background: what is behind the person; None for what was behind it in the photo.

    Attributes:
        changed: rows in which the last frame may differ from the one before.
    """

    changed: Rows

    def __init__(
        self,
        portrait: Portrait,
        decoder: Decoder | None = None,
        full: bool = False,
        background: Background | None = None,
    ) -> None:
        self.portrait = portrait
        self._decoder = decoder or NeuralDecoder(portrait)
        size = portrait.size
        if full:
            left, top, side = (round(v) for v in portrait.crop)
            if size != side:
                raise ValueError(f"the crop is {side} pixels in the photo but drawn at {size}")
            height, width = (n - n % 2 for n in portrait.photo.shape[:2])
            self._frame, self._top = portrait.photo[:height, :width].copy(), top
            out = self._frame[top : top + size, left : left + size]
        else:
            out = self._frame = np.empty((size, size, 3), np.uint8)
            self._top = 0
        self._warper, self._begun = Warper(portrait, out), False
        self._glasses = None if portrait.rims is None else Glasses(portrait, self._warper.sheet)
        self._backdrop: Backdrop | None = None
        if background is not None:
            self._backdrop = Backdrop(portrait, self._frame.shape[:2], full, background)

    @property
    def alpha(self) -> bool:
        """Whether the frames have alpha."""
        return self._backdrop is not None and self._backdrop.alpha

    @property
    def height(self) -> int:
        """Height of the frames in pixels; even."""
        return int(self._frame.shape[0])

    @property
    def width(self) -> int:
        """Width of the frames in pixels; even."""
        return int(self._frame.shape[1])

    def render(
        self, pose: NDArray[np.floating], dynamics: NDArray[np.floating]
    ) -> NDArray[np.uint8]:
        """One frame.

        Args:
            pose: (6,) as in Motion; x, y and log scale are against the portrait's own place.
            dynamics: (D,) as in Motion.

        Returns:
            (height, width, 3) RGB, or before a transparent background (height, width, 4) with
            alpha; the renderer's own memory, good until the next call.
        """
        for _ in self.stages(pose, dynamics):
            pass
        rows, all_rows = self._warper.changed, Rows(0, self.height)
        if self._backdrop is not None:
            self.changed = all_rows
            return self._backdrop(self._frame, self._warper.frame.flow)
        self.changed = Rows(*(n + self._top for n in rows)) if self._begun else all_rows
        self._begun = True
        return self._frame

    def stages(self, pose: NDArray[np.floating], dynamics: NDArray[np.floating]) -> Iterator[str]:
        """As `render`, one stage at a time; yields the name of each when it is done."""
        yield from self._warper.stages(pose, dynamics)
        frame = self._warper.frame
        self._decoder(frame)
        if self._glasses:
            self._glasses.draw(frame.picture, pose)
        yield "decode"
