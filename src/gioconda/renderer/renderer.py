"""Renderer: a portrait and its motion become frames."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.portrait import Portrait
from gioconda.renderer.backdrop import Backdrop, Background
from gioconda.renderer.glasses import Glasses
from gioconda.renderer.kernels import compose
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.warper import WarpedFrame, Warper
from gioconda.spans import Spans, either, none, whole


class Decoder(Protocol):
    """Draws what the warp cannot know, one frame at a time."""

    def __call__(self, frame: WarpedFrame) -> None:
        """Draw over the frame's picture, in place."""
        ...


class Warped(NamedTuple):
    """A frame of a `Renderer` that nothing is drawn over yet.

    Attributes:
        frame: its crop.
        picture: (H, W, 3) all of it, in the renderer's own memory.
        pose: (6,) as in Motion.
        changed: (H, 2) spans in which it may differ from the frame that was warped before it.
    """

    frame: WarpedFrame
    picture: NDArray[np.uint8]
    pose: NDArray[np.floating]
    changed: Spans


class Renderer:
    """Draws one portrait, frame after frame, into memory that it keeps.

    Args:
        portrait: whom to draw.
        decoder: draws what the warp cannot know; the released networks by default.
        full: draw into the whole photo; for a portrait made at the photo's own scale
            (`make_portrait(..., size=None)`).
        background: what is behind the person; None for what was behind it in the photo.

    Attributes:
        changed: (H, 2) spans in which the last frame may differ from the one before.
    """

    changed: Spans

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
        self._crop = slice(size), slice(size)
        if full:
            left, top, side = (round(v) for v in portrait.crop)
            if size != side:
                raise ValueError(f"the crop is {side} pixels in the photo but drawn at {size}")
            height, width = (n - n % 2 for n in portrait.photo.shape[:2])
            picture = portrait.photo[:height, :width].copy()
            self._crop = slice(top, top + size), slice(left, left + size)
        else:
            picture = np.empty((size, size, 3), np.uint8)
        self._pictures = [picture]
        self._warpers = [Warper(portrait, picture[self._crop])]
        self._moved = whole(self.height, self.width)  # in the frame that was warped before
        sheet = self._warpers[0].sheet
        self._glasses = None if portrait.rims is None else Glasses(portrait, sheet)
        # letters were printed over the whole picture: none stay before another background
        letters = None if background is not None else portrait.caption
        self._letters = None if letters is None else _within(letters, portrait.margin)
        self._backdrop: Backdrop | None = None
        if background is not None:
            self._backdrop = Backdrop(portrait, picture.shape[:2], full, background)

    @property
    def alpha(self) -> bool:
        """Whether the frames have alpha."""
        return self._backdrop is not None and self._backdrop.alpha

    @property
    def height(self) -> int:
        """Height of the frames in pixels; even."""
        return int(self._pictures[0].shape[0])

    @property
    def width(self) -> int:
        """Width of the frames in pixels; even."""
        return int(self._pictures[0].shape[1])

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
        return self.draw(self.warp(pose, dynamics))

    def warp(
        self, pose: NDArray[np.floating], dynamics: NDArray[np.floating], memory: int = 0
    ) -> Warped:
        """The first half of `render`.

        Args:
            pose: as in `render`.
            dynamics: as in `render`.
            memory: where to warp it, 0 or one more than the last; frames in the others stay.
        """
        if memory == len(self._warpers):
            self._pictures.append(self._pictures[0].copy())
            self._warpers.append(self._warpers[0].twin(self._pictures[memory][self._crop]))
        warper = self._warpers[memory]
        return Warped(warper.warp(pose, dynamics), self._pictures[memory], pose, self._see(warper))

    def draw(self, warped: Warped) -> NDArray[np.uint8]:
        """The second half of `render`; frames come in the order in which they were warped."""
        return self.begin(warped)()

    def begin(self, warped: Warped) -> Callable[[], NDArray[np.uint8]]:
        """Begin to draw; call the result to finish.

        Networks draw a frame while the next is warped and begun; it ends before a third begins.
        """
        if isinstance(self._decoder, NeuralDecoder):
            return partial(self._end, warped, self._decoder.begin(warped.frame))
        return partial(self._end, warped, partial(self._decoder, warped.frame))

    def _end(self, warped: Warped, end: Callable[[], None]) -> NDArray[np.uint8]:
        end()
        if self._glasses:
            self._glasses.draw(warped.frame.picture, warped.pose)
        if self._letters is not None:
            rows, letters = self._letters
            out = warped.frame.picture[rows]
            compose(letters[: len(out), : out.shape[1]], out.copy(), 0, out)
        self.changed = warped.changed
        if self._backdrop is None:
            return warped.picture
        self.changed = whole(self.height, self.width)
        return self._backdrop(warped.picture, warped.frame.flow)

    def stages(self, pose: NDArray[np.floating], dynamics: NDArray[np.floating]) -> Iterator[str]:
        """As `render`, one stage at a time; yields the name of each when it is done."""
        warper = self._warpers[0]
        yield from warper.stages(pose, dynamics)
        self.draw(Warped(warper.frame, self._pictures[0], pose, self._see(warper)))
        yield "decode"

    def _see(self, warper: Warper) -> Spans:
        """Spans in which the frame just warped may differ from the one before it."""
        rows, columns = self._crop
        before, self._moved = self._moved, none(self.height, self.width)
        moved = warper.moved
        some = moved[:, 1:] > moved[:, :1]
        inside = self._moved[rows]
        np.copyto(inside, moved + np.int32(columns.start or 0), where=some)
        return either(before, self._moved)


def _within(layer: NDArray[np.uint8], margin: int) -> tuple[slice, NDArray[np.uint8]]:
    """The rows of the crop that have something of a layer with its margin, (h, w, 4)."""
    inside = layer[margin : len(layer) - margin, margin : len(layer) - margin]
    rows = np.flatnonzero(inside[..., 3].any(1))
    part = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0)
    return part, inside[part].copy()
