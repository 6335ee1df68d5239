"""The jaws: what teeth hang on.

Teeth keep their place on the skull or on the chin, whatever the lips do. So each jaw is followed
as a plane: it is turned with the head, and held by the skin that slides least over it, under the
nose and on the chin. Coordinates in such a plane say which tooth is meant in every frame.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.renderer.view import HeadPlace

_HELD_BY: Final = (topology.UNDER_NOSE, topology.ON_CHIN)
# The picture of the upper jaw, in sides of the view: its width and height, and where in it the
# jaw's middle is; open mouths of clips are within it.
_UPPER_SIZE: Final = (0.375, 0.22)
_UPPER_MIDDLE: Final = (0.1875, -0.05)


@dataclass(frozen=True)
class Jaws:
    """Upper and lower jaw of a head in its view.

    Attributes:
        middles: (2, 2) x and y in pixels, under the nose and on the chin.
        plane: (2, 2) from the plane of the face, seen from the front, to the view.
    """

    middles: NDArray[np.float64]
    plane: NDArray[np.float64]

    @staticmethod
    def of(head: HeadPlace, mesh: NDArray[np.floating]) -> "Jaws":
        """The jaws of a head and its mesh (478, 2) in its view."""
        middles = np.stack([mesh[list(points)].mean(0) for points in _HELD_BY])
        return Jaws(middles, rotation(head.yaw, head.pitch, 0)[:2, :2])

    def upper(self, side: int) -> NDArray[np.float64]:
        """From pixels (x, y, 1) of a picture of the upper jaw to the view's, (2, 3).

        The picture, `upper_size(side)` wide and high, has the view's scale.
        """
        middle = self.middles[0] - self.plane @ (np.array(_UPPER_MIDDLE) * side)
        return np.column_stack([self.plane, middle])


def upper_size(side: int) -> tuple[int, int]:
    """Width and height of a picture of the upper jaw, in pixels of a view `side` wide."""
    width, height = (round(part * side) for part in _UPPER_SIZE)
    return width, height


def lay_on_upper(
    seen: NDArray[np.float32], matrix: NDArray[np.float64], side: int
) -> NDArray[np.float32]:
    """What is seen in a view or window, (h, w) or (h, w, C), as a picture of the upper jaw.

    Args:
        seen: where the upper jaw lies.
        matrix: from the upper jaw's pixels to those.
        side: S of the view.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(seen, matrix, upper_size(side), flags=flags), np.float32)
