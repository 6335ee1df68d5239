"""The warp: a portrait's pixels, moved to where the mesh is."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.media import sample
from gioconda.plate import foreground
from gioconda.portrait import Portrait
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.kernels import clear, compose, cover, rasterise, soften
from gioconda.renderer.sheet import Sheet, make_sheet
from gioconda.renderer.view import VIEW, HeadPlace
from gioconda.spans import STRIP, Spans, either, none, of, strips, whole

_BESIDE = 4  # pixels: what is softened looks at two more to each side
_ABOVE = 4  # rows: two are softened with the strip below, and look at two more


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


def _showing(portrait: Portrait, sheet: Sheet) -> NDArray[np.int32]:
    """The triangles (F, 3) that may move and show something: of the person, or what networks see.

    The others hold nothing that is not on the plate too, wherever they lie.
    """
    triangles = sheet.moving()
    corners = sheet.texture[triangles]
    middle = portrait.head.centre[0] + portrait.margin
    away = np.linalg.norm(corners - middle, axis=-1).min(1)
    shown = cv2.integral((portrait.texture[..., 3] > 0).astype(np.uint8))
    limit = len(portrait.texture)
    left, top = np.clip(np.floor(corners.min(1)).astype(int) - 1, 0, limit).T
    right, bottom = np.clip(np.ceil(corners.max(1)).astype(int) + 2, 0, limit).T
    count = shown[bottom, right] - shown[bottom, left] - shown[top, right] + shown[top, left]
    shows = (count > 0) | (away < VIEW / 2 * portrait.head.size[0])
    return np.ascontiguousarray(triangles[shows])


class Warper:
    """Warps one portrait, frame after frame, into memory that it keeps.

    Only where the person may move is drawn anew, and whoever draws over a frame stays within the
    face.

    Args:
        portrait: whom to draw.
        out: (H, W, 3) where to draw, the crop or its upper left part; None for new memory.

    Attributes:
        sheet: the portrait's.
        frame: the last frame, once there is one.
        moved: (H, 2) spans of it that are not as in every frame.
    """

    frame: WarpedFrame
    moved: Spans

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
        # of a strip, and of depth the last rows of the strip above
        self._depth = np.empty((_ABOVE + STRIP, width), np.float32)
        self._strip = np.empty(STRIP * width * 4, np.uint8)
        self._lines = np.empty((2, width, 3), np.uint8)
        self._plate = portrait.plate[margin : margin + height, margin : margin + width].copy()
        self._person = foreground(portrait.texture, portrait.plate)
        self._held = _Held.of(portrait, height, width)
        self._seen = _showing(portrait, self.sheet)
        self._home = none(height, width)
        still = self.sheet.texture - np.float32(margin)
        cover(still, self._seen, _BESIDE, width, self._home)
        if self._held:  # is drawn over what is there
            part, beside = self._held.part
            held = np.array([[beside.start, beside.stop]], np.int32)
            self._home[part] = either(self._home[part], held)
        if portrait.caption is not None:  # as well, when the frame is done
            over = portrait.caption[margin : margin + height, margin : margin + width, 3]
            self._home = either(self._home, of(over > 0))
        self._last = whole(height, width)  # where the frame before had moved

    def twin(self, out: NDArray[np.uint8]) -> "Warper":
        """Another one of the same portrait, for the same thread.

        Args:
            out: where it draws, as large.
        """
        other = copy(self)
        other._out, other._flow, other._last = out, self._flow.copy(), whole(*out.shape[:2])
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
        moved = self._home.copy()
        cover(vertices, self._seen, _BESIDE, out.shape[1], moved)
        changed, self._last = either(moved, self._last), moved
        self.moved = moved
        yield "place the mesh"
        head = sheet.head(pose)
        margin, softened = self._portrait.margin, -1
        for rows, columns in strips(changed):  # each is drawn while it is in the cache
            flow, here, top = self._flow[rows], moved[rows], rows.start
            self._depth[:_ABOVE] = self._depth[-_ABOVE:]
            depth = self._depth[: _ABOVE + len(flow)]
            clear(top, changed[rows], here, margin, flow, depth[_ABOVE:])
            rasterise(vertices, texture, sheet.triangles, top, here, flow, depth[_ABOVE:])
            picture = self._strip[: 2 * flow[:, columns].size].reshape(len(flow), -1, 4)
            sample(self._person, flow[:, columns], out=picture)
            compose(picture, self._plate[rows], columns.start, out[rows])
            scratch = self._lines, softened
            softened = soften(depth, top - _ABOVE, self._flow, moved, head.size, *scratch, out)
        if self._held:
            self._held.draw(out)
        yield "warp"
        for eye in self._eyes:
            eye.draw(out, face)
        self.frame = WarpedFrame(out, face, self._flow, head, dynamics)
        yield "eyes"
