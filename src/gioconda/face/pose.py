"""Head pose: where a head is and how it is turned.

The head frame is right-handed: x to the image's right, y down, z away from the camera; its
origin lies midway between the outer corners of the eyes, its unit is the inter-ocular
distance (between those corners, on the neutral face). Projection is scaled orthographic:

    pixel = size * (R @ point)[:2] + centre

with yaw > 0 turning the face to the image's right, pitch > 0 up and roll > 0 clockwise:
R = Rz(roll) @ Rx(-pitch) @ Ry(-yaw).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gioconda.face.topology import RIGID

_Float = NDArray[np.floating]


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """The rotation matrix of three angles in radians, (3, 3).

    >>> np.round(rotation(np.pi / 2, 0, 0) @ [0, 0, -1]) + 0.0  # the nose, turned to the right
    array([1., 0., 0.])
    """
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ turn)


def angles(matrix: _Float) -> NDArray[np.float64]:
    """Yaw, pitch and roll in radians of rotation matrices (..., 3, 3), (..., 3).

    >>> np.round(angles(rotation(0.3, -0.2, 0.1)), 6)
    array([ 0.3, -0.2,  0.1])
    """
    pitch = np.arcsin(np.clip(-matrix[..., 2, 1], -1, 1))
    yaw = np.arctan2(matrix[..., 2, 0], matrix[..., 2, 2])
    roll = np.arctan2(-matrix[..., 0, 1], matrix[..., 1, 1])
    return np.stack([yaw, pitch, roll], -1)


@dataclass(frozen=True)
class HeadPose:
    """Pose of T heads, each in its own picture.

    Attributes:
        rotation: (T, 3, 3) from the head frame to the camera's axes.
        centre: (T, 2) the head frame's origin in pixels.
        size: (T,) the inter-ocular distance in pixels, as if seen from the front.
        depth: (T,) the z that the picture's mesh gives the origin, in pixels.
    """

    rotation: NDArray[np.float64]
    centre: NDArray[np.float64]
    size: NDArray[np.float64]
    depth: NDArray[np.float64]

    def at(self, frames: Any) -> "HeadPose":
        """The heads of some frames, as numpy indexes them."""
        return HeadPose(*(part[frames] for part in vars(self).values()))

    def to_head(self, points: _Float) -> NDArray[np.float64]:
        """Points (T, N, 3) in pixels → the head frame."""
        origin = np.concatenate([self.centre, self.depth[:, None]], 1)
        moved = (points - origin[:, None]) / self.size[:, None, None]
        return np.asarray(moved @ self.rotation)

    def to_image(self, points: _Float) -> NDArray[np.float64]:
        """Points (T, N, 3) or (N, 3) in the head frame → pixels, z in pixels too."""
        points = np.broadcast_to(points, (len(self.size), *points.shape[-2:]))
        origin = np.concatenate([self.centre, self.depth[:, None]], 1)
        turned = points @ self.rotation.swapaxes(1, 2)
        return np.asarray(turned * self.size[:, None, None] + origin[:, None])


def fit_pose(points: _Float, face: _Float) -> HeadPose:
    """The pose that brings a face onto meshes seen in pictures.

    Least squares over the points that keep still when a face talks (Umeyama, PAMI 1991).

    Args:
        points: (T, 478, 3) meshes in pixels.
        face: (478, 3), or (T, 478, 3), in the head frame.
    """
    seen = points[:, RIGID].astype(np.float64)
    model = np.broadcast_to(face, points.shape)[:, RIGID].astype(np.float64)
    seen_middle, model_middle = seen.mean(1, keepdims=True), model.mean(1, keepdims=True)
    a, b = model - model_middle, seen - seen_middle
    u, s, vt = np.linalg.svd(b.swapaxes(1, 2) @ a)
    sign = np.ones_like(s)
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    turn = (u * sign[:, None]) @ vt
    size = (s * sign).sum(1) / (a**2).sum((1, 2))
    shift = seen_middle[:, 0] - size[:, None] * np.einsum("tij,tj->ti", turn, model_middle[:, 0])
    return HeadPose(turn, shift[:, :2], size, shift[:, 2])
