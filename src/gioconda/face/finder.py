"""Find the one face of a picture that is to be animated, or say why there is none."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.face.actions import mirror
from gioconda.face.basis import released_basis
from gioconda.face.cover import mouth_signs
from gioconda.face.detector import Detection, detect, detect_small, overlap
from gioconda.face.mesh import thread_mesh
from gioconda.face.pose import angles

LEAST_SIZE: Final = 64  # pixels, of the detection
MOST_TURNED: Final = 45  # degrees
MOST_CUT: Final = 0.06  # of the face's points
_CUT = 0.02  # of a face that one detector misses: an animal's mesh strays by 0.01
_PRESENT = 0.5
_TWO = 0.35  # of a box that lies in another's: two people's faces do not cover each other so far
_LIKE_A_FACE = 0.4
_SAME = (
    0.09  # of the eyes' distance: a cat's lids move by 0.08 when mirrored, those of noise by more
)
_CODE = 1200  # pixels of the picture in which a code is looked for
_QUIET = 40  # pixels of white about a code, which its reader asks for
_SURE = 0.75  # upright faces are seen surer than this, apart from a few
_SURER = 0.1


@dataclass(frozen=True)
class Face:
    """The face that was chosen in a picture.

    Attributes:
        points: (478, 3) its mesh in pixels, see `gioconda.face.mesh.FaceMesh`.
        detection: where the detectors saw it.
        count: how many human-like faces the picture has.
        note: what the user should know of the choice, in one line, or None.
        others: the meshes of the other faces, as `points`.
    """

    points: NDArray[np.float32]
    detection: Detection
    count: int
    note: str | None
    others: tuple[NDArray[np.float32], ...]


def find_face(image: NDArray[np.uint8], choice: int | None = None, anyway: bool = False) -> Face:
    """The face of a picture that can be animated.

    Args:
        image: (H, W, 3) RGB, upright.
        choice: which human-like face, from 1, counted from the left of the picture by the
            middles of their boxes; None takes the largest.
        anyway: take a face whose mouth is covered, too, with a note.

    Raises:
        GiocondaError: if there is no face, only an animal's, no face of that number, or if the
            chosen one is smaller than 64 pixels, turned or tilted by more than 45 degrees,
            upside down, cut by the border of the picture, or has its mouth covered.
    """
    found = _candidates(image)
    faces = _human(found)
    if not faces:
        raise _none(image, found)
    if choice is not None and not 1 <= choice <= len(faces):
        raise GiocondaError(
            f"there is no face {choice}; found {_count(len(faces))}, "
            f"choose from 1 to {len(faces)}, counted from the left"
        )
    largest = max(range(len(faces)), key=lambda i: faces[i][0].size)
    number = largest if choice is None else choice - 1
    face, points = faces[number]
    which = "the face" if len(faces) == 1 else f"face {number + 1} of {len(faces)}"
    _check_size(face, which)
    _check_upright(image, face, which)
    _check_pose(points, which)
    _check_inside(points, image, which)
    notes = _check_mouth(points, image, which, anyway)
    if len(faces) > 1 and choice is None:
        left, right = max(face.box[0], 0), min(face.box[2], image.shape[1])
        notes.append(
            f"{len(faces)} faces found, the largest is used: number {number + 1} of {len(faces)} "
            f"from the left, at {left:.0f} to {right:.0f} pixels; --face N chooses another"
        )
    others = tuple(mesh for _, mesh in faces if _apart(mesh, points))
    return Face(points, face, len(faces), "; ".join(notes) or None, others)


def _apart(mesh: NDArray[np.float32], points: NDArray[np.float32]) -> bool:
    """Whether a mesh is of another face than `points`, which two detections may have found."""
    off = (mesh - points)[: topology.FACE_POINTS, :2].mean(0)
    return bool(np.linalg.norm(off) > np.ptp(points[: topology.FACE_POINTS, 0]) / 2)


def find_faces(image: NDArray[np.uint8]) -> list[Detection]:
    """All human-like faces of a picture, (H, W, 3) RGB, in the order that `find_face` counts."""
    return [face for face, _ in _human(_candidates(image))]


_Candidate = tuple[Detection, NDArray[np.float32], float]


def _candidates(image: NDArray[np.uint8]) -> list[_Candidate]:
    """What both detectors propose; small faces are only looked for where no others are."""
    found = _measured(image, detect(image))
    return found if _human(found) else found + _measured(image, detect_small(image))


def _measured(image: NDArray[np.uint8], faces: list[Detection]) -> list[_Candidate]:
    return [(face, *thread_mesh().at(image, face)) for face in faces]


def _human(found: list[_Candidate]) -> list[tuple[Detection, NDArray[np.float32]]]:
    human = [each for each in found if each[0].human and each[2] > _PRESENT]
    kept: list[tuple[Detection, NDArray[np.float32]]] = []
    for face, points, _ in sorted(human, key=lambda each: -_sureness(each[0])):
        # brows and nose may look like a second, smaller face
        if all(overlap(face.box, other.box) < _TWO for other, _ in kept):
            kept.append((face, points))
    return sorted(kept, key=lambda item: float(item[0].box[0] + item[0].box[2]))


def _sureness(face: Detection) -> float:
    return min(face.short_range, face.full_range)


def _count(faces: int) -> str:
    return "1 face" if faces == 1 else f"{faces} faces"


def _none(image: NDArray[np.uint8], found: list[_Candidate]) -> GiocondaError:
    """Why a picture has no human-like face."""
    surest, quarters = max((_surest(image, k), k) for k in (1, 2, 3))
    if surest > _SURE:
        return _not_upright("the face", quarters)
    like = [
        (face, points)
        for face, points, presence in found
        if presence > _PRESENT and max(face.short_range, face.full_range) > _LIKE_A_FACE
    ]
    for _, points in like:
        # both detectors would see the whole of it
        if sum(_outside(points, image).values()) > _CUT:
            return _cut("the face", _outside(points, image))
    if any(_same_mirrored(image, *each) for each in like) and not _is_code(image):
        return GiocondaError(
            "no human face was found, only what looks like an animal's; "
            "use a picture of a person or of a figure with a human-like face"
        )
    return _no_face()


def _no_face() -> GiocondaError:
    return GiocondaError(
        "no face was found; use a picture in which one face is seen from the front"
    )


def _is_code(image: NDArray[np.uint8], place: NDArray[np.floating] | None = None) -> bool:
    """Whether the picture shows a QR code (at a place), in whose squares detectors see eyes."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _CODE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    framed = np.pad(small, _QUIET, constant_values=255)
    readers = (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco())  # each misses what the other sees
    tries = [reader.detect(tone) for tone in (framed, 255 - framed) for reader in readers]
    seen = [np.asarray(corners) for found, corners in tries if found]
    if place is None:
        return bool(seen)
    x, y = (float(v) for v in place * scale + _QUIET)
    return any(cv2.pointPolygonTest(c[0].astype(np.float32), (x, y), False) > 0 for c in seen)


