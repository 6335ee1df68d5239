"""Quantities that can be read off a face in the head frame.

All take faces (T, 478, 3) in the head frame, see `gioconda.face.pose`; lengths are in
inter-ocular distances. Right and left are the person's own.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology

_Faces = NDArray[np.floating]
# From the eye's turning point to the iris, in inter-ocular distances: 10.5 mm of 90 mm.
_IRIS_RADIUS: Final = 0.117
# The iris of a face that looks ahead lies this far under the line of the eye's corners.
_AHEAD_Y: Final = -0.025
# The middle three of nine points from corner to corner, right and left, (2, 3).
_LOWER_LIDS: Final = np.stack([topology.RIGHT_LID_LOWER, topology.LEFT_LID_LOWER])[:, 3:6]
_UPPER_LIDS: Final = np.stack([topology.RIGHT_LID_UPPER, topology.LEFT_LID_UPPER])[:, 3:6]
_LIPS: Final = slice(3, 6)  # the middle of nine gaps


# --- lids and brows ---


def lid_gap(faces: _Faces) -> NDArray[Any]:
    """Between the middles of the lids, both eyes' mean, (...); negative where they cross.

    Linear, so that the gap of a direction is what the direction adds to a face's.
    """
    lower, upper = _LOWER_LIDS.ravel(), _UPPER_LIDS.ravel()
    return np.asarray((faces[..., lower, 1] - faces[..., upper, 1]).mean(-1))


def lid_distances(points: _Faces) -> NDArray[Any]:
    """As they look in a picture: between the lids at three places of each eye, (..., 2, 3)."""
    apart = points[..., _UPPER_LIDS, :2] - points[..., _LOWER_LIDS, :2]
    return np.asarray(np.linalg.norm(apart, axis=-1))


def lid_opening(faces: _Faces) -> NDArray[np.float64]:
    """How open the right and the left eye are, (T, 2): height over width, about 0.3 when open."""
    outer = faces[:, [topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER], :2]
    inner = faces[:, [topology.RIGHT_EYE_INNER, topology.LEFT_EYE_INNER], :2]
    height, width = lid_distances(faces).mean(-1), np.linalg.norm(outer - inner, axis=-1)
    return np.asarray(height / width)


def brow_height(faces: _Faces) -> NDArray[np.float64]:
    """How high the brows stand in the head frame, both eyes' mean, (T,); up is positive."""
    return np.asarray(-faces[:, topology.BROWS, 1].astype(np.float64).mean(1))


# --- lips ---


def lip_gaps(faces: _Faces) -> NDArray[Any]:
    """Between the inner rims of the lips along the mouth, (..., 9), without the corners.

    Negative where the lips press. Linear, as `lid_gap`.
    """
    upper, lower = topology.LIP_INNER_UPPER[1:-1], topology.LIP_INNER_LOWER[1:-1]
    return np.asarray(faces[..., lower, 1] - faces[..., upper, 1])


def lip_gap(faces: _Faces) -> NDArray[Any]:
    """Between the middles of the lips, (...): the mean of the three middle `lip_gaps`."""
    return np.asarray(lip_gaps(faces)[..., _LIPS].mean(-1))


def lips_height(faces: _Faces) -> NDArray[Any]:
    """From the upper lip's outer rim to the lower one's, at the middle, (...); linear."""
    bottom, top = topology.LOWER_LIP_BOTTOM, topology.UPPER_LIP_TOP
    return np.asarray(faces[..., bottom, 1] - faces[..., top, 1])


def lip_distances(points: _Faces) -> NDArray[Any]:
    """As they look in a picture: between the inner rims at the mouth's middle, (..., 3)."""
    upper, lower = topology.LIP_INNER_UPPER[1:-1][_LIPS], topology.LIP_INNER_LOWER[1:-1][_LIPS]
    return np.asarray(np.linalg.norm(points[..., lower, :2] - points[..., upper, :2], axis=-1))


def mouth_opening(faces: _Faces) -> NDArray[np.float64]:
    """How open the mouth is at its middle, (T,): as `lip_gap`, 0 where the lips press."""
    return np.asarray(np.clip(lip_gaps(faces)[:, _LIPS], 0, None).mean(1))


def lip_shape(faces: _Faces) -> NDArray[np.float64]:
    """Width between the corners, height of both lips, and protrusion, (T, 3).

    Protrusion is how far the middle of the lips stands before their corners.
    """
    right, left = faces[:, topology.RIGHT_MOUTH_CORNER], faces[:, topology.LEFT_MOUTH_CORNER]
    top, bottom = faces[:, topology.UPPER_LIP_TOP], faces[:, topology.LOWER_LIP_BOTTOM]
    width = np.linalg.norm(left - right, axis=-1)
    height = np.linalg.norm(bottom - top, axis=-1)
    protrusion = (right[:, 2] + left[:, 2] - top[:, 2] - bottom[:, 2]) / 2
    return np.stack([width, height, protrusion], 1)


def lip_width(faces: _Faces) -> NDArray[Any]:
    """Between the corners, from side to side, (...); linear, as `lip_gap`, unlike `lip_shape`'s."""
    left, right = topology.LEFT_MOUTH_CORNER, topology.RIGHT_MOUTH_CORNER
    width: NDArray[Any] = faces[..., left, 0] - faces[..., right, 0]
    return width


def lip_advance(faces: _Faces) -> NDArray[Any]:
    """How far the outer rim of the upper lip, corners too, stands forward in the head frame, (...).

    Against the origin of the head frame; a jaw that opens hardly moves it. The mesh guesses
    depth, and brings the corners of rounded lips forward more than their middle: so it is this
    that grows in "oo" and "w", while the protrusion of `lip_shape` shrinks.
    """
    advance: NDArray[Any] = -faces[..., topology.LIP_OUTER_UPPER, 2].astype(np.float64).mean(-1)
    return advance


# --- gaze ---


def gaze(faces: _Faces, neutral: _Faces | None = None) -> NDArray[np.float64]:
    """Where both eyes look, mean of the two, against the head, (T, 2).

    Yaw to the image's right and pitch up, in radians, from where the irises lie between the
    corners of the eyes: those of the neutral face (478, 3), if it is given, for the tracked
    ones follow the irises by a third of their way, which hides as much of the gaze.
    """
    return np.asarray(eye_gaze(faces, neutral).mean(1))


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
