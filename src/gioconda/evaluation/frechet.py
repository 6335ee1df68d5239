"""How far apart two sets of motion are: the Fréchet distance between their windows.

As the Fréchet inception distance of pictures (Heusel et al., NeurIPS 2017, equation 6), but of
motion itself, reduced by principal components of the real windows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.evaluation.naturalness import PersonMotion
from gioconda.evaluation.results import measure
from gioconda.media import FPS
from gioconda.motion import POSE

WINDOW: Final = FPS  # frames
_STEP: Final = 12  # frames from one window to the next
_COMPONENTS: Final = 8  # of the pose, and as many of the dynamics
_LEAST: Final = 4 * _COMPONENTS  # windows in a set
_DRAWS: Final = 10
_PEOPLE: Final = 4  # that real motion must come from, so that halves have two

_Rows = NDArray[np.float64]
_Windows = tuple[_Rows, _Rows]


@dataclass(frozen=True)
class MotionDistance:
    """Mean Fréchet distances over 10 draws, and the windows in each set."""

    windows: int
    made: float = measure("Fréchet distance, generated to real motion")
    floor: float = measure("Fréchet distance, real to real motion")


def motion_distance(real: Sequence[PersonMotion], made: Sequence[PersonMotion]) -> MotionDistance:
    """Fréchet distance of made to real motion, and of real to real motion of other people.

    Windows of a second hold the steps of the pose and the dynamics. Each of the two is reduced to
    eight numbers. Real people are halved at random; the first half gives the numbers, its
    principal components scaled to variance 1, and is compared with the other half and with the
    made motion. The distance grows as sets shrink, so all are drawn equally large.

    Args:
        real: of four people and more.
        made: in the same basis; stretches of both have a second and more.

    Raises:
        GiocondaError: if there are too few people or windows.
    """
    people: dict[str, list[_Windows]] = defaultdict(list)
    for part in real:
        people[part.person].append(_windows(part))
    if len(people) < _PEOPLE:
        raise GiocondaError(f"{len(people)} people are in real motion; expected {_PEOPLE} or more")
    groups = [_together(found) for found in people.values()]
    others = _together([_windows(part) for part in made])
    rng = np.random.default_rng(0)
    floor, distance, sizes = [], [], []
    for _ in range(_DRAWS):
        order = rng.permutation(len(groups))
        middle = len(groups) // 2
        one = _together([groups[i] for i in order[:middle]])
        two = _together([groups[i] for i in order[middle:]])
        size = min(len(found[0]) for found in (one, two, others))
        if size < _LEAST:
            raise GiocondaError(f"{size} windows of motion in a set; expected {_LEAST} or more")
        maps = [_components(rows, width) for rows, width in zip(one, _channels(real), strict=True)]
        codes = []
        for found in (one, two, others):
            code = np.concatenate(
                [(rows - mean) @ to for rows, (mean, to) in zip(found, maps, strict=True)], axis=1
            )
            codes.append(code[rng.choice(len(code), size, replace=False)])
        floor.append(frechet(codes[0], codes[1]))
        distance.append(frechet(codes[0], codes[2]))
        sizes.append(size)
    return MotionDistance(int(np.median(sizes)), float(np.mean(distance)), float(np.mean(floor)))


def frechet(a: _Rows, b: _Rows) -> float:
    """Squared Fréchet distance of two Gaussians fitted to rows (N, D) and (M, D).

    |mean a - mean b|² + trace(A + B - 2 (A B)^½) of the covariances A and B.
    """
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    means = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    return means + float(np.trace(first) + np.trace(second) - 2 * cross)


def _windows(part: PersonMotion) -> _Windows:
    """Of every second frame, steps of the pose (N, 72) and dynamics (N, 13 D)."""
    pose, dynamics = part.motion.pose.astype(np.float64), part.motion.dynamics.astype(np.float64)
    starts = range(0, len(part.motion) - WINDOW + 1, _STEP)
    return (
        np.array([np.diff(pose[i : i + WINDOW : 2], axis=0).ravel() for i in starts]),
        np.array([dynamics[i : i + WINDOW : 2].ravel() for i in starts]),
    )


def _together(found: Sequence[_Windows]) -> _Windows:
    return np.concatenate([w[0] for w in found]), np.concatenate([w[1] for w in found])


def _channels(parts: Sequence[PersonMotion]) -> tuple[int, int]:
    return len(POSE), parts[0].motion.dynamics.shape[1]


def _components(rows: _Rows, channels: int) -> tuple[_Rows, _Rows]:
    """Mean (K,) and map (K, 8) of rows (N, K) to principal components of variance 1.

    Each of the channels, which alternate within a row, is first brought to variance 1.
    """
    mean = rows.mean(0)
    spread = (rows - mean).reshape(len(rows), -1, channels).std((0, 1))
    weight = np.tile(1 / spread, rows.shape[1] // channels)
    _, sizes, directions = np.linalg.svd((rows - mean) * weight, full_matrices=False)
    spreads = sizes[:_COMPONENTS] / np.sqrt(len(rows) - 1)
    return mean, weight[:, None] * (directions[:_COMPONENTS].T / spreads)