def _same_mirrored(image: NDArray[np.uint8], face: Detection, points: NDArray[np.float32]) -> bool:
    """Whether the mesh finds the same eyes in the mirrored picture, as it does in animals."""
    last = image.shape[1] - 1
    box = np.array([last - face.box[2], face.box[1], last - face.box[0], face.box[3]], np.float32)
    flip = np.array([-1, 1], np.float32)
    keypoints = ([last, 0] + flip * face.keypoints)[[1, 0, 2, 3, 5, 4]].astype(np.float32)
    seen = replace(face, box=box, keypoints=keypoints)
    other, presence = thread_mesh().at(np.ascontiguousarray(image[:, ::-1]), seen)
    back = [last, 0] + flip * other[mirror(), :2]
    across = points[topology.LEFT_EYE_OUTER] - points[topology.RIGHT_EYE_OUTER]
    apart = np.linalg.norm(back - points[:, :2], axis=1)[topology.LIDS].mean()
    return presence > _PRESENT and bool(apart < _SAME * np.linalg.norm(across[:2]))


def _surest(image: NDArray[np.uint8], quarters: int) -> float:
    """How sure both detectors are of a face when the picture is turned by quarters, 0 to 1."""
    turned = np.ascontiguousarray(np.rot90(image, quarters))
    return max(map(_sureness, detect(turned)), default=0.0)


def _not_upright(which: str, quarters: int) -> GiocondaError:
    how = "stands on its head" if quarters == 2 else "lies on its side"
    return GiocondaError(f"{which} {how}, expected an upright one; turn the picture")


def _check_size(face: Detection, which: str) -> None:
    if face.size < LEAST_SIZE:
        raise GiocondaError(
            f"{which} is {face.size:.0f} pixels large, expected at least {LEAST_SIZE}; "
            "use a larger picture, or one taken from closer"
        )


def _check_upright(image: NDArray[np.uint8], face: Detection, which: str) -> None:
    sure = _sureness(face)
    if sure < _SURE and _surest(image, 2) > sure + _SURER:
        raise _not_upright(which, 2)


def _check_pose(points: NDArray[np.float32], which: str) -> None:
    basis = released_basis()
    head, _ = basis.pose(points[None], basis.mean)
    yaw, pitch, roll = np.degrees(angles(head.rotation[0]))
    for angle, names in (
        (yaw, ("turned to the left", "turned to the right")),
        (pitch, ("turned down", "turned up")),
        (roll, ("tilted to the left", "tilted to the right")),
    ):
        if abs(angle) > MOST_TURNED:
            raise GiocondaError(
                f"{which} is {names[int(angle > 0)]} by {abs(angle):.0f} degrees, expected at most "
                f"{MOST_TURNED}; use a picture that shows it more from the front and upright"
            )


def _check_inside(points: NDArray[np.float32], image: NDArray[np.uint8], which: str) -> None:
    outside = _outside(points, image)
    if sum(outside.values()) > MOST_CUT:
        raise _cut(which, outside)


def _check_mouth(
    points: NDArray[np.float32], image: NDArray[np.uint8], which: str, anyway: bool
) -> list[str]:
    """A note where the mouth is covered and that is no reason to stop."""
    if not mouth_signs(image, points).covered:
        return []
    if _is_code(image, points[: topology.FACE_POINTS, :2].mean(0)):
        raise _no_face()
    if anyway:
        return [f"the mouth of {which} seems to be covered; one is drawn over what covers it"]
    raise GiocondaError(
        f"the mouth of {which} seems to be covered (by a mask, a hand, a veil, a microphone); "
        "use a picture that shows it, or --anyway"
    )


def _outside(points: NDArray[np.float32], image: NDArray[np.uint8]) -> dict[str, float]:
    """Which part of the face's points lies beyond each border."""
    height, width = image.shape[:2]
    x, y = points[: topology.FACE_POINTS, :2].T
    beyond = {"left": x < 0, "right": x > width - 1, "top": y < 0, "bottom": y > height - 1}
    return {border: float(points.mean()) for border, points in beyond.items()}


def _cut(which: str, outside: dict[str, float]) -> GiocondaError:
    border = max(outside, key=lambda name: outside[name])
    return GiocondaError(
        f"{which} is cut by the {border} border ({sum(outside.values()):.0%} of it is missing); "
        "use a picture that shows the whole face"
    )
