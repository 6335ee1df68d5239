"""Portrait: one photo made ready to move."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.caption import lift_caption
from gioconda.errors import GiocondaError
from gioconda.face import measure, topology
from gioconda.face.basis import Basis, released_basis
from gioconda.face.drawn_eyes import onto_drawn_eyes
from gioconda.face.finder import find_face
from gioconda.face.glasses import find_rims
from gioconda.face.lids import Lids
from gioconda.face.matte import person_matte
from gioconda.face.open_mouth import onto_open_mouth
from gioconda.face.pose import HeadPose, angles
from gioconda.face.smile import onto_lips
from gioconda.held import find_held, set_apart
from gioconda.media import Picture, cut_out, read_frames
from gioconda.motion import Motion
from gioconda.plate import fill, foreground, least_alpha, paint_plate

SIZES = (64, 2160)  # least and most pixels of a side of the output
# of the crop's side that the texture shows beyond it, on each side; in the whole photo less, for
# what is near the crop's border keeps still there
_MARGIN, _LITTLE = 0.25, 0.02
SHUT = 0.1  # height over width of an eye whose colours cannot be read
_VIEW = 5.2  # side of the crop in inter-ocular distances
_MOVES = 3.5  # from the eyes, in the same unit: as far as anything moves
_BARE, _LASHES = 0.2, 0.03  # skin about the rims of glasses; lashes about eyes; same unit
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
            RGB, and as the fourth channel how much of a pixel goes with the person.
        plate: (S + 2 M, S + 2 M, 3) what is behind the person; it never moves.
        held: (S + 2 M, S + 2 M) how much of a pixel is held before the person, 0 to 255; it never
            moves either. None if nothing is.
        points: (478, 3) the face's mesh in the crop's pixels.
        head: the pose of the head in the crop.
        face: (478, 3) the mesh in the head frame, with the photo's own expression.
        expression: (D,) the dynamics of the photo's own expression.
        basis: the basis of the dynamics.
        note: what the user should know of the choice of face, or None.
        others: meshes of other faces in the photo, as `points`; those people stay as they are.
        rims: (S + 2 M, S + 2 M, 4) the rims of glasses, which are before all else and not in the
            texture: colours times alpha, and alpha; None where there are none.
        caption: (S + 2 M, S + 2 M, 4) letters that are printed over the photo, as `rims`; they
            never move. None where there are none.
    """

    photo: Picture
    crop: tuple[float, float, float]
    size: int
    texture: NDArray[np.uint8]
    plate: Picture
    held: NDArray[np.uint8] | None
    points: NDArray[np.float32]
    head: HeadPose
    face: NDArray[np.float32]
    expression: NDArray[np.float32]
    basis: Basis
    note: str | None
    others: tuple[NDArray[np.float32], ...] = ()
    rims: NDArray[np.uint8] | None = None
    caption: NDArray[np.uint8] | None = None

    @property
    def margin(self) -> int:
        """M, the pixels that the texture shows beyond the crop on each side."""
        return (len(self.texture) - self.size) // 2

    @property
    def picture(self) -> Picture:
        """The crop as it was photographed, (S, S, 3)."""
        inside = slice(self.margin, self.margin + self.size)
        seen = self.texture[inside, inside, :3].copy()
        for layer in (self.rims, self.caption):
            if layer is not None:
                over = layer[inside, inside]
                behind = (255 - over[..., 3:].astype(np.uint16)) * seen
                seen = over[..., :3] + ((behind + 127) // 255).astype(np.uint8)
        return seen

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

    def performed(self, motion: Motion, free: NDArray[np.bool_]) -> Motion:
        """Generated motion on this face: about its own pose, shutting its own lids.

        Args:
            motion: T frames of a generator, made for `gaze`.
            free: (T,) where nothing says where the eyes look; they move about the photo's gaze.
        """
        dynamics = self.lids(motion.dynamics)
        dynamics[free] += self.looks
        return replace(motion, pose=motion.pose + self.pose, dynamics=dynamics)

    @cached_property
    def lids(self) -> Lids:
        """What shuts these eyes when motion of the mean face shuts its own.

        They rest as open as in the photo.
        """
        own, neutral = measure.lid_gap(self.face), measure.lid_gap(self.neutral)
        return Lids(self.basis, self.neutral, float(own / neutral))

    @cached_property
    def looks(self) -> NDArray[np.float32]:
        """Dynamics (D,) that turn free eyes as in the photo; lids rest, and shut, by themselves."""
        own = np.zeros_like(self.expression)
        own[self.basis.gaze] = self.expression[self.basis.gaze]
        return self.lids.beside(own)

    @property
    def neutral(self) -> NDArray[np.float32]:
        """The face in the head frame with the photo's own expression taken off, (478, 3)."""
        return self.face - np.tensordot(self.expression, self.basis.dynamics, 1)


def make_portrait(
    image: Picture, size: int | None = 512, face: int | None = None, anyway: bool = False
) -> Portrait:
    """Find the face of a picture and make it ready.

    Args:
        image: (H, W, 3) RGB.
        size: side of the output in pixels, rounded up to even; None for the whole photo at its own
            scale: the crop then holds all that moves, and may reach beyond the photo's right or
            lower edge.
        face: which face of several, counted from the left, from 1; None for the largest.
        anyway: go on with a note where its mouth is covered.

    Raises:
        GiocondaError: if the picture has no face that can be animated, or the size is out of
            range.
    """
    if size is not None and not SIZES[0] <= size <= SIZES[1]:
        raise GiocondaError(f"the size must be from {SIZES[0]} to {SIZES[1]} pixels, is {size}")
    found = find_face(image, face, anyway)
    points = onto_open_mouth(image, onto_lips(image, found.points))
    points = onto_drawn_eyes(image, points)
    portrait = portrait_at(image, points, size, note=found.note, others=found.others)
    if measure.lid_opening(portrait.face[None]).max() < SHUT:
        note = "the eyes are shut: what they show when they open is guessed"
        portrait = replace(portrait, note="; ".join(filter(None, (portrait.note, note))))
    return _without_glasses(portrait)


def read_portrait(
    path: str | os.PathLike[str],
    size: int | None = 512,
    face: int | None = None,
    anyway: bool = False,
) -> Portrait:
    """The portrait in a file; of an animation, its first frame that shows a face.

    Args:
        path: any picture that `gioconda.media.read_image` reads.
        size: as in `make_portrait`.
        face: as in `make_portrait`.
        anyway: as in `make_portrait`.

    Raises:
        GiocondaError: if the file is no picture, and as `make_portrait` of its first frame.
    """
    refusal: GiocondaError | None = None
    for image in read_frames(path):
        try:
            portrait = make_portrait(image, size, face, anyway)
        except GiocondaError as error:
            refusal = refusal or error
            continue
        if refusal is None:
            return portrait
        note = "the first frame shows no face that can be animated; a later one is used"
        return replace(portrait, note="; ".join(filter(None, (note, portrait.note))))
    assert refusal is not None  # every picture has a frame
    raise refusal


def portrait_at(
    image: Picture,
    points: NDArray[np.floating],
    size: int | None,
    neutral: NDArray[np.floating] | None = None,
    note: str | None = None,
    others: Sequence[NDArray[np.floating]] = (),
) -> Portrait:
    """A picture whose face is known already, made ready.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) the face's mesh in its pixels.
        size: as in `make_portrait`.
        neutral: (478, 3) the person's neutral face, if more than this picture is known.
        note: kept in the portrait.
        others: meshes of the picture's other faces, as `points`.
    """
    basis, known = released_basis(), neutral is not None
    if neutral is None:
        neutral = basis.identify(points[None])
    head, _ = basis.pose(points[None], neutral)
    crop = _crop(image, head) if size else _all_that_moves(image, head)
    side = round(crop[2]) if size is None else size
    side += side % 2
    scale = side / crop[2]
    # pixel centres: photo pixel p covers [p - 0.5, p + 0.5]
    shift = (0.5 - np.array(crop[:2])) * scale - 0.5
    placed, *strangers = (mesh * scale + [*shift, 0] for mesh in (points, *others))
    head, expression = basis.pose(placed[None], neutral)
    if not known:  # lips that a single photo shows apart are never told wholly to its expression
        expression = expression + basis.parting(neutral)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    margin = round((_MARGIN if size else _LITTLE) * side)
    texture, plate, held, caption = _cut_out(image, placed, head, matrix, side, margin, strangers)
    return Portrait(
        photo=image,
        crop=crop,
        size=side,
        texture=texture,
        plate=plate,
        held=held,
        points=placed.astype(np.float32),
        head=head,
        face=head.to_head(placed[None])[0].astype(np.float32),
        expression=expression[0],
        basis=basis,
        note=note,
        others=tuple(mesh.astype(np.float32) for mesh in strangers),
        caption=caption,
    )


def _without_glasses(portrait: Portrait) -> Portrait:
    """The rims of glasses taken out of the texture: they do not go with lids and brows."""
    colours, alpha = portrait.texture[..., :3].copy(), portrait.texture[..., 3:]
    points = portrait.points[:, :2] + portrait.margin
    unit = float(portrait.head.size[0])
    found = find_rims(colours, points)
    if found is None:
        return portrait
    x, y, width, height = cv2.boundingRect(found)
    around = round(_BARE * unit)
    part = (
        slice(max(y - around, 0), y + height + around),
        slice(max(x - around, 0), x + width + around),
    )
    bare = colours.copy()
    hidden = cv2.dilate(found[part], np.ones((3, 3), np.uint8))[..., None] > 0
    # of the skin, not of lashes and what is between them
    eyes = np.ones(colours.shape[:2], np.float32)
    for lids in topology.LIDS.reshape(2, -1):
        hull = cv2.convexHull(np.rint(points[lids, :2]).astype(np.int32))
        cv2.fillConvexPoly(eyes, hull, (0.0,))
        cv2.polylines(eyes, [hull], True, (0.0,), max(round(2 * _LASHES * unit), 1))
    skin = fill(colours[part].astype(np.float32), np.where(hidden, 0, eyes[part][..., None]))
    bare[part] = np.where(hidden, np.clip(np.rint(skin), 0, 255), colours[part])
    least = np.ceil(255 * least_alpha(colours, bare)).astype(np.uint8)
    rims = foreground(np.dstack([colours, np.maximum(found, least)]), bare)
    return replace(portrait, texture=np.dstack([bare, alpha]), rims=rims)


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


def _all_that_moves(image: Picture, head: HeadPose) -> tuple[float, float, float]:
    """Left, top and side of a square with all of the picture that goes with the head."""
    size = np.array(image.shape[1::-1])
    middle, reach = head.centre[0], _MOVES * head.size[0]
    low = np.maximum(np.floor(middle - reach), 0)
    high = np.minimum(np.ceil(middle + reach), size)
    side = float(2 * np.ceil((high - low).max() / 2))
    left, top = np.clip(size - side, 0, low)
    return float(left), float(top), side


def _in_sight(mesh: NDArray[np.float64], side: int) -> bool:
    """Whether a face (478, 3) is at least in part in a square picture."""
    oval = mesh[topology.FACE_OVAL, :2]
    return bool((oval.max(0) > 0).all() and (oval.min(0) < side).all())


def _cut_out(
    image: Picture,
    points: NDArray[np.float64],
    head: HeadPose,
    matrix: NDArray[Any],
    side: int,
    margin: int,
    strangers: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.uint8], Picture, NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
    """The texture with its alpha, the plate behind, what is held before, and letters over all."""
    wide = side + 2 * margin
    matrix = matrix + [[0, 0, margin], [0, 0, margin]]
    colours = cut_out(image, matrix, (wide, wide), cv2.BORDER_REFLECT_101)
    inside, *others = (mesh + [margin, margin, 0] for mesh in (points, *strangers))
    others = [mesh for mesh in others if _in_sight(mesh, wide)]
    white = np.full(image.shape[:2], 255, np.uint8)
    photographed = cut_out(white, matrix, (wide, wide), cv2.BORDER_CONSTANT) == 255
    colours, caption = lift_caption(colours, photographed & ~_features(inside, wide))
    matte = person_matte(colours, inside, others=others)
    placed = replace(head, centre=head.centre + margin)
    held = find_held(colours, matte, inside, placed)
    still = np.zeros_like(matte) if held is None else held
    for mesh in others:  # who stands behind this one is seen beside it only
        person = (1 - matte) * person_matte(colours, mesh, others=[inside])
        photographed &= person < 0.5
        still = np.maximum(still, person)
    plate, alpha = paint_plate(colours, matte, photographed, placed)
    if held is not None or others:
        plate, alpha = set_apart(colours, plate, alpha, still, float(head.size[0]))
    before = None if held is None else np.rint(255 * held).astype(np.uint8)
    return np.dstack([colours, alpha]), plate, before, caption


def _features(mesh: NDArray[np.float64], side: int) -> NDArray[np.bool_]:
    """Where eyes with their brows, and the mouth, of a face (478, 3) are in a square picture."""
    found = np.zeros((side, side), np.uint8)
    eyes = (
        np.concatenate(each)
        for each in zip(
            *(np.split(part, 2) for part in (topology.LIDS, topology.BROWS)), strict=True
        )
    )
    for group in (topology.LIPS, *eyes):
        hull = cv2.convexHull(np.rint(mesh[group, :2]).astype(np.int32))
        cv2.fillConvexPoly(found, hull, (1,))
    return found > 0
