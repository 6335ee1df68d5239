"""Quantities that can be read off a face in the head frame.

All take faces (T, 478, 3) in the head frame, see `gioconda.face.pose`; lengths are in
inter-ocular distances. Right and left are the person's own.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology

_Faces = NDArray[np.floating]
# From the eye's turning point to the iris, in inter-ocular distances: 10.5 mm of 90 mm.
_IRIS_RADIUS: Final = 0.117
# The iris of a face that looks ahead lies this far under the line of the eye's corners.
_AHEAD_Y: Final = -0.025


def lid_opening(faces: _Faces) -> NDArray[np.float64]:
    """How open the right and the left eye are, (T, 2): height over width, about 0.3 when open."""
    ratios = []
    for lower, upper in (
        (topology.RIGHT_LID_LOWER, topology.RIGHT_LID_UPPER),
        (topology.LEFT_LID_LOWER, topology.LEFT_LID_UPPER),
    ):
        gap = np.linalg.norm(faces[:, upper[3:6], :2] - faces[:, lower[3:6], :2], axis=-1).mean(1)
        width = np.linalg.norm(faces[:, lower[0], :2] - faces[:, lower[-1], :2], axis=-1)
        ratios.append(gap / width)
    return np.stack(ratios, 1)


def mouth_opening(faces: _Faces) -> NDArray[np.float64]:
    """Gap between the inner rims of the lips at their middle, (T,)."""
    upper, lower = topology.LIP_INNER_UPPER[4:7], topology.LIP_INNER_LOWER[4:7]
    gap = faces[:, lower, 1] - faces[:, upper, 1]
    opening: NDArray[np.float64] = np.clip(gap, 0, None).mean(1)
    return opening


def lip_shape(faces: _Faces) -> NDArray[np.float64]:
    """Width between the corners, height of both lips, and protrusion, (T, 3).

    Protrusion is how far the middle of the lips stands before their corners.
    """
    right, left = faces[:, 61], faces[:, 291]
    top, bottom = faces[:, 0], faces[:, 17]
    width = np.linalg.norm(left - right, axis=-1)
    height = np.linalg.norm(bottom - top, axis=-1)
    protrusion = (right[:, 2] + left[:, 2] - top[:, 2] - bottom[:, 2]) / 2
    return np.stack([width, height, protrusion], 1)


def gaze(faces: _Faces, neutral: _Faces | None = None) -> NDArray[np.float64]:
    """Where both eyes look, mean of the two, against the head, (T, 2).

    Yaw to the image's right and pitch up, in radians, from where the irises lie between the
    corners of the eyes: those of the neutral face (478, 3), if it is given, for the tracked
    ones follow the irises by a third of their way, which hides as much of the gaze.
    """
    mean: NDArray[np.float64] = eye_gaze(faces, neutral).mean(1)
    return mean


def eye_gaze(faces: _Faces, neutral: _Faces | None = None) -> NDArray[np.float64]:
    """As `gaze`, of the right and the left eye by itself, (T, 2, 2): eye, then yaw and pitch."""
    directions = []
    held = faces if neutral is None else np.broadcast_to(neutral, faces.shape)
    for iris, rim in (
        (topology.RIGHT_IRIS, topology.RIGHT_LID_LOWER),
        (topology.LEFT_IRIS, topology.LEFT_LID_LOWER),
    ):
        middle = (held[:, rim[0], :2] + held[:, rim[-1], :2]) / 2
        offset = (faces[:, iris[0], :2] - middle - [0, _AHEAD_Y]) / _IRIS_RADIUS
        directions.append(np.arcsin(np.clip(offset, -1, 1)) * [1, -1])
    return np.stack(directions, 1)
