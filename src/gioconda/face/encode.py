"""From the track of a video to Motion."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.face.pose import angles
from gioconda.face.tracker import Track
from gioconda.motion import Motion

# Quadratic over five frames (Savitzky and Golay, 1964): no lag.
_KERNEL: Final = np.array([-3, 12, 17, 12, -3]) / 35
# Corrections larger than this, in widths of the face, are movement (a blink) and not noise.
_NOISE: Final = 0.003
# The points of one frame to the next move less than this, in widths of the face, but at a cut.
_CUT: Final = 0.25


def encode(track: Track, basis: Basis | None = None) -> tuple[Motion, NDArray[np.float32]]:
    """What a face does in a video, and the face at rest.

    The points are smoothed lightly over time, never across a cut or a gap. Frames without the
    face hold the nearest frame that has it. In `Motion.pose` the angles are absolute; x and y
    are where the middle of the eyes is against the first seen frame, in inter-ocular distances
    of that frame, and log scale is the logarithm of the size against that frame.

    Args:
        track: see `gioconda.face.tracker.track`.
        basis: the basis to tell the motion in; None for the released one.

    Returns:
        The motion of T frames, and the person's neutral face in the head frame, (478, 3).

    Raises:
        GiocondaError: if the face is seen in no frame.
    """
    if not track.seen.any():
        raise GiocondaError("no frame shows the face; choose another video")
    basis = basis or released_basis()
    neutral = basis.identify(track.points[track.seen])
    head, dynamics = basis.pose(smooth(track.points, track.seen), neutral)
    first = int(np.argmax(track.seen))
    size = head.size[first]
    place = (head.centre - head.centre[first]) / size
    log_scale = np.log(head.size / size)
    pose = np.concatenate([angles(head.rotation), place, log_scale[:, None]], 1)
    return Motion(pose.astype(np.float32), dynamics, basis.name), neutral


def smooth(points: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Points (T, 478, 3) smoothed over time without lag, apart on both sides of each break.

    Only changes as small as the mesh's noise are made, so that blinks keep their depth.
    A break is where the face comes, goes, or jumps.
    """
    smoothed = points.copy()
    width = np.ptp(points[..., 0], axis=1)
    breaks = np.flatnonzero((np.diff(seen.astype(int)) != 0) | jumps(points)) + 1
    reach = len(_KERNEL) // 2
    for span in np.split(np.arange(len(points)), breaks):
        if len(span) < len(_KERNEL):
            continue
        run = points[span]
        inner = slice(span[reach], span[-reach - 1] + 1)
        windows = (run[i : len(run) - 2 * reach + i] for i in range(len(_KERNEL)))
        change = sum(w * x for w, x in zip(_KERNEL, windows, strict=True)) - points[inner]
        amount = np.linalg.norm(change[..., :2], axis=-1) / width[inner, None]
        smoothed[inner] += change / (1 + (amount / _NOISE) ** 2)[..., None]
    return smoothed


def jumps(points: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where a face (T, 478, 3) is elsewhere in the next frame, as at a cut, (T - 1,)."""
    steps = np.linalg.norm(np.diff(points[..., :2].mean(1), axis=0), axis=1)
    return np.asarray(steps > _CUT * np.ptp(points[1:, :, 0], axis=1))
