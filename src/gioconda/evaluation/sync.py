"""Are sound and picture of a prepared set in step? Measured without any network.

Where lips shut for a moment, as in p, b and m, the sound dips. The course of the loudness around
such a closure is much the same for all speakers; where it is shifted, sound and picture are out of
step.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, counted, silent
from gioconda.speech.features import SAMPLES
from gioconda.speech.mel import HOP, LogMel

_CLOSURES: Final = 15  # closures from which a source is judged
_SHUT, _EDGE, _OPEN = 0.35, 0.4, 0.6  # of the clip's wide opening, its 80th percentile
_LEAST_OPEN: Final = 0.03  # inter-ocular distances, of the wide opening
_LONGEST: Final = 5  # frames of a closure
_AROUND: Final = 3  # frames before and after it in which the mouth is open
_STEP: Final = 0.25  # frames
_REACH: Final = 5.0  # frames of the profile that are compared, to both sides
_LAGS: Final = 3.0  # frames that are tried, to both sides; syllables come back after five
_BANDS: Final = slice(14, 60)  # of 80, about 0.6 to 5 kHz: the voice without its hum
_FLOOR: Final = 45.0  # dB under the loudest
_DRAWS: Final = 200
_GRID: Final = np.arange(-_REACH - _LAGS, _REACH + _LAGS + _STEP / 2, _STEP)

_Profile = NDArray[np.float64]


@dataclass(frozen=True)
class SourceLag:
    """By how many frames the sound of one source comes after its picture."""

    closures: int  # of the lips, from which it was read
    lag_before: float  # without the set's correction
    lag: float  # as the set has it
    low: float  # ends of its 95 % interval, by bootstrap over closures
    high: float


def evaluate_sync(clips: list[Clip], report: Report = silent) -> dict[str, SourceLag]:
    """By how many frames each source's sound comes after its picture, against all others.

    The loudness about the moment in which the lips shut is compared with the mean of the other
    sources: the lag is that of the largest correlation. Sources with too few closures are left
    out.

    Args:
        clips: of all splits; nothing is learned from them.
        report: called with clips done and clips in all.

    Returns:
        By source.

    Raises:
        GiocondaError: if fewer than two sources serve.
    """
    found: dict[str, list[_Profile]] = defaultdict(list)
    for clip in counted(clips, report):
        if clip.speech:
            found[clip.source] += _profiles(clip)
    sources = {name: np.array(pairs) for name, pairs in found.items() if len(pairs) >= _CLOSURES}
    if len(sources) < 2:
        raise GiocondaError(
            f"sources are compared with each other, and {len(sources)} of {len(found)} have the "
            f"{_CLOSURES} closures of the lips that this takes; expected at least 2 such sources: "
            "add footage, or name the sources in a table's column 'source'"
        )
    means = {name: pairs[:, 0].mean(0) for name, pairs in sources.items()}
    rng = np.random.default_rng(0)
    result = {}
    for name, pairs in sorted(sources.items()):
        others = np.mean([mean for other, mean in means.items() if other != name], axis=0)
        drawn = [
            _lag(pairs[rng.integers(0, len(pairs), len(pairs)), 0].mean(0), others)
            for _ in range(_DRAWS)
        ]
        low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
        before, lag = _lag(pairs[:, 1].mean(0), others), _lag(means[name], others)
        result[name] = SourceLag(len(pairs), before, lag, low, high)
    return result


def _profiles(clip: Clip) -> list[_Profile]:
    """Loudness in dB about each closure, at `_GRID` frames from it: corrected, and as it came;
    (2, K) each.
    """
    opening = np.asarray(clip.measures()["opening"], np.float64)
    wide = float(np.quantile(opening, 0.8))
    if wide < _LEAST_OPEN:
        return []
    power = 10 ** (LogMel().append(clip.audio())[:, _BANDS] / 10)
    loud = 10 * np.log10(power.sum(1) + 1e-9)
    loud = np.maximum(loud, loud.max() - _FLOOR)
    # Spectrum m is of the samples about 160 m - 40; frame t is taken for its middle.
    times = (np.arange(len(loud)) * HOP - 40) / SAMPLES - 0.5
    grids = np.stack([_GRID, _GRID - clip.sound_late])
    pairs = [np.interp(middle + grids, times, loud) for middle in _closures(opening, wide)]
    return [pair - pair.mean(1, keepdims=True) for pair in pairs]


def _closures(opening: NDArray[np.float64], wide: float) -> list[float]:
    """Middles, in frames, of short closures between open lips."""
    shut = np.concatenate([[False], opening <= _SHUT * wide, [False]])
    edges = np.flatnonzero(np.diff(shut.astype(int))).reshape(-1, 2)
    middles = []
    for start, stop in edges:
        before, after = opening[max(0, start - _AROUND) : start], opening[stop : stop + _AROUND]
        if min(len(before), len(after)) < _AROUND or stop - start > _LONGEST:
            continue
        if min(before.max(), after.max()) < _OPEN * wide:
            continue
        level = _EDGE * wide
        left = start - 1 - int(np.argmax(before[::-1] > level))
        right = stop + int(np.argmax(after > level))
        down = left + (opening[left] - level) / (opening[left] - opening[left + 1])
        up = right - (opening[right] - level) / (opening[right] - opening[right - 1])
        middles.append(float(down + up) / 2)
    return middles


def _lag(profile: _Profile, reference: _Profile) -> float:
    """By how many frames a profile runs after another."""
    reach, most = round(_REACH / _STEP), round(_LAGS / _STEP)
    core = reference[most : most + 2 * reach + 1]
    scores = [
        float(np.corrcoef(core, profile[shift : shift + len(core)])[0, 1])
        for shift in range(2 * most + 1)
    ]
    return (int(np.argmax(scores)) - most) * _STEP
