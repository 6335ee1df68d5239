"""Maps of a face's mesh: where things are and how they moved."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.renderer.eyes import along_axes, axes_between, pixels_from
from gioconda.renderer.view import CELL, cell_middles

MASKS: Final = 4  # inner mouth, lips with what is between them, between the lids, irises
GUIDES: Final = 8  # moved by x and y, stretched, across, down and up the mouth, x, y
_SUBPIXEL: Final = 4  # bits of OpenCV's fractions of a pixel
_STRETCH: Final = 4.0  # limit of the logarithm of the stretch, in either direction

_INNER_MOUTH = np.concatenate([topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER[-2:0:-1]])
_LIPS = np.concatenate([topology.LIP_OUTER_UPPER, topology.LIP_OUTER_LOWER[-2:0:-1]])
_EYES = (
    np.concatenate([topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER[-2:0:-1]]),
    np.concatenate([topology.LEFT_LID_UPPER, topology.LEFT_LID_LOWER[-2:0:-1]]),
)


@dataclass(frozen=True)
class Geometry:
    """Maps of the mouth over a window of pixels.

    Attributes:
        across: (h, w) -1 at the right corner of the mouth, 1 at the left.
        down: (h, w) distance from the upper lip's inner rim, in widths of the mouth.
        up: (h, w) distance from the lower lip's inner rim, in widths of the mouth.
    """

    across: NDArray[np.float32]
    down: NDArray[np.float32]
    up: NDArray[np.float32]


def mouth_geometry(
    face: NDArray[np.floating], low: NDArray[np.int_], high: NDArray[np.int_]
) -> Geometry:
    """Maps of the mouth over the pixels from `low` (x, y) up to, not including, `high`.

    Args:
        face: (478, 2 or 3) the mesh in pixels.
    """
    upper, lower = (
        face[edge, :2].astype(np.float64)
        for edge in (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER)
    )
    axes, middle, width = axes_between(upper[0], upper[-1])
    place: NDArray[Any] = pixels_from(middle, low, high) @ axes.T / width
    rims = [along_axes(edge, middle, axes, width) for edge in (upper, lower)]
    down = place[..., 1] - np.interp(place[..., 0], *rims[0])
    up = np.interp(place[..., 0], *rims[1]) - place[..., 1]
    return Geometry(*(m.astype(np.float32) for m in (2 * place[..., 0], down, up)))


def masks(face: NDArray[np.floating], height: int, width: int) -> NDArray[np.uint8]:
    """What is where in a view or a window of one: `MASKS` masks, (MASKS, h, w), 0 to 255.

    Args:
        face: (478, 2) the mesh in its pixels.
        height, width: h and w.
    """
    drawn = np.zeros((MASKS, height, width), np.uint8)
    side = max(height, width)
    for mask, contours in zip(drawn, ([_INNER_MOUTH], [_LIPS], _EYES), strict=False):
        for contour in contours:
            _fill(mask, face[contour])
    for iris in (topology.RIGHT_IRIS, topology.LEFT_IRIS):
        radius = np.linalg.norm(face[iris[1:]] - face[iris[0]], axis=1).mean()
        x, y = (round(float(v) * 2**_SUBPIXEL) for v in np.clip(face[iris[0]], -side, 2 * side))
        size = min(round(float(radius) * 2**_SUBPIXEL), side << _SUBPIXEL)
        cv2.circle(drawn[3], (x, y), size, (255,), -1, cv2.LINE_AA, _SUBPIXEL)
    np.minimum(drawn[3], drawn[2], out=drawn[3])
    return drawn


def face_mask(face: NDArray[np.floating], side: int) -> NDArray[np.uint8]:
    """The face's oval in a view, (s, s) cells, 0 to 255."""
    drawn = np.zeros((side // CELL, side // CELL), np.uint8)
    _fill(drawn, (face[topology.FACE_OVAL] + (1 - CELL) / 2) / CELL)
    return drawn


def guides(
    face: NDArray[np.floating],
    origin: NDArray[np.float32],
    side: int,
    corner: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """How the mesh moved and where the mouth is, (GUIDES, h/4, w/4), about -1 to 1.

    Args:
        face: (478, 2) the mesh in the view's pixels.
        origin: (h/4, w/4, 2) where in the portrait's view the middle of each cell comes from, in
            pixels; it tells how far each part moved, and what was hidden or squeezed there.
        side: S of the view.
        corner: row and column of the first cell in the view.
    """
    low = np.array(corner[::-1])
    high = low + origin.shape[1::-1]
    here = cell_middles(corner, *origin.shape[:2])
    moved = (origin - here) * (8 / side)
    right, down = np.gradient(origin, axis=1) / CELL, np.gradient(origin, axis=0) / CELL
    area = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    stretch = np.log2(np.maximum(area, 2**-_STRETCH)) / _STRETCH
    mouth = mouth_geometry((face + (1 - CELL) / 2) / CELL, low, high)
    maps = [
        moved[..., 0],
        moved[..., 1],
        stretch,
        mouth.across / 2,
        mouth.down,
        mouth.up,
        *((2 * here + 1) / side - 1).transpose(2, 0, 1),
    ]
    return np.asarray(np.clip(np.stack(maps), -1, 1), np.float32)


def _fill(mask: NDArray[np.uint8], contour: NDArray[np.floating]) -> None:
    limit = 2.0 * max(mask.shape)
    points = np.rint(np.clip(contour, -limit, limit) * 2**_SUBPIXEL).astype(np.int32)
    cv2.fillPoly(mask, [points], (255,), cv2.LINE_AA, _SUBPIXEL)
