"""Pictures of one face, and what may be done to them."""

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

EYES = (224, 118)  # x, y in pixels, midway between them
FACE = (175, 73, 278, 176)  # left, top, right, bottom


def astronaut() -> Picture:
    """A woman who looks at the camera, (512, 512, 3); comes with scikit-image."""
    picture: Picture = skimage.data.astronaut()
    return picture


def turned(picture: Picture, degrees: float) -> Picture:
    """Turned clockwise about the eyes."""
    matrix = cv2.getRotationMatrix2D(EYES, -degrees, 1)
    size = picture.shape[1::-1]
    made = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)


def scaled(picture: Picture, factor: float) -> Picture:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    made = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)
    return np.asarray(made, np.uint8)


def mirrored(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def side_by_side() -> Picture:
    """The face twice, the left one larger."""
    large, small = astronaut()[:300, 80:380], scaled(astronaut()[:300, 80:380], 0.8)
    small = np.pad(small, ((30, 30), (30, 30), (0, 0)), "edge")
    return np.concatenate([large, small], 1)
