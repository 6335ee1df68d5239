"""Does it move as people do? Amounts and kinds of movement, real against generated.

Nothing here compares frame with frame: people who say the same look about and nod differently
each time. What counts is how much, how often, and how smoothly.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from math import isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.blinks import blinks
from gioconda.evaluation.results import measure
from gioconda.face import measure as face
from gioconda.face import topology
from gioconda.face.basis import Basis
from gioconda.media import FPS
from gioconda.motion import Motion

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
    head_jerk: float = measure("head jerk", "degrees/s³", ".3g")
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
    return _pooled([_sums(one, basis) for one in motions])


def movement_interval(motions: Sequence[PersonMotion], basis: Basis) -> tuple[Movement, Movement]:
    """Both ends of the 95 % interval of `measure_movement`, by bootstrap over people."""
    people: dict[str, list[dict[str, float]]] = defaultdict(list)
    for one in motions:
        people[one.person].append(_sums(one, basis))
    groups = list(people.values())
    rng = np.random.default_rng(0)
    draws = [
        _pooled([sums for i in rng.integers(0, len(groups), len(groups)) for sums in groups[i]])
        for _ in range(_DRAWS)
    ]
    ends = {}
    for each in fields(Movement):
        drawn = [getattr(draw, each.name) for draw in draws]
        known = [value for value in drawn if not isnan(value)] or [float("nan")]
        ends[each.name] = np.quantile(known, [0.025, 0.975])
    low, high = (Movement(**{name: float(v[end]) for name, v in ends.items()}) for end in (0, 1))
    return low, high


def _sums(one: PersonMotion, basis: Basis) -> dict[str, float]:
    """Sums over the frames of a stretch, and what they are to be divided by."""
    faces = basis.rebuild(one.motion.dynamics, one.neutral)
    turns = np.degrees(one.motion.pose[:, :3].astype(np.float64))
    lids = face.lid_opening(faces)
    seen = np.ones(len(faces), bool)
    shut = np.zeros(len(faces), bool)
    found = blinks(lids, seen)
    for blink in found:
        shut[max(0, blink.onset - _BLINK_MARGIN) : blink.end + 1 + _BLINK_MARGIN] = True
    steps = np.diff(_filtered(turns, _LOW_PASS), axis=0)
    head = jerk(turns, _HEAD_JERK)
    # depth is guessed by the mesh
    lip = jerk(faces[:, topology.LIPS, :2].astype(np.float64), _LIP_JERK)
    return {
        "frames": len(faces),
        "head_steps": len(steps),
        "head_frames": len(head),
        "lip_frames": len(lip),
        "head_speed": float(np.abs(steps).mean(1).sum()),
        "head_jerk": float(np.abs(head).mean(1).sum()),
        "lip_jerk": float(np.linalg.norm(lip, axis=-1).mean(1).sum()),
        "blinks": len(found),
        "blink_length": sum(blink.end - blink.onset for blink in found) / FPS,
        "gaze_shifts": len(gaze_shifts(face.gaze(faces), shut)),
        "mouth_opening": 100 * float(face.mouth_opening(faces).sum()),
    }


def _pooled(rows: Iterable[dict[str, float]]) -> Movement:
    total: dict[str, float] = defaultdict(float)
    for row in rows:
        for name, value in row.items():
            total[name] += value
    minutes = total["frames"] / FPS / 60
    over = {
        "head_speed": total["head_steps"],
        "head_jerk": total["head_frames"],
        "lip_jerk": total["lip_frames"],
        "blinks": minutes,
        "blink_length": total["blinks"],
        "gaze_shifts": minutes,
        "mouth_opening": total["frames"],
    }
    return Movement(**{k: total[k] / n if n else float("nan") for k, n in over.items()})


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
