"""The grain of a picture: canvas, strokes, hatching, tiles or noise that its skin shows.

A mouth without it would be smoother than what is about it.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.portrait import Portrait
from gioconda.renderer.view import HeadPlace

_SIDE: Final = 0.3  # of a patch of skin, in inter-ocular distances
_FINER: Final = 0.02  # inter-ocular distances: what is finer is grain
_WIDTH, _HEIGHT = 0.8, 0.5  # about the mouth, of what is filled with it, in the same unit
_MOUTH: Final = 0.8  # from the eyes to the middle of that
# Deviations of the usual grain, and a part of the light: what stands out farther is a mole, a hair
# or a wrinkle.
_MOST, _STRONGEST = 2.5, 0.2


class Grain:
    """Grain about a portrait's mouth; it moves with the head.

    Args:
        portrait: whose skin shows it, where it is most even: in no beard, fold or edge.
    """

    def __init__(self, portrait: Portrait) -> None:
        self._head = HeadPlace.of(portrait.head)
        places = portrait.points[topology.BARE_SKIN, :2] + portrait.margin
        side = max(round(_SIDE * self._head.size), 4)
        skins = [_around(portrait.texture, place, side) for place in places]
        even = min(skins, key=lambda skin: float(skin.std() / max(skin.mean(), 1)))
        patch = _grain(even, _FINER * self._head.size)
        height, width = (round(part * self._head.size) for part in (_HEIGHT, _WIDTH))
        missing = max(height - side, 0), max(width - side, 0)
        (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in missing)
        self._tile = cv2.copyMakeBorder(patch, top, bottom, left, right, cv2.BORDER_REFLECT)

    def over(
        self, head: HeadPlace, corner: tuple[int, int], size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """What colours are multiplied with over a window (h, w) of a frame, (h, w, 1).

        Args:
            head: where it is in the frame.
            corner: x and y of the window's first pixel.
            size: h and w.
        """
        scale = self._head.size / head.size
        turned = head.roll - self._head.roll
        c, s = scale * np.cos(turned), scale * np.sin(turned)
        turn = np.array([[c, s], [-s, c]])
        height, width = self._tile.shape
        down = np.array([-np.sin(self._head.roll), np.cos(self._head.roll)])
        middle = np.array([width, height]) / 2 - _MOUTH * self._head.size * down
        shift = middle + turn @ (np.array(corner) - head.centre)
        found = cv2.warpAffine(
            self._tile,
            np.column_stack([turn, shift]),
            size[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        return np.asarray(found[..., None], np.float32)


def _around(
    texture: NDArray[np.uint8], place: NDArray[np.floating], side: int
) -> NDArray[np.float32]:
    """The light of the skin about a place, (side, side)."""
    limit = np.array(texture.shape[1::-1]) - side
    left, top = np.clip(place - side / 2, 0, limit).astype(int)
    skin = texture[top : top + side, left : left + side, :3]
    return np.asarray(skin.mean(-1), np.float32)


def _grain(skin: NDArray[np.float32], finer: float) -> NDArray[np.float32]:
    """What colours are to be multiplied with for the grain of a patch."""
    coarse = cv2.GaussianBlur(skin, (0, 0), finer)
    part = skin / np.maximum(coarse, 1) - 1
    most = min(_MOST * 1.48 * float(np.median(np.abs(part))), _STRONGEST)
    return np.asarray(1 + np.clip(part, -most, most), np.float32)
