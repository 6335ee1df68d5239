"""Do the lips fit the sound? Generated against tracked lips of the same sound."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import CLOSURES, VOWELS, Phone
from gioconda.evaluation.results import measure
from gioconda.evaluation.speech import correlation
from gioconda.evaluation.trials import Trial
from gioconda.face import measure as face
from gioconda.face import topology
from gioconda.face.basis import Basis
from gioconda.media import FPS
from gioconda.motion import Motion

LAGS: Final = 6  # frames that lips are shifted, to both sides
_LEAST_MOVEMENT: Final = 0.005  # standard deviation, in inter-ocular distances
_LEAST_TRIALS: Final = 5  # of a source that is named

_Series = NDArray[np.float64]


@dataclass(frozen=True)
class Lips:
    """Lips over T frames, in inter-ocular distances.

    Attributes:
        opening: (T,) gap between the inner rims.
        width: (T,) between the corners.
        protrusion: (T,) how far the middle of the lips stands before their corners.
        advance: (T,) how far the upper lip stands forward.
        points: (T, 80, 3) all points, in the head frame.
    """

    opening: _Series
    width: _Series
    protrusion: _Series
    advance: _Series
    points: _Series


@dataclass(frozen=True)
class SpokenMotion:
    """Motion, real or generated, and the phones that are spoken in it.

    Attributes:
        motion: T frames.
        neutral: (478, 3) the face that moves.
        phones: their times, in seconds from the first frame.
    """

    motion: Motion
    neutral: NDArray[np.float32]
    phones: Sequence[Phone]


@dataclass(frozen=True)
class SourceAgreement:
    """The median r of the mouth opening, of the clips of one source."""

    trials: int
    opening: float


@dataclass(frozen=True)
class LipAgreement:
    """Generated against tracked lips, medians over trials in which the real ones move.

    `lag` is that of `best_lag`; `by_source` has sources with five trials and more.
    """

    trials: int
    opening: float = measure("mouth opening, r, median")
    width: float = measure("mouth width, r, median")
    protrusion: float = measure("lip protrusion, r, median")
    advance: float = measure("lip advance, r, median")
    spread: float = measure("mouth opening, spread against the real one")
    vertex_error: float = measure("lip vertex error", "% of the eye distance")  # mean
    lag: float = measure("lips come late by", "frames", "+.2f")
    by_source: dict[str, SourceAgreement] = field(default_factory=dict)


@dataclass(frozen=True)
class Contacts:
    """In how many phones the lips meet, and in how many vowels, where they should not.

    A mouth that never opens meets in all. NaN where there are none.
    """

    phones: int
    met: float = measure("lips meet", "%", ".0f")
    vowels_met: float = measure("  and in vowels", "%", ".0f")


def lips(motion: Motion, neutral: NDArray[np.float32], basis: Basis) -> Lips:
    """The lips of T frames of motion on a face."""
    faces = basis.rebuild(motion.dynamics, neutral)
    shape = face.lip_shape(faces)
    return Lips(
        face.mouth_opening(faces),
        shape[:, 0],
        shape[:, 2],
        face.lip_advance(faces),
        faces[:, topology.LIPS].astype(np.float64),
    )


def compare_lips(trials: Sequence[Trial], made: Sequence[Motion], basis: Basis) -> LipAgreement:
    """Lips generated from each trial's sound against those that were tracked.

    Both have the person's median neutral face, so that only the motion counts.

    Args:
        trials: with speech.
        made: for each, as many frames as `Trial.speech` has.
        basis: of both.
    """
    rows = defaultdict(list)
    sources = defaultdict(list)
    curves = []
    for trial, motion in zip(trials, made, strict=True):
        real = lips(trial.spoken, trial.neutral, basis)
        found = lips(motion, trial.neutral, basis)
        distance = np.linalg.norm(real.points - found.points, axis=-1)
        rows["vertex_error"].append(100 * float(distance.mean()))
        for name in ("width", "protrusion", "advance"):
            wanted = getattr(real, name)
            if wanted.std() > _LEAST_MOVEMENT:
                rows[name].append(correlation(getattr(found, name), wanted))
        if real.opening.std() > _LEAST_MOVEMENT:
            r = correlation(found.opening, real.opening)
            rows["opening"].append(r)
            sources[trial.source].append(r)
            rows["spread"].append(float(found.opening.std() / real.opening.std()))
            curves.append(lag_curve(found.opening, real.opening))
    return LipAgreement(
        trials=len(trials),
        opening=_median(rows["opening"]),
        width=_median(rows["width"]),
        protrusion=_median(rows["protrusion"]),
        advance=_median(rows["advance"]),
        spread=_median(rows["spread"]),
        vertex_error=float(np.mean(rows["vertex_error"])),
        lag=best_lag(curves),
        by_source={
            source: SourceAgreement(len(values), _median(values))
            for source, values in sorted(sources.items())
            if len(values) >= _LEAST_TRIALS
        },
    )


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def lag_curve(found: _Series, real: _Series) -> _Series:
    """Pearson's r of two series (T,), the first shifted by -`LAGS` to `LAGS` frames, (13,).

    Entry i compares found[t + i - LAGS] with real[t], over the frames that both have.
    """
    size = len(real)
    curve = []
    for lag in range(-LAGS, LAGS + 1):
        late, early = max(0, lag), max(0, -lag)
        curve.append(correlation(found[late : size - early], real[early : size - late]))
    return np.array(curve)


def best_lag(curves: Sequence[_Series]) -> float:
    """Frames by which generated lips come late: where the mean curve over trials is largest.

    Finer than a frame, by the parabola through the peak and its neighbours; NaN where there
    is no curve, or the peak lies at the end of what was tried.
    """
    if not curves:
        return float("nan")
    mean = np.mean(curves, axis=0)
    peak = int(np.argmax(mean))
    if peak in (0, len(mean) - 1):
        return float("nan")
    before, top, after = mean[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    return float(peak - LAGS + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def least_openings(
    opening: _Series, phones: Sequence[Phone], sounds: Sequence[str] = CLOSURES
) -> tuple[list[float], list[float]]:
    """The least mouth opening during each phone: of some sounds, and of vowels."""
    closures, vowels = [], []
    for phone in phones:
        # every frame that the phone has a part in; times are rounded
        first, last = round(phone.start * FPS, 3), round(phone.end * FPS, 3)
        frames = slice(int(first), int(np.ceil(last)))
        if not len(opening[frames]):
            continue
        least = float(opening[frames].min())
        if phone.name in sounds:
            closures.append(least)
        elif phone.name in VOWELS:
            vowels.append(least)
    return closures, vowels


def closure_threshold(
    motions: Iterable[SpokenMotion], basis: Basis, sounds: Sequence[str] = CLOSURES
) -> float | None:
    """The opening that best tells closures from vowels, in inter-ocular distances.

    The threshold of largest Youden's J: share of closures under it less the share of vowels.

    Args:
        motions: real ones.
        basis: of the motions.
        sounds: which phones are closures: p, b, m, or `TOUCHES`.

    Returns:
        None where there is no closure or no vowel.
    """
    closed, vowels = _openings(motions, basis, sounds)
    if not len(closed) or not len(vowels):
        return None
    levels = np.arange(0.002, 0.0301, 0.0005)
    gain = [np.mean(closed <= level) - np.mean(vowels <= level) for level in levels]
    return float(levels[int(np.argmax(gain))])


def count_closures(
    motions: Iterable[SpokenMotion],
    threshold: float,
    basis: Basis,
    sounds: Sequence[str] = CLOSURES,
) -> Contacts:
    """In how many p, b and m the lips meet.

    Args:
        motions: real or generated.
        threshold: opening, in inter-ocular distances, up to which lips meet.
        basis: of the motions.
        sounds: other phones than p, b, m.
    """
    closed, vowels = _openings(motions, basis, sounds)
    return Contacts(len(closed), _share(closed <= threshold), _share(vowels <= threshold))


def _share(true: NDArray[np.bool_]) -> float:
    """Percent; NaN where there is nothing."""
    return 100 * float(true.mean()) if len(true) else float("nan")


def _openings(
    motions: Iterable[SpokenMotion], basis: Basis, sounds: Sequence[str]
) -> tuple[_Series, _Series]:
    """`least_openings` of all of them."""
    closed: list[float] = []
    vowels: list[float] = []
    for one in motions:
        opening = lips(one.motion, one.neutral, basis).opening
        found = least_openings(opening, one.phones, sounds)
        closed += found[0]
        vowels += found[1]
    return np.array(closed), np.array(vowels)
