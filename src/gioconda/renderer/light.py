"""Light: a portrait's colours against those that a decoder has learned from.

A varnish, a lamp or black and white film multiplies colours. Its gains are read off the face, taken
out before the networks see the picture, and put back into what they draw: so teeth are as yellow
as the painting, though no clip shows such teeth.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

FACES: Final = np.array([1.34, 0.88, 0.78])
"""Red, green and blue of the middle of faces in the training clips, against their mean."""
_LEAST, _MOST = 0.5, 2.0  # of a gain


class Light:
    """The light of a portrait.

    Args:
        picture: (S, S, 3) the portrait in the upright view.

    Attributes:
        gains: (3,) that the colours of this picture are multiplied with to be those of clips.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        side = len(picture)
        middle = picture[side // 4 : 3 * side // 4, 5 * side // 16 : 11 * side // 16]
        mean = np.maximum(middle.mean((0, 1)), 1)
        self.gains = np.clip(FACES * mean.mean() / mean, _LEAST, _MOST).astype(np.float32)
        levels = np.arange(256)[:, None] * self.gains
        self._table = np.rint(np.minimum(levels, 255)).astype(np.uint8)[None]

    def off(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pictures (..., h, w, 3) as they would be in the light of clips."""
        rows = picture.reshape(-1, picture.shape[-2], 3)
        return np.asarray(cv2.LUT(rows, self._table), np.uint8).reshape(picture.shape)

    def on(self, change: NDArray[np.float32]) -> NDArray[np.float32]:
        """A difference (h, w, 3) in the light of clips as it is in this one."""
        seen: NDArray[np.float32] = change / self.gains
        return seen
