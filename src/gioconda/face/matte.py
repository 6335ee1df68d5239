"""Which pixels of a picture belong to the person."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.networks import network
from gioconda.media import cut_out

_SIZE = 256
_VIEW = 6.5  # side of the square that the network sees, in inter-ocular distances
_BACK = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
# Of the square, where its answer counts beside that of the whole picture: not at its border.
_NEAR = np.pad(np.ones((_SIZE - 32, _SIZE - 32), np.float32), 16, "linear_ramp")
_SURE = (0.22, 0.42)  # answers that become 0 and 1: hair that is tied or far gets half of 1
_BODY = 0.3  # of the way down from a face: bodies hang down from heads
_SURE_FACE = 0.85  # of the face's oval that is the person whatever the network says


def person_matte(
    image: NDArray[np.uint8],
    points: NDArray[np.floating],
    whole: bool = False,
    others: Sequence[NDArray[np.floating]] = (),
) -> NDArray[np.float32]:
    """How much of each pixel is the person of a face, 0 to 1.

    MediaPipe's selfie segmentation, looked at twice (mirrored), brought to the picture's
    edges by a guided filter (He et al., ECCV 2010) and kept where it hangs together with
    the face.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) the face's mesh in pixels.
        whole: look also at what is farther from the face than the shoulders.
        others: meshes of other faces, as `points`; what is nearer to them is not this person.

    Returns:
        (H, W).
    """
    height, width = image.shape[:2]
    across = points[topology.LEFT_EYE_OUTER] - points[topology.RIGHT_EYE_OUTER]
    side = _VIEW * float(np.linalg.norm(across))
    middle = points[topology.FACE_OVAL, :2].mean(0)
    matrix = _square(middle, side)
    coarse = _looked_at(image, matrix)
    if whole:
        far = _looked_at(image, _square(np.array([width, height]) / 2, max(width, height)))
        share = cv2.warpAffine(_NEAR, matrix, (width, height), flags=_BACK)
        coarse = far + share * (coarse - far)
    radius = max(2, round(0.06 * side / _VIEW))
    fine = _guided(image, coarse, radius)
    low, high = _SURE
    matte = np.asarray(np.clip((fine - low) / (high - low), 0, 1), np.float32)
    if others:
        matte[_nearer_to(others, points, matte.shape)] = 0
    ring = points[topology.FACE_OVAL, :2]
    oval = (middle + _SURE_FACE * (ring - middle)).round().astype(np.int32)
    face = cv2.fillPoly(np.zeros((height, width), np.uint8), [oval], 255)
    _, labels = cv2.connectedComponents(((matte > 0.3) | (face > 0)).astype(np.uint8))
    inside = labels[np.clip(oval[:, 1], 0, height - 1), np.clip(oval[:, 0], 0, width - 1)]
    if not inside.any():  # all of it is nearer to others, or beyond the picture
        return np.zeros_like(matte)
    kept = labels == np.bincount(inside[inside > 0], minlength=2).argmax()
    soft = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), radius / 4)
    matte *= np.clip(soft * 2, 0, 1)
    np.maximum(matte, cv2.GaussianBlur(face, (0, 0), radius / 4) / np.float32(255), out=matte)
    return matte


def _nearer_to(
    others: Sequence[NDArray[np.floating]], points: NDArray[np.floating], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Where a picture (H, W) is nearer to other people than to this one, in sizes of each face."""
    y, x = np.ogrid[: shape[0], : shape[1]]

    def far(face: NDArray[np.floating]) -> NDArray[np.float64]:
        oval = face[topology.FACE_OVAL, :2]
        size = np.linalg.norm(np.ptp(oval, axis=0))
        down = y - oval[:, 1].mean()
        across = x - oval[:, 0].mean()
        return np.asarray(np.hypot(across, np.where(down > 0, _BODY * down, down)) / size)

    own, found = far(points), np.zeros(shape, np.bool_)
    for face in others:
        found |= far(face) < own
    return found


def _square(middle: NDArray[np.floating], side: float) -> NDArray[np.float64]:
    """From a picture's pixels (x, y, 1) to those of a square that the network sees, (2, 3)."""
    scale = _SIZE / side
    shift = _SIZE / 2 - scale * middle
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def _looked_at(image: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """What the network says of a square, spread over the picture, (H, W)."""
    view = cut_out(image, matrix, (_SIZE, _SIZE))
    views = (view, np.ascontiguousarray(view[:, ::-1]))
    first, second = (_segment(v) for v in views)
    answer = (first + second[:, ::-1]) / 2
    size = image.shape[1], image.shape[0]
    spread = cv2.warpAffine(answer, matrix, size, flags=_BACK, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(spread, np.float32)


def _segment(view: NDArray[np.uint8]) -> NDArray[np.float32]:
    request = network("selfie_segmentation").create_infer_request()
    answer = request.infer([view[None].astype(np.float32) / 255])
    return np.asarray(answer[0][0, :, :, 0])


def _guided(
    image: NDArray[np.uint8], mask: NDArray[np.float32], radius: int
) -> NDArray[np.float32]:
    """The mask with the edges of the picture."""
    guide = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    box = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_m = cv2.blur(guide, box), cv2.blur(mask, box)
    covariance = cv2.blur(guide * mask, box) - mean_g * mean_m
    variance = cv2.blur(guide * guide, box) - mean_g * mean_g
    slope = covariance / (variance + 1e-3)
    offset = mean_m - slope * mean_g
    return np.asarray(cv2.blur(slope, box) * guide + cv2.blur(offset, box), np.float32)
