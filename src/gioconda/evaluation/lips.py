"""Do the lips say what is heard? Generated against tracked lips of the same sound."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import CLOSURES, VOWELS, Phone
from gioconda.evaluation.speech import correlation
from gioconda.evaluation.takes import Take
from gioconda.face import measure, topology
from gioconda.face.basis import Basis
from gioconda.media import FPS
from gioconda.motion import Motion

LAGS: Final = 6  # frames that lips are shifted, to both sides
_LEAST_MOVEMENT: Final = 0.005  # standard deviation, in inter-ocular distances
_LEAST_TAKES: Final = 5  # of a source that is named

_Series = NDArray[np.float64]


@dataclass(frozen=True)
class Lips:
    """Lips over T frames, in inter-ocular distances.

    Attributes:
        opening: (T,) gap between the inner rims.
        width: (T,) between the corners.
        points: (T, 80, 3) all points, in the head frame.
    """

    opening: _Series
    width: _Series
    points: _Series


@dataclass(frozen=True)
class Said:
    """Motion, real or made, and what is said in it.

    Attributes:
        motion: T frames.
        neutral: (478, 3) the face that moves.
        phones: when each is heard, in seconds from the first frame.
    """

    motion: Motion
    neutral: NDArray[np.float32]
    phones: Sequence[Phone]


def lips(motion: Motion, neutral: NDArray[np.float32], basis: Basis) -> Lips:
    """The lips of T frames of motion on a face."""
    faces = basis.rebuild(motion.dynamics, neutral)
    return Lips(
        measure.mouth_opening(faces),
        measure.lip_shape(faces)[:, 0],
        faces[:, topology.LIPS].astype(np.float64),
    )


def compare_lips(
    takes: Sequence[Take], made: Sequence[Motion], basis: Basis
) -> dict[str, float | dict[str, float]]:
    """Lips made of each take's sound against those that were tracked.

    Both have the person's median neutral face, so that only the motion counts.

    Args:
        takes: with speech.
        made: for each, as many frames as `Take.speech` has.
        basis: in which both are told.

    Returns:
        `takes`, how many counted; `opening` and `width`, the median over takes of Pearson's r,
        of those in which the real one moves; `by source`, the same for the opening, of sources
        with five takes and more; `spread`, the median ratio of the openings' standard
        deviations, made to real; `vertex error`, the mean distance of the points of the lips,
        in percent of the inter-ocular distance; `offset`, see `best_offset`, in frames, positive
        where the made lips come late.
    """
    rows = defaultdict(list)
    sources = defaultdict(list)
    curves = []
    for take, motion in zip(takes, made, strict=True):
        real = lips(take.spoken, take.neutral, basis)
        found = lips(motion, take.neutral, basis)
        distance = np.linalg.norm(real.points - found.points, axis=-1)
        rows["vertex error"].append(100 * float(distance.mean()))
        if real.width.std() > _LEAST_MOVEMENT:
            rows["width"].append(correlation(found.width, real.width))
        if real.opening.std() > _LEAST_MOVEMENT:
            r = correlation(found.opening, real.opening)
            rows["opening"].append(r)
            sources[take.source].append(r)
            rows["spread"].append(float(found.opening.std() / real.opening.std()))
            curves.append(lag_curve(found.opening, real.opening))
    result: dict[str, float | dict[str, float]] = {"takes": len(takes)}
    for name in ("opening", "width", "spread"):
        result[name] = float(np.median(rows[name])) if rows[name] else float("nan")
    result["vertex error"] = float(np.mean(rows["vertex error"]))
    result["offset"] = best_offset(curves)
    result["by source"] = {
        f"{source} ({len(values)})": float(np.median(values))
        for source, values in sorted(sources.items())
        if len(values) >= _LEAST_TAKES
    }
    return result


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


def best_offset(curves: Sequence[_Series]) -> float:
    """Frames by which made lips come late: where the mean curve over takes is largest.

    Told finer than a frame by the parabola through the peak and its neighbours; NaN where there
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
    """The least mouth opening while each phone is heard: of some sounds, and of vowels."""
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
    said: Iterable[Said], basis: Basis, sounds: Sequence[str] = CLOSURES
) -> float | None:
    """The opening that best tells closures from vowels, in inter-ocular distances.

    The threshold of largest Youden's J: share of closures under it less the share of vowels.

    Args:
        said: real motion.
        basis: in which it is told.
        sounds: which phones are closures: p, b, m, or `TOUCHES`.

    Returns:
        None where no closure or no vowel is heard.
    """
    closed, vowels = _openings(said, basis, sounds)
    if not len(closed) or not len(vowels):
        return None
    levels = np.arange(0.002, 0.0301, 0.0005)
    gain = [np.mean(closed <= level) - np.mean(vowels <= level) for level in levels]
    return float(levels[int(np.argmax(gain))])


def count_closures(
    said: Iterable[Said], threshold: float, basis: Basis, sounds: Sequence[str] = CLOSURES
) -> dict[str, float]:
    """In how many p, b and m the lips meet.

    Args:
        said: real or made.
        threshold: opening, in inter-ocular distances, up to which lips meet.
        basis: in which the motion is told.
        sounds: other phones than p, b, m.

    Returns:
        `heard`, how many p, b, m; `met`, the share of them in which the lips meet, in percent;
        `vowels met`, the same of vowels, where they should not: a mouth that never opens meets
        in all.
    """
    closed, vowels = _openings(said, basis, sounds)
    return {
        "heard": float(len(closed)),
        "met": 100 * float((closed <= threshold).mean()) if len(closed) else float("nan"),
        "vowels met": 100 * float((vowels <= threshold).mean()) if len(vowels) else float("nan"),
    }


def _openings(said: Iterable[Said], basis: Basis, sounds: Sequence[str]) -> tuple[_Series, _Series]:
    """`least_openings` of all of them."""
    closed: list[float] = []
    vowels: list[float] = []
    for one in said:
        opening = lips(one.motion, one.neutral, basis).opening
        found = least_openings(opening, one.phones, sounds)
        closed += found[0]
        vowels += found[1]
    return np.array(closed), np.array(vowels)
