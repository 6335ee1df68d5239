"""The view: the upright square about the head that a network sees and draws.

It follows the rigid head (its middle, size and roll), so what belongs to the skull, such as
the upper teeth, keeps its place in it whatever the lips do.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face.pose import HeadPose, angles
from gioconda.media import cut_out
from gioconda.spans import STRIP

# The view is what the networks were trained on; to change it is to train them anew.
VIEW: Final = 2.6  # side in inter-ocular distances: from above the brows to under an open jaw
_DROP: Final = 0.5  # its middle lies this far under the eyes
_FEATHER: Final = 8.0  # pixels within which a change fades towards the border
_MUCH_FINER: Final = 3  # pixels of a picture to one of a light
_FINER: Final = 4  # pixels that a light is then made of
CELL: Final = 4  # pixels of the view to one cell of features


@dataclass(frozen=True)
class View:
    """A view of one picture, or a window of a view.

    Attributes:
        height, width: h and w, in pixels of the view.
        matrix: (2, 3) from the picture's pixels (x, y, 1) to the view's; centres at integers.
    """

    height: int
    width: int
    matrix: NDArray[np.float64]

    def window(self, top: int, left: int, height: int, width: int) -> "View":
        """The part whose first pixel is the view's in row `top` and column `left`."""
        matrix = self.matrix - [[0, 0, left], [0, 0, top]]
        return View(height, width, matrix)

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the view shows of a picture, (h, w, 3)."""
        return cut_out(picture, self.matrix, (self.width, self.height))

    def points(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (N, 2 or more) of the picture in the view's pixels, (N, 2)."""
        placed: NDArray[np.float64] = points[:, :2] @ self.matrix[:, :2].T + self.matrix[:, 2]
        return placed

    def cells(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """A field (H, W, 2) over the picture at the middle of each cell, (h/4, w/4, 2)."""
        to_cells = np.array([[1, 0, (1 - CELL) / 2], [0, 1, (1 - CELL) / 2], [0, 0, CELL]]) / CELL
        matrix = (to_cells @ np.vstack([self.matrix, [0, 0, 1]]))[:2]
        size = self.width // CELL, self.height // CELL
        found = cv2.warpAffine(
            field, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(found, np.float32)

    def field(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Places (..., 2) in the picture as places in the view."""
        placed: NDArray[np.float32] = places @ self.matrix[:, :2].T.astype(np.float32)
        return placed + self.matrix[:, 2].astype(np.float32)

    def moved(self, x: float, y: float) -> "View":
        """The same view of a picture that was moved by (x, y)."""
        matrix = self.matrix.copy()
        matrix[:, 2] -= matrix[:, :2] @ [x, y]
        return View(self.height, self.width, matrix)

    def draw(self, out: NDArray[np.uint8], change: NDArray[np.float32]) -> None:
        """Change a picture where the view shows it, in place.

        The picture keeps the grain that the view is too coarse for.

        Args:
            out: (H, W, 3).
            change: (h, w, 3) what is added to it, -255 to 255; at the border it is faded, in place.
        """
        right, bottom = self.width, self.height
        corners = np.array([[-1, -1], [right, -1], [-1, bottom], [right, bottom]])
        inverse = cv2.invertAffineTransform(self.matrix)
        places = corners @ inverse[:, :2].T + inverse[:, 2]
        limit = [out.shape[1], out.shape[0]]
        low = np.clip(np.floor(places.min(0)).astype(int), 0, limit)
        high = np.clip(np.ceil(places.max(0)).astype(int) + 1, 0, limit)
        matrix = self.moved(-float(low[0]), -float(low[1])).matrix
        change *= _ramp(self.height, self.width)
        _put(change, matrix, out[low[1] : high[1], low[0] : high[0]])


@cache
def _ramp(height: int, width: int) -> NDArray[np.float32]:
    """1 inside, and within `_FEATHER` pixels of the border less, at it 0; (h, w, 1)."""
    down, across = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
    inside = np.minimum(np.minimum(down[:, None], across) / _FEATHER, 1)
    return inside[..., None].astype(np.float32)


def _put(light: NDArray[np.float32], matrix: NDArray[np.floating], out: NDArray[np.uint8]) -> None:
    """Add light (h, w, 3) to a picture (H, W, 3), in place, looked up bicubically.

    For a picture much finer than the light it is made finer first, and looked up bilinearly.

    Args:
        light: -255 to 255, towards the border nothing.
        matrix: (2, 3) from the picture's pixels (x, y, 1) to the light's.
        out: the picture.
    """
    if not out.size:
        return
    flags = cv2.INTER_CUBIC
    if np.linalg.norm(matrix[0, :2]) * _MUCH_FINER < 1:
        light = np.asarray(cv2.resize(light, None, fx=_FINER, fy=_FINER, interpolation=flags))
        matrix = _FINER * matrix + [[0, 0, (_FINER - 1) / 2]]  # centres are at integers
        flags = cv2.INTER_LINEAR
    for top in range(0, len(out), STRIP):
        part = out[top : top + STRIP]
        lower = matrix + np.outer(matrix[:, 1], [0, 0, top])
        size = part.shape[1], len(part)
        placed = cv2.warpAffine(light, lower, size, flags=flags | cv2.WARP_INVERSE_MAP)
        cv2.add(part, placed, dst=part, dtype=cv2.CV_8U)


def cell_middles(corner: tuple[int, int], height: int, width: int) -> NDArray[np.float32]:
    """Where the middles of a window's cells lie in the view, (h, w, 2), in pixels.

    Args:
        corner: row and column of the first cell.
        height, width: h and w, in cells.
    """
    row, column = corner
    found = np.empty((height, width, 2), np.float32)
    found[..., 0] = (np.arange(column, column + width) + 0.5) * CELL - 0.5
    found[..., 1] = ((np.arange(row, row + height) + 0.5) * CELL - 0.5)[:, None]
    return found


@dataclass(frozen=True)
class HeadPlace:
    """Where a head is in a picture.

    Attributes:
        centre: (2,) midway between the outer corners of the eyes, in pixels.
        size: the inter-ocular distance in pixels.
        roll: in radians, clockwise.
        yaw, pitch: in radians, as in Motion.
    """

    centre: NDArray[np.float64]
    size: float
    roll: float
    yaw: float = 0.0
    pitch: float = 0.0

    @staticmethod
    def of(head: HeadPose) -> "HeadPlace":
        """The place of the first of the heads."""
        yaw, pitch, roll = (float(angle) for angle in angles(head.rotation[0]))
        return HeadPlace(head.centre[0], float(head.size[0]), roll, yaw, pitch)

    def view(self, side: int) -> View:
        """The view of the head, `side` pixels wide."""
        scale = side / (VIEW * self.size)
        c, s = np.cos(self.roll), np.sin(self.roll)
        upright = scale * np.array([[c, s], [-s, c]])
        middle = self.centre + self.size * _DROP * np.array([-s, c])
        matrix = np.column_stack([upright, (side - 1) / 2 - upright @ middle])
        return View(side, side, matrix)
