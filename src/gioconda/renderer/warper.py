"""The warp: a portrait's pixels, moved to where the mesh is."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gioconda.media import sample
from gioconda.plate import foreground
from gioconda.portrait import Portrait
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.kernels import compose, rasterise, soften
from gioconda.renderer.sheet import make_sheet
from gioconda.renderer.view import HeadPlace
from gioconda.rows import Rows

_BESIDE = 4  # rows: what is softened looks at two more to each side


@dataclass(frozen=True)
class WarpedFrame:
    """A frame as the warp drew it, with all that later stages need.

    Picture and flow are the warper's own memory, good until its next frame.

    Attributes:
        picture: (H, W, 3) the crop, RGB; H and W are S, or less where the photo ends.
        mesh: (478, 3) the face's mesh in the crop's pixels.
        flow: (H, W, 2) where in the portrait's texture each pixel comes from, x and y.
        head: where the head is in the crop.
        dynamics: (D,) as in Motion.
    """

    picture: NDArray[np.uint8]
    mesh: NDArray[np.float32]
    flow: NDArray[np.float32]
    head: HeadPlace
    dynamics: NDArray[np.floating]


@dataclass(frozen=True)
class _Held:
    """What is held before the person, where it is in the crop.

    Attributes:
        part: the rows and columns that show it.
        light: (h, w, 3) its colours times how much of each pixel it is.
        clear: (h, w, 1) how much is seen past it, 0 to 1.
    """

    part: tuple[slice, slice]
    light: NDArray[np.float32]
    clear: NDArray[np.float32]

    @staticmethod
    def of(portrait: Portrait, height: int, width: int) -> "_Held | None":
        """None if nothing is held in the part of the crop that is drawn."""
        if portrait.held is None:
            return None
        margin = portrait.margin
        inside = slice(margin, margin + height), slice(margin, margin + width)
        held, colours = portrait.held[inside], portrait.texture[inside][..., :3]
        rows, columns = np.flatnonzero(held.any(1)), np.flatnonzero(held.any(0))
        if not len(rows):
            return None
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        share = np.asarray(held[part][..., None] / 255, np.float32)
        light = np.asarray(share * colours[part], np.float32)
        return _Held(part, light, np.asarray(1 - share, np.float32))

    def draw(self, out: NDArray[np.uint8]) -> None:
        """Draw it over a picture of the crop, in place."""
        out[self.part] = np.rint(out[self.part] * self.clear + self.light)


class Warper:
    """Warps one portrait, frame after frame, into memory that it keeps.

    Only rows in which the sheet may move are drawn anew, and whoever draws over a frame stays
    within the face.

    Args:
        portrait: whom to draw.
        out: (H, W, 3) where to draw, the crop or its upper left part; None for new memory.

    Attributes:
        sheet: the portrait's.
        frame: the last frame, once there is one.
        changed: rows in which it may differ from the one before.
        moved: rows of it that are not as in every frame.
    """

    frame: WarpedFrame
    changed: Rows
    moved: Rows

    def __init__(self, portrait: Portrait, out: NDArray[np.uint8] | None = None) -> None:
        size = portrait.size
        self._out = np.empty((size, size, 3), np.uint8) if out is None else out
        height, width = self._out.shape[:2]
        self._portrait = portrait
        self.sheet = make_sheet(portrait)
        self._eyes = make_eyes(portrait)
        margin = portrait.margin
        rows, columns = (np.arange(margin, margin + n, dtype=np.float32) for n in (height, width))
        self._flow = np.stack(np.meshgrid(columns, rows), -1)
        self._depth = np.empty((height, width), np.float32)
        self._picture = np.empty((height, width, 4), np.uint8)
        self._plate = portrait.plate[margin : margin + height, margin : margin + width].copy()
        self._person = foreground(portrait.texture, portrait.plate)
        self._held = _Held.of(portrait, height, width)
        self._moving = self.sheet.moving()
        still = self.sheet.texture[self._moving] - np.float32(margin)
        self._home = self._rows(still)
        if self._held:  # is drawn over what is there
            held = self._held.part[0]
            self._home |= Rows(held.start, held.stop)
        self._last = Rows(0, height)  # that were moved in the frame before

    def _rows(self, vertices: NDArray[np.floating]) -> Rows:
        """In which triangles of these vertices (N, 2 or 3) lie."""
        low, high = (int(f(vertices[:, 1])) for f in (np.min, np.max))
        return Rows(low, high + 1).grown(_BESIDE, len(self._out))

    def twin(self, out: NDArray[np.uint8]) -> "Warper":
        """Another one of the same portrait, for the same thread.

        Args:
            out: where it draws, as large.
        """
        other = copy(self)
        other._out, other._flow, other._last = out, self._flow.copy(), Rows(0, len(out))
        return other

    def warp(
        self,
        pose: NDArray[np.floating],
        dynamics: NDArray[np.floating],
        mesh: NDArray[np.floating] | None = None,
    ) -> WarpedFrame:
        """One frame.

        Args:
            pose: (6,) as in Motion; x, y and log scale are against the portrait's own place.
            dynamics: (D,) as in Motion.
            mesh: (478, 2 or 3) in the crop's pixels, where the face's mesh is known better than
                pose and dynamics say it: that of a real frame, in training.
        """
        for _ in self.stages(pose, dynamics, mesh):
            pass
        return self.frame

    def stages(
        self,
        pose: NDArray[np.floating],
        dynamics: NDArray[np.floating],
        mesh: NDArray[np.floating] | None = None,
    ) -> Iterator[str]:
        """As `warp`, one stage at a time; yields the name of each when it is done."""
        sheet, out = self.sheet, self._out
        vertices, texture, face = sheet.place(pose, dynamics, mesh)
        yield "place the mesh"
        self.moved = self._home | self._rows(vertices[self._moving])
        self.changed = self.moved | self._last
        self._last = self.moved
        rows, first = self.changed.slice, self.changed.first
        flow, depth, picture = self._flow[rows], self._depth[rows], self._picture[rows]
        rasterise(vertices, texture, sheet.triangles, flow, depth, first)
        yield "flow"
        sample(self._person, flow, out=picture)
        yield "warp"
        compose(picture, self._plate[rows], out[rows])
        yield "compose"
        head = sheet.head(pose)
        soften(depth, flow, head.size, out[rows])
        if self._held:
            self._held.draw(out)
        yield "soften"
        for eye in self._eyes:
            eye.draw(out, face)
        self.frame = WarpedFrame(out, face, self._flow, head, dynamics)
        yield "eyes"
