"""Does it move as people do? Amounts and kinds of movement, real against generated.

Nothing here compares frame with frame: people who say the same look about and nod differently
each time. What counts is how much, how often, and how smoothly; and how far apart two sets of
motion are: the Fréchet distance between their windows. That is as the Fréchet inception distance of
pictures (Heusel et al., NeurIPS 2017, equation 6), but of motion itself, reduced by principal
components of the real windows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.blinks import blinks
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import measure
from gioconda.face import measure as face
from gioconda.face import topology
from gioconda.face.basis import Basis, released_basis
from gioconda.media import FPS
from gioconda.motion import POSE, Motion

LONG: Final = 4 * FPS  # frames; shorter clips cannot tell how often people blink
_DRAWS: Final = 400
# Of the speed of tracked heads 30 % of the power lies above 6 Hz, where it is the mesh that
# trembles: real and made angles go through the same low-pass (half at 5 Hz) first.
_LOW_PASS: Final = np.array([1, 3, 4, 3, 1]) / 12
_HEAD_JERK, _LIP_JERK = 11, 7  # frames that a cubic is fitted to
_FIXATION: Final = 3  # frames before and after a gaze shift whose means are compared
_SHIFT: Final = np.radians(3.0)
_SUDDEN: Final = 0.7  # of a shift lies within two frames
_APART: Final = 5  # frames between two gaze shifts
_BLINK_MARGIN: Final = 2  # frames about a blink in which irises are not trusted

WINDOW: Final = FPS  # frames
_HOP: Final = 12  # frames from one window to the next
_COMPONENTS: Final = 8  # of the pose, and as many of the dynamics
_LEAST: Final = 4 * _COMPONENTS  # windows in a set
_HALVINGS: Final = 10
_PEOPLE: Final = 4  # that real motion must come from, so that halves have two

_Series = NDArray[np.float64]


@dataclass(frozen=True)
class Movement:
    """How much, how often and how smoothly people move.

    The speed is the mean absolute change of yaw, pitch and roll from frame to frame, after a
    low-pass of five frames; the jerk is the mean size of `jerk` of the angles, over 11 frames, and
    of the points of the lips (x, y), over 7; the opening is its mean. A blink lasts from onset to
    end; NaN without a blink.
    """

    head_speed: float = measure("head speed", "degrees a frame", ".3g")
    head_jerk: float = measure("head jerk", "degrees/s³", ".0f")
    lip_jerk: float = measure("lip jerk", "eye distances/s³", ".3g")
    blinks: float = measure("blinks", "a minute", ".3g")
    blink_length: float = measure("blink length", "s", ".3g")
    gaze_shifts: float = measure("gaze shifts", "a minute", ".3g")
    mouth_opening: float = measure("mouth opening", "% of the inter-ocular distance", ".3g")


@dataclass(frozen=True)
class PersonMotion:
    """A stretch of one person's motion, real or generated.

    Attributes:
        person: whose it is.
        motion: T frames.
        neutral: (478, 3) the face that moves.
    """

    person: str
    motion: Motion
    neutral: NDArray[np.float32]


def measure_movement(motions: Sequence[PersonMotion], basis: Basis) -> Movement:
    """The movement of all stretches together.

    Args:
        motions: at least one, each of 12 frames and more.
        basis: of the motions.
    """
    return Movement(*_pooled([_sums(one, basis) for one in motions]))


def movement_interval(motions: Sequence[PersonMotion], basis: Basis) -> tuple[Movement, Movement]:
    """Both ends of the 95 % interval of `measure_movement`, by bootstrap over people."""
    people: dict[str, list[_Series]] = defaultdict(list)
    for one in motions:
        people[one.person].append(_sums(one, basis))
    groups = [np.sum(found, axis=0) for found in people.values()]
    rng = np.random.default_rng(0)
    draws = [
        _pooled([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        for _ in range(_DRAWS)
    ]
    known = [[v for v in column if not isnan(v)] or [nan] for column in zip(*draws, strict=True)]
    low, high = np.transpose([np.quantile(values, [0.025, 0.975]) for values in known]).tolist()
    return Movement(*low), Movement(*high)


def _sums(one: PersonMotion, basis: Basis) -> _Series:
    """Of each field of `Movement` the sum over a stretch, and what that is divided by, (7, 2)."""
    faces = basis.rebuild(one.motion.dynamics, one.neutral)
    turns = np.degrees(one.motion.pose[:, :3].astype(np.float64))
    shut = np.zeros(len(faces), bool)
    found = blinks(face.lid_opening(faces), np.ones(len(faces), bool))
    for blink in found:
        shut[max(0, blink.onset - _BLINK_MARGIN) : blink.end + 1 + _BLINK_MARGIN] = True
    steps = np.diff(_filtered(turns, _LOW_PASS), axis=0)
    head = jerk(turns, _HEAD_JERK)
    # depth is guessed by the mesh
    lip = jerk(faces[:, topology.LIPS, :2].astype(np.float64), _LIP_JERK)
    minutes = len(faces) / FPS / 60
    sums = (
        (np.abs(steps).mean(1).sum(), len(steps)),
        (np.abs(head).mean(1).sum(), len(head)),
        (np.linalg.norm(lip, axis=-1).mean(1).sum(), len(lip)),
        (len(found), minutes),
        (sum(blink.end - blink.onset for blink in found) / FPS, len(found)),
        (len(gaze_shifts(face.gaze(faces), shut)), minutes),
        (100 * face.mouth_opening(faces).sum(), len(faces)),
    )
    return np.array(sums, np.float64)


def _pooled(sums: Sequence[_Series]) -> list[float]:
    """The measures of all together; NaN where there is nothing to divide by."""
    return [float(total / over) if over else nan for total, over in np.sum(sums, axis=0)]


def jerk(values: _Series, frames: int) -> _Series:
    """Third derivative in 1/s³ of values (T, ...) at 25 a second, (T - frames + 1, ...).

    That of a cubic fitted to so many frames (odd) at a time, which plain differences of
    trembling points would not show (Savitzky and Golay, Analytical Chemistry 36, 1964).
    """
    reach = frames // 2
    powers = np.vander(np.arange(-reach, reach + 1), 4, increasing=True)
    return _filtered(values, 6 * np.linalg.pinv(powers)[3] * FPS**3)


def _filtered(values: _Series, weights: _Series) -> _Series:
    """Weighted sums over runs of frames, (T - len(weights) + 1, ...)."""
    count = len(values) - len(weights) + 1
    return np.asarray(sum(w * values[i : count + i] for i, w in enumerate(weights)))


def gaze_shifts(gaze: _Series, shut: NDArray[np.bool_]) -> list[int]:
    """Frames in which the eyes jump from one place to another (saccades).

    The means of the gaze over three frames before and three frames after differ by 3 degrees
    and more, most of which (0.7) happens within two frames, as no slow pursuit does; the
    largest step of its surroundings counts. Shifts under 3 degrees cannot be told from the
    mesh's noise.

    Args:
        gaze: (T, 2) yaw and pitch of the eyes against the head, radians.
        shut: (T,) where a blink hides them.
    """
    reach = _FIXATION
    steps = np.zeros(len(gaze))
    for t in range(reach, len(gaze) - reach):
        if shut[t - reach : t + reach + 1].any():
            continue
        step = gaze[t + 1 : t + 1 + reach].mean(0) - gaze[t - reach : t].mean(0)
        size = float(np.linalg.norm(step))
        sudden = float(np.linalg.norm(gaze[t + 1] - gaze[t - 1]))
        if size >= _SHIFT and sudden >= _SUDDEN * size:
            steps[t] = size
    found: list[int] = []
    for t in np.argsort(-steps, kind="stable"):
        if steps[t] == 0:
            break
        if all(abs(int(t) - other) >= _APART for other in found):
            found.append(int(t))
    return sorted(found)


# --- how far apart two sets of motion are ---


@dataclass(frozen=True)
class MotionDistance:
    """Mean Fréchet distances over 10 halvings, and the windows in each set."""

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
    people: dict[str, list[_Series]] = defaultdict(list)
    for part in real:
        people[part.person].append(_windows(part))
    if len(people) < _PEOPLE:
        raise GiocondaError(f"{len(people)} people are in real motion; expected {_PEOPLE} or more")
    groups = [np.concatenate(found) for found in people.values()]
    others = np.concatenate([_windows(part) for part in made])
    channels = len(POSE), released_basis().expressive.start
    rng = np.random.default_rng(0)
    floor, distance, sizes = [], [], []
    for _ in range(_HALVINGS):
        order = rng.permutation(len(groups))
        middle = len(groups) // 2
        one = np.concatenate([groups[i] for i in order[:middle]])
        two = np.concatenate([groups[i] for i in order[middle:]])
        size = min(map(len, (one, two, others)))
        if size < _LEAST:
            raise GiocondaError(f"{size} windows of motion in a set; expected {_LEAST} or more")
        maps = [_components(*part) for part in zip(_parts(one), channels, strict=True)]
        codes = []
        for found in (one, two, others):
            parts = zip(_parts(found), maps, strict=True)
            code = np.hstack([(rows - mean) @ to for rows, (mean, to) in parts])
            codes.append(code[rng.choice(len(code), size, replace=False)])
        floor.append(frechet(codes[0], codes[1]))
        distance.append(frechet(codes[0], codes[2]))
        sizes.append(size)
    return MotionDistance(int(np.median(sizes)), float(np.mean(distance)), float(np.mean(floor)))


def frechet(a: _Series, b: _Series) -> float:
    """Squared Fréchet distance of two Gaussians fitted to rows (N, D) and (M, D).

    |mean a - mean b|² + trace(A + B - 2 (A B)^½) of the covariances A and B.
    """
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    means = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    return means + float(np.trace(first) + np.trace(second) - 2 * cross)


def _windows(part: PersonMotion) -> _Series:
    """Of every second frame, steps of the pose and the dynamics, (N, 72 + 13 D).

    Without the coordinates that only emotions move: generated speech leaves them at 0, and older
    sets have none.
    """
    spoken = part.motion.dynamics[:, : released_basis().expressive.start]
    pose, dynamics = part.motion.pose.astype(np.float64), spoken.astype(np.float64)
    windows = (slice(i, i + WINDOW, 2) for i in range(0, len(pose) - WINDOW + 1, _HOP))
    rows = [(np.diff(pose[w], axis=0).ravel(), dynamics[w].ravel()) for w in windows]
    return np.array([np.concatenate(row) for row in rows])


def _parts(windows: _Series) -> list[_Series]:
    """The steps of the pose, and the dynamics."""
    return np.split(windows, [len(POSE) * (WINDOW // 2)], axis=1)


def _components(rows: _Series, channels: int) -> tuple[_Series, _Series]:
    """Mean (K,) and map (K, 8) of rows (N, K) to principal components of variance 1.

    Each of the channels, which alternate within a row, is first brought to variance 1.
    """
    mean = rows.mean(0)
    spread = (rows - mean).reshape(len(rows), -1, channels).std((0, 1))
    weight = np.tile(1 / spread, rows.shape[1] // channels)
    _, sizes, directions = np.linalg.svd((rows - mean) * weight, full_matrices=False)
    spreads = sizes[:_COMPONENTS] / np.sqrt(len(rows) - 1)
    return mean, weight[:, None] * (directions[:_COMPONENTS].T / spreads)
