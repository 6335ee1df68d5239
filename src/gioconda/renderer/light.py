"""Light: a portrait's colours against those that a decoder has learned from.

A varnish or a lamp multiplies colours. Its gains are read off the face, taken out before the
networks see the picture, and put back into what they draw: so the white of an eye is yellow in a
yellowed painting, though no clip shows such eyes. What is drawn on a picture of a single colour, as
sepia or grey, gets that.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.palette import Palette


def middle(side: int) -> tuple[slice, slice]:
    """Rows and columns of an upright view of a head, `side` pixels wide, that show its face."""
    return slice(side // 4, 3 * side // 4), slice(5 * side // 16, 11 * side // 16)


def gains(colours: NDArray[np.floating], calibration: RendererCalibration) -> NDArray[np.float32]:
    """What the colours of pictures are multiplied with to be in the light of clips.

    Args:
        colours: (..., 3) the mean in the middle of each, 0 to 255.
        calibration: how faces look in clips.
    """
    colours, usual = np.maximum(colours, 1), np.array(calibration.face_colours)
    found = (usual * colours.mean(-1, keepdims=True) / colours) ** calibration.light_part
    limits = calibration.least_gain, calibration.most_gain
    return np.asarray(np.clip(found, *limits), np.float32)


class Light:
    """The light of a portrait.

    Args:
        picture: (S, S, 3) the portrait in the upright view.
        calibration: how faces look in clips.
    """

    def __init__(self, picture: NDArray[np.uint8], calibration: RendererCalibration) -> None:
        self._gains = gains(picture[middle(len(picture))].mean((0, 1)), calibration)
        levels = np.arange(256)[:, None] * self._gains
        self._table = np.rint(np.minimum(levels, 255)).astype(np.uint8)[None]

    def off(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (h, w, 3) as it would be in the light of clips."""
        return np.asarray(cv2.LUT(picture, self._table), np.uint8)

    def on(self, change: NDArray[np.float32], palette: Palette) -> NDArray[np.float32]:
        """What changes in a picture, seen in the light of clips, as it is in this one.

        Args:
            change: (h, w, 3) -255 to 255.
            palette: of the portrait's face.

        Returns:
            (h, w, 3) -255 to 255.
        """
        grey = (1 - palette.coloured) / 3
        colours = palette.coloured * np.eye(3) + grey * palette.tint[:, None]
        return np.asarray(cv2.transform(change, colours / self._gains), np.float32)
