"""Does the renderer follow the motion? Reenact a clip, track the result, compare.

The first frame of a clip is the portrait, the clip's own motion drives it. What is tracked in
the rendered frames is compared with what drove them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import measure
from gioconda.face import measure as face
from gioconda.face.basis import Basis, released_basis
from gioconda.face.encode import encode
from gioconda.face.tracker import Track, track
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer

UNITS: Final = {
    "yaw": "degrees",
    "pitch": "degrees",
    "roll": "degrees",
    "x": "% of the inter-ocular distance",
    "y": "% of the inter-ocular distance",
    "scale": "%",
    "lid_opening": "% of the eye's width",
    "gaze_yaw": "degrees",
    "gaze_pitch": "degrees",
    "mouth_opening": "% of the inter-ocular distance",
}
_LEAST_SEEN = 0.95
_MOST_FRAMES = 125  # of a clip, so that no clip counts much more than others
_BORDER = 4  # pixels


@dataclass(frozen=True)
class Errors:
    """Of one quantity, over frames.

    Attributes:
        median, mean, p95: of the absolute error.
        moved: mean absolute deviation of what drove from its clip's median.
    """

    median: float = measure("median")
    mean: float = measure("mean")
    p95: float = measure("p95")
    moved: float = measure("moved")


@dataclass(frozen=True)
class ReenactmentResult:
    """Driving against tracked motion.

    Attributes:
        clips, frames: that were measured.
        refused: clips whose first frame is no portrait.
        lost: percentage of rendered frames in which no face was found again.
        background: mean change of the border's pixels against the first frame, 0 to 255.
        errors: by quantity, in its `UNITS`.
    """

    clips: int
    frames: int
    refused: int
    lost: float
    background: float
    errors: dict[str, Errors]


def evaluate_reenactment(
    clips: list[Clip],
    count: int | None = None,
    size: int = 512,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> ReenactmentResult:
    """Driving against tracked motion over reenacted clips.

    Args:
        clips: of people that nothing was learned from; those of a second and more serve.
        count: how many clips to take, the same number of each person as far as there are, the
            largest faces first; None for all.
        size: side of the rendered frames in pixels.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    chosen = sample_clips(clips, count)
    errors: list[NDArray[np.float64]] = []
    moved: list[NDArray[np.float64]] = []
    border: list[float] = []
    refused, lost = 0, 0
    for i, (clip, seen) in enumerate(chosen):
        report(i, len(chosen))
        first = int(np.argmax(seen.seen))
        window = slice(first, first + _MOST_FRAMES)
        part = Track(seen.points[window], seen.seen[window], seen.size)
        driving, neutral = encode(part, basis)
        try:
            portrait = make_portrait(_frame(clip, first), size=size)
        except GiocondaError:
            refused += 1
            continue
        frames = _Frames(Renderer(portrait), driving)
        try:
            again = track(frames)
        except GiocondaError:
            lost += len(driving)
            continue
        target = _quantities(driving, neutral, basis)
        found = _quantities(*encode(again, basis), basis)
        both = part.seen & again.seen
        lost += int((~again.seen).sum())
        errors.append(np.abs(found - target)[both])
        moved.append(np.abs(target - np.median(target, axis=0))[both])
        border.append(frames.border_change())
        report(i + 1, len(chosen))
    if not errors:
        raise GiocondaError(
            f"none of the {len(clips)} clips serves ({refused} refused as portraits); "
            "give clips of a second and more with the face in view"
        )
    rows, motion = np.concatenate(errors), np.concatenate(moved)
    return ReenactmentResult(
        clips=len(errors),
        frames=len(rows),
        refused=refused,
        lost=100 * lost / (len(rows) + lost),
        background=float(np.mean(border)),
        errors={
            name: Errors(
                median=float(np.median(rows[:, k])),
                mean=float(rows[:, k].mean()),
                p95=float(np.quantile(rows[:, k], 0.95)),
                moved=float(motion[:, k].mean()),
            )
            for k, name in enumerate(UNITS)
        },
    )


class _Frames(Iterator[NDArray[np.uint8]]):
    """The rendered frames, one after the other; their borders are watched."""

    def __init__(self, renderer: Renderer, motion: Motion) -> None:
        self._renderer = renderer
        self._steps = zip(motion.pose, motion.dynamics, strict=True)
        self._borders: list[NDArray[np.uint8]] = []

    def __next__(self) -> NDArray[np.uint8]:
        frame = self._renderer.render(*next(self._steps))
        sides = (frame[:_BORDER], frame[-_BORDER:], frame[:, :_BORDER], frame[:, -_BORDER:])
        self._borders.append(np.concatenate([side.reshape(-1, 3) for side in sides]))
        return frame

    def border_change(self) -> float:
        """Mean absolute change of the border against the first frame, 0 to 255."""
        first = self._borders[0].astype(np.int16)
        return float(np.mean([np.abs(border - first).mean() for border in self._borders]))


def sample_clips(clips: list[Clip], count: int | None) -> list[tuple[Clip, Track]]:
    """Clips that serve and their tracks: every person's first, then every person's second, ..."""
    people: dict[tuple[str, str], list[tuple[float, Clip, Track]]] = defaultdict(list)
    for clip in clips:
        seen = clip.track()
        if len(seen.points) >= FPS and seen.seen.mean() >= _LEAST_SEEN:
            width = float(np.median(np.ptp(seen.points[..., 0], axis=1)))
            people[clip.source, clip.person].append((width, clip, seen))
    groups = [sorted(group, key=lambda item: -item[0]) for group in people.values()]
    in_turn = [item for item in chain(*zip_longest(*groups)) if item is not None]
    return [(clip, seen) for _, clip, seen in in_turn[:count]]


def _frame(clip: Clip, index: int) -> NDArray[np.uint8]:
    return next(frame for i, frame in enumerate(clip.frames()) if i == index)


def _quantities(motion: Motion, neutral: NDArray[np.float32], basis: Basis) -> NDArray[np.float64]:
    """(T, quantities) in their `UNITS`."""
    faces = basis.rebuild(motion.dynamics, neutral)
    return np.concatenate(
        [
            np.degrees(motion.pose[:, :3]),
            100 * motion.pose[:, 3:],
            100 * face.lid_opening(faces).mean(1, keepdims=True),
            np.degrees(face.gaze(faces)),
            100 * face.mouth_opening(faces)[:, None],
        ],
        axis=1,
    )
