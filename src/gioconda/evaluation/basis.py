"""How well the basis explains people it was not learned from.

Meshes are brought into the head frame, encoded, rebuilt, and compared with themselves.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Errors, Report, counted, silent
from gioconda.face import topology
from gioconda.face.basis import Basis, released_basis

REGIONS: Final = {
    "lips": topology.LIPS,
    "lids": topology.LIDS,
    "irises": topology.IRISES,
    "brows": topology.BROWS,
    "jaw": topology.JAW,
    "all": np.arange(topology.POINTS),
}
SIZES: Final = (8, 16, 24, 32)
_CLIPS_A_PERSON, _FRAMES_A_CLIP = 20, 25  # so that nobody counts much more than others


@dataclass(frozen=True)
class BasisResult:
    """Errors of rebuilt points in percent of the inter-ocular distance, by what rebuilds them and
    by region.

    For each number D of coordinates, under its digits, with the neutral face from all frames of
    the clip; for "still", if the face did not move at all; and for "one frame", all coordinates
    but the neutral face from the clip's first frame, as for a photo.
    """

    people: int
    clips: int
    frames: int
    errors: dict[str, dict[str, Errors]]


def evaluate_basis(clips: list[Clip], report: Report = silent) -> BasisResult:
    """Error of rebuilt points by region, against the number of coordinates D.

    The error of a frame is the mean distance (x, y) of a region's points from where they were
    seen, in percent of the inter-ocular distance.

    Args:
        clips: of people that the released basis was not learned from.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if the face is seen in no clip.
    """
    basis = released_basis()
    full = sum(basis.parts)
    bases = {str(size): truncated(basis, size) for size in SIZES if size < full}
    bases[str(full)] = basis
    still = replace(basis, dynamics=np.zeros_like(basis.dynamics))
    found: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    chosen = _sample(clips)
    people = set()
    for clip in counted(chosen, report):
        track = clip.track()
        seen = track.points[track.seen]
        if not len(seen):
            continue
        people.add(clip.person)
        points = seen[:: max(1, len(seen) // _FRAMES_A_CLIP)]
        neutral = basis.identify(seen)
        for name, smaller in bases.items():
            found[name].append(_errors(smaller, points, neutral))
        found["one frame"].append(_errors(basis, points, basis.identify(seen[:1])))
        found["still"].append(_errors(still, points, neutral))
    if not people:
        raise GiocondaError(f"no face is seen in the {len(clips)} clips; choose other clips")
    return BasisResult(
        people=len(people),
        clips=len(found["still"]),
        frames=sum(map(len, found["still"])),
        errors={
            name: dict(zip(REGIONS, map(Errors.of, np.concatenate(found[name]).T), strict=True))
            for name in ("still", *bases, "one frame")
        },
    )


def truncated(basis: Basis, size: int) -> Basis:
    """The basis with `size` coordinates of those that speech moves, each part cut in proportion."""
    parts = np.array(basis.parts[:3])
    ends = np.round(np.cumsum(parts) * size / parts.sum()).astype(int)
    counts = np.diff(ends, prepend=0)
    starts = np.cumsum(parts) - parts
    kept = np.concatenate([start + np.arange(n) for start, n in zip(starts, counts, strict=True)])
    gaze, upper, lower = (int(n) for n in counts)
    return replace(basis, dynamics=basis.dynamics[kept], parts=(gaze, upper, lower, 0))


def _sample(clips: list[Clip]) -> list[Clip]:
    """Up to `_CLIPS_A_PERSON` clips of each person, evenly over what there is."""
    people: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        people[clip.person].append(clip)
    chosen = []
    for group in people.values():
        count = min(_CLIPS_A_PERSON, len(group))
        chosen += [group[i * len(group) // count] for i in range(count)]
    return chosen


def _errors(
    basis: Basis, points: NDArray[np.float32], neutral: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(T, regions) in percent."""
    head, code = basis.pose(points, neutral)
    missed = head.to_head(points) - basis.rebuild(code, neutral)
    distance = 100 * np.linalg.norm(missed[..., :2], axis=-1)
    return np.stack([distance[:, region].mean(1) for region in REGIONS.values()], 1)
