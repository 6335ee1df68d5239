"""Does the renderer follow the motion? Reenact a clip, track the result, compare.

The first frame of a clip is the portrait, the clip's own motion drives it. What is tracked in
the rendered frames is compared with what drove them.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Errors, Report, counted, measure, silent
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
class MotionErrors(Errors):
    """Of one quantity over frames, and how much it moves in the clip itself."""

    moved: float = measure("moved")  # mean absolute deviation from the clip's median


@dataclass(frozen=True)
class ReenactmentResult:
    """Driving against tracked motion."""

    clips: int
    frames: int
    refused: int  # clips whose first frame is no portrait
    lost: float  # percentage of rendered frames in which no face was found again
    background: float  # mean change of the border's pixels against the first frame, 0 to 255
    errors: dict[str, MotionErrors]  # by quantity, in its `UNITS`


def evaluate_reenactment(
    clips: list[Clip], count: int | None = None, report: Report = silent
) -> ReenactmentResult:
    """Driving against tracked motion over reenacted clips.

    Args:
        clips: of people that nothing was learned from; those of a second and more serve.
        count: how many clips to take, the same number of each person as far as there are, the
            largest faces first; None for all.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if no clip serves.
    """
    tally = _Tally()
    for clip, seen in counted(sample_clips(clips, count), report):
        tally.add(clip, seen)
    if not tally.errors:
        raise GiocondaError(
            f"none of the {len(clips)} clips can be used ({tally.refused} refused as portraits); "
            "give clips of a second and more with the face in view"
        )
    return tally.result()


class _Tally:
    """Errors of all clips, frame by frame."""

    def __init__(self) -> None:
        self.errors: list[NDArray[np.float64]] = []
        self.refused = 0
        self._moved: list[NDArray[np.float64]] = []
        self._border: list[float] = []
        self._lost = 0

    def add(self, clip: Clip, seen: Track) -> None:
        basis = released_basis()
        start = int(np.argmax(seen.seen))
        window = slice(start, start + _MOST_FRAMES)
        part = Track(seen.points[window], seen.seen[window], seen.size)
        driving, neutral = encode(part, basis)
        try:
            portrait = make_portrait(next(islice(clip.frames(), start, None)))
        except GiocondaError:
            self.refused += 1
            return
        renderer, borders = Renderer(portrait), []

        def frames() -> Iterator[NDArray[np.uint8]]:
            for step in zip(driving.pose, driving.dynamics, strict=True):
                frame = renderer.render(*step)
                sides = (frame[:_BORDER], frame[-_BORDER:], frame[:, :_BORDER], frame[:, -_BORDER:])
                borders.append(np.concatenate([side.reshape(-1, 3) for side in sides]))
                yield frame

        try:
            again = track(frames())
        except GiocondaError:
            self._lost += len(driving)
            return
        target = _quantities(driving, neutral, basis)
        found = _quantities(*encode(again, basis), basis)
        both = part.seen & again.seen
        self._lost += int((~again.seen).sum())
        self.errors.append(np.abs(found - target)[both])
        self._moved.append(np.abs(target - np.median(target, axis=0))[both])
        first = borders[0].astype(np.int16)
        self._border.append(float(np.mean([np.abs(border - first).mean() for border in borders])))

    def result(self) -> ReenactmentResult:
        rows, moved = np.concatenate(self.errors), np.concatenate(self._moved)
        return ReenactmentResult(
            clips=len(self.errors),
            frames=len(rows),
            refused=self.refused,
            lost=100 * self._lost / (len(rows) + self._lost),
            background=float(np.mean(self._border)),
            errors={
                name: MotionErrors(**vars(Errors.of(rows[:, k])), moved=float(moved[:, k].mean()))
                for k, name in enumerate(UNITS)
            },
        )


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
