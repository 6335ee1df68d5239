"""Renderer: a portrait and its motion become frames."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gioconda.media import sample
from gioconda.portrait import Portrait
from gioconda.renderer.decoder import Decoder, Shot
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.sheet import make_sheet
from gioconda.renderer.warp import compose, rasterise, soften


class Renderer:
    """Draws one portrait, frame after frame, into memory that it keeps.

    Teeth are steadied by the frames before, so those of another video want another renderer.

    Args:
        portrait: whom to draw.
        decoder: draws what the warp cannot know; the released networks by default.
        full: draw into the whole photo; for a portrait made at the photo's own scale
            (`make_portrait(..., size=None)`).
    """

    def __init__(
        self, portrait: Portrait, decoder: Decoder | None = None, full: bool = False
    ) -> None:
        self.portrait = portrait
        self._decoder = decoder or NeuralDecoder(portrait)
        self._sheet = make_sheet(portrait)
        self._eyes = make_eyes(portrait)
        size = portrait.size
        self._flow = np.zeros((size, size, 2), np.float32)
        self._depth = np.empty((size, size), np.float32)
        self._picture = np.empty((size, size, 4), np.uint8)
        if full:
            left, top, side = (round(v) for v in portrait.crop)
            if size != side:
                raise ValueError(f"the crop is {side} pixels in the photo but drawn at {size}")
            height, width = (n - n % 2 for n in portrait.photo.shape[:2])
            self._frame = portrait.photo[:height, :width].copy()
            self._out = self._frame[top : top + size, left : left + size]
        else:
            self._frame = np.empty((size, size, 3), np.uint8)
            self._out = self._frame
        self._plate = portrait.plate[: self._out.shape[0], : self._out.shape[1]]

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
            (height, width, 3) RGB; the renderer's own memory, good until the next call.
        """
        for _ in self.stages(pose, dynamics):
            pass
        return self._frame

    def shoot(
        self, pose: NDArray[np.floating], dynamics: NDArray[np.floating]
    ) -> tuple[NDArray[np.uint8], Shot]:
        """The warped crop before the decoder, and what the decoder is told; as `render`."""
        for stage in self.stages(pose, dynamics):
            if stage == "eyes":
                break
        return self._out, self._shot

    def stages(self, pose: NDArray[np.floating], dynamics: NDArray[np.floating]) -> Iterator[str]:
        """As `render`, one stage at a time; yields the name of each when it is done."""
        sheet = self._sheet
        vertices, face = sheet.place(pose, dynamics)
        yield "place the mesh"
        rasterise(vertices, sheet.texture, sheet.triangles, self._flow, self._depth)
        yield "flow"
        sample(self.portrait.texture, self._flow, out=self._picture)
        yield "warp"
        compose(self._picture, self._plate, self._out)
        yield "compose"
        head = sheet.head(pose)
        soften(self._depth, head.size, self._out)
        yield "soften"
        for eye in self._eyes:
            eye.draw(self._out, face)
        self._shot = Shot(face, self._flow, head)
        yield "eyes"
        self._decoder(self._out, self._shot)
        yield "decode"
