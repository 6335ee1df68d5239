"""Stretches of a video in which one face is seen without a break."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.shots import Shots
from gioconda.face import topology
from gioconda.face.detector import Detection, detect, overlap
from gioconda.face.mesh import FaceMesh
from gioconda.face.tracker import Track, hold
from gioconda.media import FPS

LONGEST: Final = 60 * FPS  # frames; what is longer becomes several
_LOOK_EVERY: Final = 2 * FPS  # frames between looks for new faces
_PATIENCE: Final = 12  # frames that a face may be lost for
_PRESENT: Final = 0.5
_SAME: Final = 0.4  # of the smaller box: from this overlap on, two boxes are of one face
_SURE: Final = 0.7  # both detectors; screens and plants get up to 0.6, faces mostly over 0.8
_SMALLEST: Final = 32  # pixels; a smaller face is not even followed

_Points = NDArray[np.float32]


@dataclass(frozen=True)
class Stretch:
    """One face through a part of one shot.

    Attributes:
        start: index of its first frame in the video.
        track: its mesh, in pixels of the video.
        others: (T, 4) the box (left, top, right, bottom) of the next largest face seen at the
            same time, or NaN.
    """

    start: int
    track: Track
    others: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.track.points)


@dataclass
class _Followed:
    """A face that is being followed."""

    start: int
    points: _Points
    found: list[_Points | None] = field(default_factory=list)
    others: list[NDArray[np.float32]] = field(default_factory=list)
    lost: int = 0


def find_stretches(frames: Iterable[NDArray[np.uint8]]) -> Iterator[Stretch]:
    """Follow every face of a video through its shots, in one pass.

    A stretch ends at a cut, where its face is lost for half a second, and after a minute.
    Needs memory for the meshes of a minute, whatever the video's length.

    Args:
        frames: (H, W, 3) RGB pictures in order, 25 a second.
    """
    mesh, shots = FaceMesh(), Shots()
    faces: list[_Followed] = []
    size = (0, 0)
    shot = 0
    for i, frame in enumerate(frames):
        size = (frame.shape[0], frame.shape[1])
        if shots.cut(frame) or i - shot >= LONGEST:
            yield from (_ended(face, size) for face in faces)
            faces, shot = [], i
        for face in faces:
            points, presence = mesh.near(frame, face.points)
            seen = presence >= _PRESENT
            face.found.append(points if seen else None)
            face.lost = 0 if seen else face.lost + 1
            if seen:
                face.points = points
        waiting = any(face.lost for face in faces)
        if (i - shot) % _LOOK_EVERY == 0 or (waiting and (i - shot) % 5 == 0):
            for detection in detect(frame):
                _welcome(detection, i, frame, faces, mesh)
        for face in faces:
            face.others.append(_next_largest(face, faces))
        yield from (_ended(face, size) for face in faces if _over(face, faces))
        faces = [face for face in faces if not _over(face, faces)]
    yield from (_ended(face, size) for face in faces)


def _welcome(
    detection: Detection,
    index: int,
    frame: NDArray[np.uint8],
    faces: list[_Followed],
    mesh: FaceMesh,
) -> None:
    """Start to follow a detected face, unless it is followed already."""
    sure = min(detection.short_range, detection.full_range)
    if sure < _SURE or detection.size < _SMALLEST:
        return
    if any(overlap(detection.box, box(face.points)) > _SAME for face in faces if not face.lost):
        return
    points, presence = mesh.at(frame, detection)
    if presence < _PRESENT:
        return
    for face in faces:
        if overlap(box(points), box(face.points)) > _SAME:
            if face.lost:
                face.points, face.found[-1], face.lost = points, points, 0
            return
    faces.append(_Followed(index, points, [points]))


def _over(face: _Followed, faces: list[_Followed]) -> bool:
    """Whether a face is lost, or is the same as one that has been followed for longer."""
    older = faces[: next(i for i, other in enumerate(faces) if other is face)]
    same = any(overlap(box(face.points), box(other.points)) > _SAME for other in older)
    return same or face.lost >= _PATIENCE


def _ended(face: _Followed, size: tuple[int, int]) -> Stretch:
    length = len(face.found) - face.lost
    return Stretch(face.start, hold(face.found[:length], size), np.stack(face.others[:length]))


def _next_largest(face: _Followed, faces: list[_Followed]) -> NDArray[np.float32]:
    boxes = [box(other.points) for other in faces if other is not face and not other.lost]
    largest = max(boxes, key=lambda b: float(b[3] - b[1]), default=None)
    return np.full(4, np.nan, np.float32) if largest is None else largest


def box(points: _Points) -> NDArray[np.float32]:
    """Left, top, right, bottom of a mesh (..., 478, 3), (..., 4)."""
    flat = points[..., : topology.FACE_POINTS, :2]
    return np.concatenate([flat.min(-2), flat.max(-2)], -1)
