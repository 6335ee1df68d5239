"""How heads move: how far within 3 s, how fast, and whether two voices move them alike."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.blinks import blinks
from gioconda.evaluation.naturalness import PersonMotion, jerk
from gioconda.evaluation.results import measure
from gioconda.evaluation.silence import minute_of_speech
from gioconda.evaluation.speech import correlation
from gioconda.evaluation.trials import Maker, Trial, generate
from gioconda.evaluation.windows import windows
from gioconda.face import measure as face
from gioconda.face.basis import Basis
from gioconda.media import SAMPLE_RATE
from gioconda.motion import POSE, Motion

_SMOOTH: Final = np.ones(5) / 5
_JERK: Final = 11  # frames that a cubic is fitted to, as in naturalness.py
_DRAWS: Final = 400
_VOICES: Final = 3  # of which each pair is compared
_SOUND: Final = 40 * SAMPLE_RATE  # samples of each
_TOGETHER: Final = 2  # frames within which two blinks come at once
_TURNS: Final = slice(0, 3)  # of the pose: yaw, pitch, roll

_Series = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class HeadMovement:
    """Means over windows of 3 s. Speed and jerk are lengths of (yaw, pitch, roll)."""

    yaw: float = measure("head yaw, spread in 3 s", "degrees", ".2f")
    pitch: float = measure("head pitch, spread in 3 s", "degrees", ".2f")
    roll: float = measure("head roll, spread in 3 s", "degrees", ".2f")
    x: float = measure("head sideways, spread in 3 s", "% of the eye distance", ".2f")
    y: float = measure("head up and down, spread in 3 s", "% of the eye distance", ".2f")
    speed: float = measure("head speed after a mean of 5 frames", "degrees a frame", ".3f")
    jerk: float = measure("head jerk", "degrees/s³", ".0f")


@dataclass(frozen=True)
class Likeness:
    """How alike two motions are: means over pairs; NaN where there is none, or no blink."""

    pairs: int
    pitch: float = measure("head pitch, r")
    yaw: float = measure("head yaw, r")
    blinks: float = measure("blinks within 2 frames of the other's", "%", ".0f")


# --- how far and how fast ---


def head_movement(motions: Sequence[PersonMotion]) -> HeadMovement:
    """Of stretches of 3 s and more, at least one."""
    return _mean([row for one in motions for row in _windows(one.motion)])


def head_interval(motions: Sequence[PersonMotion]) -> tuple[HeadMovement, HeadMovement]:
    """Both ends of the 95 % interval of `head_movement`, by bootstrap over people."""
    people: dict[str, list[_Series]] = defaultdict(list)
    for one in motions:
        people[one.person] += _windows(one.motion)
    groups = [(sum(rows), len(rows)) for rows in people.values()]
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(_DRAWS):
        drawn = [groups[i] for i in rng.integers(0, len(groups), len(groups))]
        draws.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return HeadMovement(*low.tolist()), HeadMovement(*high.tolist())


def ratio(made: T, real: T) -> T:
    """Generated movement over real movement, field by field; NaN where the real one is 0."""
    kind: Any = type(made)
    names = [each.name for each in fields(kind)]
    pairs = {name: (getattr(made, name), getattr(real, name)) for name in names}
    found: T = kind(**{k: a / b if b > 0 else float("nan") for k, (a, b) in pairs.items()})
    return found


def _mean(rows: Sequence[_Series]) -> HeadMovement:
    return HeadMovement(*np.mean(rows, axis=0).tolist())


def _windows(motion: Motion) -> list[_Series]:
    """The fields of `HeadMovement` in each window of a motion, (7,)."""
    pose = motion.pose.astype(np.float64)
    pose[:, _TURNS] = np.degrees(pose[:, _TURNS])
    rows = []
    for window in windows(len(pose)):
        part = pose[window]
        turns, place = part[:, _TURNS], part[:, [POSE.index("x"), POSE.index("y")]]
        smooth = np.stack([np.convolve(one, _SMOOTH, "valid") for one in turns.T], 1)
        speed = np.linalg.norm(np.diff(smooth, axis=0), axis=1).mean()
        rough = np.linalg.norm(jerk(turns, _JERK), axis=1).mean()
        rows.append(np.array([*turns.std(0), *(100 * place.std(0)), speed, rough]))
    return rows


# --- one seed, two voices ---


def voice_likeness(make: Maker, trials: Sequence[Trial], basis: Basis) -> dict[str, Likeness]:
    """Whether two voices get the same motion from one seed, and one voice from two.

    Forty seconds of each voice: those of the people who speak longest.

    Args:
        make: the generator.
        trials: with speech.
        basis: of the motion.

    Returns:
        "two voices, one seed", and "one voice, two seeds": what chance alone gives.
    """
    sounds: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for trial in trials:
        sounds[trial.person].append(trial.pcm)
    longest = sorted(sounds, key=lambda person: -sum(map(len, sounds[person])))[:_VOICES]
    speech = [minute_of_speech(sounds[person])[:_SOUND] for person in longest]
    first, second = ([generate(make, pcm, seed) for pcm in speech] for seed in (0, 1))
    return {
        "two voices, one seed": likeness(list(combinations(first, 2)), basis),
        "one voice, two seeds": likeness(list(zip(first, second, strict=True)), basis),
    }


def likeness(pairs: Sequence[tuple[Motion, Motion]], basis: Basis) -> Likeness:
    """Of motions as long as each other, frame by frame."""
    rows: Mapping[str, list[float]] = {
        name: [
            correlation(*(one.pose[:, POSE.index(name)].astype(np.float64) for one in pair))
            for pair in pairs
        ]
        for name in ("pitch", "yaw")
    }
    shared = [_blinks_shared(*pair, basis) for pair in pairs]
    known = [share for share in shared if not np.isnan(share)]
    return Likeness(
        pairs=len(pairs),
        pitch=float(np.mean(rows["pitch"])) if pairs else float("nan"),
        yaw=float(np.mean(rows["yaw"])) if pairs else float("nan"),
        blinks=float(np.mean(known)) if known else float("nan"),
    )


def _blinks_shared(a: Motion, b: Motion, basis: Basis) -> float:
    """Percent of the blinks of both that are within two frames of one of the other."""
    one, two = (_blink_frames(motion, basis) for motion in (a, b))
    if not len(one) and not len(two):
        return float("nan")
    near = np.abs(one[:, None] - two[None]) <= _TOGETHER
    together = near.any(1).sum() + near.any(0).sum()
    return 100 * float(together) / (len(one) + len(two))


def _blink_frames(motion: Motion, basis: Basis) -> NDArray[np.int64]:
    lids = face.lid_opening(basis.rebuild(motion.dynamics, basis.mean))
    found = blinks(lids, np.ones(len(lids), bool))
    return np.array([blink.lowest for blink in found], np.int64)
