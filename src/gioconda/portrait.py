"""Portrait: one photo made ready to move."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.face.finder import find_face
from gioconda.face.lids import Lids
from gioconda.face.matte import person_matte
from gioconda.face.pose import HeadPose, angles
from gioconda.media import Picture, cut_out, read_image, sample
from gioconda.motion import Motion

SIZES = (64, 2160)  # least and most pixels of a side of the output
_MARGIN = 0.25  # of the crop's side that the texture shows beyond it, on each side
_VIEW = 5.2  # side of the crop in inter-ocular distances
_SPREAD = 0.12  # the plate is painted anew this far beyond the matte, in the same unit
_DROP = 0.3  # the crop's middle lies this far under the eyes


@dataclass(frozen=True)
class Portrait:
    """A picture of a face, measured, cut out and ready to be warped.

    Pixels are those of the crop at its output size, centres at integers.

    Attributes:
        photo: (H, W, 3) the whole picture, RGB.
        crop: left, top and side of the crop in the photo's pixels.
        size: side S of the crop at its output size in pixels; even.
        texture: (S + 2 M, S + 2 M, 4) the crop with a border of M = `margin` pixels;
            RGB, and the person's matte as the fourth channel.
        plate: (S, S, 3) what is behind the person; it never moves.
        points: (478, 3) the face's mesh in the crop's pixels.
        head: the pose of the head in the crop.
        face: (478, 3) the mesh in the head frame, with the photo's own expression.
        expression: (D,) the dynamics of the photo's own expression.
        basis: the basis of the dynamics.
        note: what the user should know of the choice of face, or None.
    """

    photo: Picture
    crop: tuple[float, float, float]
    size: int
    texture: NDArray[np.uint8]
    plate: Picture
    points: NDArray[np.float32]
    head: HeadPose
    face: NDArray[np.float32]
    expression: NDArray[np.float32]
    basis: Basis
    note: str | None

    @property
    def margin(self) -> int:
        """M, the pixels that the texture shows beyond the crop on each side."""
        return (len(self.texture) - self.size) // 2

    @cached_property
    def pose(self) -> NDArray[np.float32]:
        """The photo's own pose (6,), as a Motion would say it."""
        return np.concatenate([angles(self.head.rotation[0]), np.zeros(3)]).astype(np.float32)

    @cached_property
    def gaze(self) -> NDArray[np.float32]:
        """Where the neutral face looks, (2,) yaw and pitch in radians, against the mean face.

        Eyes of the mean face in a head that faces the camera have (0, 0).
        """
        own, mean = (measure.gaze(face[None], face)[0] for face in (self.neutral, self.basis.mean))
        return np.asarray(self.pose[:2] + own - mean, np.float32)

    def driven(self, motion: Motion) -> Motion:
        """The motion of another face on this one: about its own pose, shutting its own lids."""
        moved = motion.about(self.pose)
        return replace(moved, dynamics=self.lids(moved.dynamics))

    @cached_property
    def lids(self) -> Lids:
        """What shuts these eyes when motion of the mean face shuts its own."""
        return Lids(self.basis, self.neutral)

    @property
    def neutral(self) -> NDArray[np.float32]:
        """The face in the head frame with the photo's own expression taken off, (478, 3)."""
        return self.face - np.tensordot(self.expression, self.basis.dynamics, 1)


def make_portrait(image: Picture, size: int | None = 512, face: int | None = None) -> Portrait:
    """Find the face of a picture and make it ready.

    Args:
        image: (H, W, 3) RGB.
        size: side of the output in pixels, rounded up to even; None for the photo's own scale.
        face: which face of several, counted from the left, from 1; None for the largest.

    Raises:
        GiocondaError: if the picture has no face that can be animated, or the size is out of
            range.
    """
    if size is not None and not SIZES[0] <= size <= SIZES[1]:
        raise GiocondaError(f"the size must be from {SIZES[0]} to {SIZES[1]} pixels, is {size}")
    found = find_face(image, face)
    return portrait_at(image, found.points, size, note=found.note)


def read_portrait(
    photo: str | os.PathLike[str], size: int | None = 512, face: int | None = None
) -> Portrait:
    """As `make_portrait`, of a picture's file.

    Raises:
        GiocondaError: as `make_portrait`, and if the file is no picture.
    """
    return make_portrait(read_image(photo), size, face)


def portrait_at(
    image: Picture,
    points: NDArray[np.floating],
    size: int | None,
    neutral: NDArray[np.floating] | None = None,
    note: str | None = None,
) -> Portrait:
    """A picture whose face is known already, made ready.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) the face's mesh in its pixels.
        size: side of the output in pixels, rounded up to even; None for the photo's own scale.
        neutral: (478, 3) the person's neutral face, if more than this picture is known.
        note: kept in the portrait.
    """
    basis = released_basis()
    if neutral is None:
        neutral = basis.identify(points[None])
    head, _ = basis.pose(points[None], neutral)
    crop = _crop(image, head)
    side = round(crop[2]) if size is None else size
    side += side % 2
    scale = side / crop[2]
    # pixel centres: photo pixel p covers [p - 0.5, p + 0.5]
    shift = (0.5 - np.array(crop[:2])) * scale - 0.5
    placed = points.astype(np.float64) * scale
    placed[:, :2] += shift
    head, expression = basis.pose(placed[None], neutral)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    texture, plate = _cut_out(image, placed, head, matrix, side)
    return Portrait(
        photo=image,
        crop=crop,
        size=side,
        texture=texture,
        plate=plate,
        points=placed.astype(np.float32),
        head=head,
        face=head.to_head(placed[None])[0].astype(np.float32),
        expression=expression[0],
        basis=basis,
        note=note,
    )


