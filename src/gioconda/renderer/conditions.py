"""Conditions: what encoder and decoder are given, at run time and in training.

Both see faces in the upright view of the head (`gioconda.renderer.view`), S pixels and s = S / 4
cells wide; a decoder may see a window of it.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.portrait import Portrait
from gioconda.renderer.geometry import guides, masks
from gioconda.renderer.mouth.photo import own_frame
from gioconda.renderer.view import CELL, HeadPlace, View
from gioconda.renderer.warper import WarpedFrame


class Window(NamedTuple):
    """A part of the view, in its pixels; all are multiples of `CELL`."""

    top: int
    left: int
    height: int
    width: int

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the first cell."""
        return self.top // CELL, self.left // CELL

    @property
    def cells(self) -> tuple[slice, slice]:
        """Rows and columns of cells."""
        row, column = self.corner
        return (
            slice(row, row + self.height // CELL),
            slice(column, column + self.width // CELL),
        )


class Followed(NamedTuple):
    """A window that follows the mesh.

    Attributes:
        height, width: its size in pixels of a view that is 256 wide.
        middle: the mesh's points whose mean lies in its middle.
    """

    height: int
    width: int
    middle: tuple[int, ...]

    def size(self, side: int) -> tuple[int, int]:
        """Height and width in pixels of a view `side` pixels wide."""
        return self.height * side // 256, self.width * side // 256

    def on(self, mesh: NDArray[np.floating], side: int) -> Window:
        """Where it lies for a mesh (478, 2) in the view's pixels; never beyond its border."""
        height, width = self.size(side)
        limit = side - np.array([width, height])
        corner = mesh[list(self.middle)].mean(0) - [width / 2, height / 2]
        left, top = (int(v) * CELL for v in np.clip(np.rint(corner), 0, limit) // CELL)
        return Window(top, left, height, width)


_MOUTH: Final = (
    topology.UPPER_LIP_RIM,
    topology.LOWER_LIP_RIM,
    topology.RIGHT_MOUTH_CORNER,
    topology.LEFT_MOUTH_CORNER,
    topology.LOWER_LIP_BOTTOM,
)
# The mouth with what moves about it; both eyes.
WINDOWS: Final = (Followed(96, 128, _MOUTH), Followed(64, 160, topology.EYE_CORNERS))


class SeenFace(NamedTuple):
    """A face in the upright view of its head.

    Attributes:
        view: from the picture to the view.
        mesh: (478, 2) in the view's pixels.
    """

    view: View
    mesh: NDArray[np.float64]

    @staticmethod
    def of(head: HeadPlace, mesh: NDArray[np.floating], side: int) -> "SeenFace":
        """The face of a head, with its mesh (478, 2 or 3) in the picture's pixels."""
        view = head.view(side)
        return SeenFace(view, view.points(mesh))

    def masks(self, window: Window) -> NDArray[np.uint8]:
        """The window's masks, (MASKS, h, w), 0 to 255."""
        return masks(self.mesh - [window.left, window.top], window.height, window.width)


@dataclass(frozen=True)
class EncoderConditions:
    """A portrait as the encoder sees it.

    Attributes:
        picture: (S, S, 3) in its own view, RGB.
        masks: (MASKS, S, S), 0 to 255.
    """

    picture: NDArray[np.uint8]
    masks: NDArray[np.uint8]


@dataclass(frozen=True)
class DecoderConditions:
    """A window (h, w) of a warped frame as the decoder sees it.

    Attributes:
        picture: (h, w, 3) RGB.
        masks: (MASKS, h, w), 0 to 255.
        guides: (GUIDES, h/4, w/4), -1 to 1.
        origin: (h/4, w/4, 2) where in the portrait's view each cell comes from, in pixels.
    """

    picture: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    guides: NDArray[np.float32]
    origin: NDArray[np.float32]


class Conditions:
    """The conditions of one portrait and its frames.

    Args:
        portrait: whom to draw.
        side: S of the view.

    Attributes:
        own: the portrait's face in its view.
        encoder: what the encoder is given.
    """

    def __init__(self, portrait: Portrait, side: int) -> None:
        self._side = side
        own = own_frame(portrait)
        self.own = SeenFace.of(own.head, own.mesh, side)
        self._on_texture = self.own.view.moved(portrait.margin, portrait.margin)
        self.encoder = EncoderConditions(
            self._on_texture.cut(np.ascontiguousarray(portrait.texture[..., :3])),
            self.own.masks(Window(0, 0, side, side)),
        )

    def see(self, frame: WarpedFrame) -> SeenFace:
        """The face of a warped frame."""
        return SeenFace.of(frame.head, frame.mesh, self._side)

    def decoder(
        self, frame: WarpedFrame, seen: SeenFace, window: Window | None = None
    ) -> DecoderConditions:
        """What the decoder is given.

        Args:
            frame: with the first guess of the mouth drawn in.
            seen: its face.
            window: of the view; None for all of it.
        """
        window = window or Window(0, 0, self._side, self._side)
        view = seen.view.window(*window)
        origin = self._on_texture.field(view.cells(frame.flow))
        return DecoderConditions(
            view.cut(frame.picture),
            seen.masks(window),
            guides(seen.mesh, origin, self._side, window.corner),
            origin,
        )
