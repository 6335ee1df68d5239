"""Follow one face through a video."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.detector import detect
from gioconda.face.mesh import FaceMesh

_PRESENT = 0.5


@dataclass(frozen=True)
class Track:
    """The dense mesh of one face over time.

    Attributes:
        points: (T, 478, 3) in pixels of the video; frames without the face hold the nearest
            frame that has it.
        seen: (T,) whether the face was found in the frame.
        size: height and width of the video in pixels.
    """

    points: NDArray[np.float32]
    seen: NDArray[np.bool_]
    size: tuple[int, int]


def track(frames: Iterable[NDArray[np.uint8]]) -> Track:
    """Follow the largest face of a video.

    Args:
        frames: (H, W, 3) RGB pictures in order.

    Raises:
        GiocondaError: if there is no frame, or no face in any of them.
    """
    mesh = FaceMesh()
    found: list[NDArray[np.float32] | None] = []
    size = (0, 0)
    last: NDArray[np.float32] | None = None
    for frame in frames:
        size = (frame.shape[0], frame.shape[1])
        presence = 0.0
        if last is not None:
            last, presence = mesh.near(frame, last)
        if presence < _PRESENT:
            faces = [face for face in detect(frame) if face.human]
            if faces:
                last, presence = mesh.at(frame, faces[0])
        if presence < _PRESENT:
            last = None
        found.append(last)
    if all(points is None for points in found):
        raise GiocondaError(
            f"no face was found in any of the video's {len(found)} frames; "
            "choose a video that shows a face from the front"
        )
    return hold(found, size)


def hold(found: Sequence[NDArray[np.float32] | None], size: tuple[int, int]) -> Track:
    """A track from what was found in each frame: (478, 3), or None where the face was not seen.

    Args:
        found: at least one of them no None.
        size: height and width of the frames in pixels.
    """
    seen = np.array([points is not None for points in found], bool)
    known = np.flatnonzero(seen)
    at = np.arange(len(found))
    after = np.minimum(np.searchsorted(known, at), len(known) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(known[before] - at) <= np.abs(known[after] - at)
    nearest = np.where(nearer, known[before], known[after])
    return Track(np.stack([found[i] for i in nearest]), seen, size)