def _crop(image: Picture, head: HeadPose) -> tuple[float, float, float]:
    """Left, top and side of a square about the head, inside the picture."""
    height, width = image.shape[:2]
    side = float(min(_VIEW * head.size[0], height, width))
    side = float(2 * int(side // 2))
    down = head.rotation[0] @ [0, _DROP * head.size[0], 0]
    corner = head.centre[0] + down[:2] - side / 2
    left = float(np.clip(round(corner[0]), 0, width - side))
    top = float(np.clip(round(corner[1]), 0, height - side))
    return left, top, side


def _cut_out(
    image: Picture, points: NDArray[np.float64], head: HeadPose, matrix: NDArray[Any], side: int
) -> tuple[NDArray[np.uint8], Picture]:
    """The texture with the matte, and the plate behind."""
    margin = round(_MARGIN * side)
    wide = side + 2 * margin
    matrix = matrix + [[0, 0, margin], [0, 0, margin]]
    colours = cut_out(image, matrix, (wide, wide), cv2.BORDER_REFLECT_101)
    inside = points.copy()
    inside[:, :2] += margin
    matte = person_matte(colours, inside)
    texture = np.dstack([colours, np.rint(matte * 255).astype(np.uint8)])
    white = np.full(image.shape[:2], 255, np.uint8)
    photographed = cut_out(white, matrix, (wide, wide), cv2.BORDER_CONSTANT) == 255
    plate = _plate(colours, matte, photographed, head)
    window = slice(margin, margin + side)
    return texture, np.ascontiguousarray(plate[window, window])


def _plate(
    colours: Picture,
    matte: NDArray[np.float32],
    photographed: NDArray[np.bool_],
    head: HeadPose,
) -> Picture:
    """The picture with the person painted over from what is around, (S + 2 M, S + 2 M, 3)."""
    spread = max(3, round(_SPREAD * float(head.size[0])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * spread + 1, 2 * spread + 1))
    hidden = np.asarray(cv2.dilate((matte > 0.06).astype(np.uint8), kernel), np.uint8)
    hidden[~photographed] = 1
    # frames and lines along the photo's border are not spread over the plate
    nine = np.ones((9, 9), np.uint8)
    inner = np.asarray(cv2.erode(photographed.astype(np.uint8), nine), np.uint8)
    unknown = np.maximum(hidden, 1 - inner)
    known = 1 - unknown.astype(np.float32)
    filled = _fill(colours.astype(np.float32), known)
    # near the silhouette, the background's own grain: mirrored at the nearest known pixel
    distance, labels = cv2.distanceTransformWithLabels(
        unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    y, x = np.nonzero(unknown == 0)
    where = np.zeros((labels.max() + 1, 2), np.float32)
    where[labels[y, x]] = np.stack([x, y], -1)
    here = np.stack(np.meshgrid(*map(np.arange, hidden.shape[::-1])), -1).astype(np.float32)
    mirrored = np.asarray(cv2.blur(2 * where[labels] - here, (5, 5)), np.float32)
    grain = sample(colours, mirrored)
    valid = sample(np.where(unknown, 0, 255).astype(np.uint8), mirrored) / np.float32(255)
    trust = cv2.blur(valid * np.exp(-distance / float(head.size[0])), (5, 5))[..., None]
    filled += (grain - filled) * trust
    plate = colours + (filled - colours) * hidden[..., None]
    return np.clip(np.rint(plate), 0, 255).astype(np.uint8)


def _fill(colours: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is not known, painted smoothly from what is (push-pull pyramid)."""
    if min(known.shape) <= 2 or known.min() > 0:
        weight = known.sum()
        mean = (colours * known[..., None]).sum((0, 1)) / max(float(weight), 1e-6)
        if weight == 0:
            mean = colours.mean((0, 1))
        return np.where(known[..., None] > 0, colours, mean).astype(np.float32)
    smaller_known = cv2.pyrDown(known)
    weighted = cv2.pyrDown(colours * known[..., None])
    smaller = np.asarray(weighted / np.maximum(smaller_known, 1e-4)[..., None], np.float32)
    coarse = _fill(smaller, np.asarray(smaller_known > 0.125, np.float32))
    height, width = known.shape
    up = cv2.pyrUp(coarse, dstsize=(width, height))
    filled: NDArray[np.float32] = colours * known[..., None] + up * (1 - known[..., None])
    return filled
