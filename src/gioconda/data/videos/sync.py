"""Sound against picture: by how much it comes late, and whether it belongs to the mouth.

The lips that were seen are held against the lips that the released regressor hears in the
sound. Their correlation over the lag tells the offset (a lag of maximal correlation, as in
Chung and Zisserman, "Out of time", 2016); its height tells whether the two belong together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator.regressor import Regressor
from gioconda.media import FPS
from gioconda.speech import listen

LAGS: Final = 8  # frames to both sides

_WEIGHTS: Final = np.array([0.3, 0.2, 0.3, 0.2])  # of the quantities in `lips`
_SLOW: Final = 51  # frames of the Hann window whose mean is taken off: smiles, turns, drift
_NOTHING: Final = 1e-9  # sum of squares of what does not move, but for rounding
_MEMORY: Final = 12  # frames over which the lips resemble themselves
# The regressor's own lag, in frames: the mean over the collections of GRID clips, whose sound is
# taken for exact. It also brings the other sources nearest to where the sound dips while the
# lips are shut.
_OWN_LAG: Final = 0.3
# Log-likelihood of an offset is this by independent samples by correlation; set so that the two
# halves of a clip foretell each other's offset best.
_TRUST: Final = 0.75
# Prior: where offsets lie, and how much those of one source differ.
_USUAL: Final = 1.0  # frames
_USUAL_RANGE: Final = 2.5
_SPREADS: Final = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8])
_USUAL_SPREAD: Final = 0.6
_SPREAD_OF_SPREAD: Final = 0.7  # of its logarithm
_STRAY: Final = 0.1  # the part of clips whose offset has nothing to do with their source's
# Frames: a 95 % interval of at most this to both sides is sure. People notice sound that is
# 45 ms early or 125 ms late (ITU-R BT.1359, 1998).
_SURE: Final = 1.5
_STEP: Final = 0.05  # frames between the offsets that are tried
_DRAWS: Final = 1000
_SEED: Final = 0
_MOST: Final = 2000  # clips of a source that are used; more make nothing more exact

# Fisher's z of the weighted correlation: pairs that belong together, and others.
_OWN_MEAN: Final = 0.5
_OWN_SPREAD: Final = 0.14
_OTHER_SPREAD: Final = 0.03
_TOGETHER: Final = 0.65  # variance of z is this over the number of independent samples
# The least log-likelihood ratio to call the sound of a clip foreign, and of a part of it, for
# there are many parts to choose from.
_EVIDENCE: Final = 2.5
_EVIDENCE_OF_PART: Final = 3.5
_SWITCH: Final = 3.0  # log-odds against a change within a clip
_BLOCK: Final = FPS  # frames that are judged as one
_STILL: Final = 0.004  # standard deviation of the opening of lips that do not talk
_MOVING: Final = 0.03  # and of lips that surely do
_MOSTLY: Final = 0.85  # of a block's frames
_LONG: Final = 2  # blocks: shorter runs of silence or of shut lips tell nothing

_Lips = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """What a sound says about the lips, T frames.

    Attributes:
        lips: (T, 4) as `lips` of the face that the regressor hears.
        voice: (T,) whether anything loud enough to be a voice sounds.
    """

    lips: _Lips
    voice: NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """How well the lips of one clip go with its sound, by lag.

    Attributes:
        correlation: (17,) at the lags -8 to 8 frames; positive lags: the sound comes later.
        effective: number of independent samples behind it.
    """

    correlation: NDArray[np.float64]
    effective: float


@dataclass(frozen=True)
class Offset:
    """By how much sound comes after its picture.

    Attributes:
        frames: of 40 ms; positive if the sound is late.
        low, high: the 95 % interval.
        clips: how many it was read from.
        spread: standard deviation of the offsets of a source's clips; 0 for a single clip.
        sure: whether the interval reaches 1.5 frames or less to both sides.
    """

    frames: float
    low: float
    high: float
    clips: int
    spread: float
    sure: bool


@dataclass(frozen=True)
class Foreign:
    """A stretch whose sound does not belong to the mouth.

    Attributes:
        start, stop: its first frame and the one after its last.
        reason: "other" (the lips move, but not so), "still" (a voice over lips that rest) or
            "mute" (lips that talk without a voice).
    """

    start: int
    stop: int
    reason: str


def lips(faces: NDArray[np.floating]) -> _Lips:
    """Opening, width, height and protrusion of the lips, (T, 4), in inter-ocular distances.

    Args:
        faces: (T, 478, 3) in the head frame.
    """
    return np.column_stack([measure.mouth_opening(faces), measure.lip_shape(faces)])


def hear(pcm: NDArray[np.float32]) -> Heard:
    """The lips of a mean face that speaks this sound, ceil(samples / 640) frames.

    Args:
        pcm: (samples,) 16 kHz mono in [-1, 1].
    """
    basis, speech, regressor = released_basis(), listen(pcm), Regressor()
    lower = np.concatenate([regressor.append(speech.mel), regressor.finish()])
    faces = np.tensordot(lower, basis.dynamics[basis.lower], 1) + basis.mean
    return Heard(lips(faces), speech.voice)


def curve(heard: Heard, seen_lips: _Lips, seen: NDArray[np.bool_]) -> Curve:
    """The correlation by lag.

    Args:
        heard: of the clip's sound as it is.
        seen_lips: (T, 4) as `lips` gives them.
        seen: (T,) where the face was found.
    """
    a, b = _quick(heard.lips), _quick(seen_lips)
    values = np.zeros(2 * LAGS + 1)
    effective = 0.0
    for i, lag in enumerate(range(-LAGS, LAGS + 1)):
        x, y = _overlap(a, b, seen, lag)
        values[i] = float(_WEIGHTS @ _correlations(x, y))
        if lag == 0:
            still = len(y) < 2 or float(y[:, 0].std()) < _STILL
            effective = 1.0 if still else _independent(x, y)
    return Curve(values, effective)


def offset(clip: Curve, source: Offset | None = None) -> Offset:
    """The offset of one clip: what its own curve says, given what its source says.

    The mean and the interval of the posterior. A clip of ten seconds stands for itself; one of
    a second is held by its source.

    Args:
        clip: its curve.
        source: of its source, from `offsets`; None if nothing is known of it.
    """
    prior = _log_prior()
    if source is not None:
        doubt = (source.high - source.low) / 3.92  # standard deviation of a normal distribution
        near = np.exp(_log_normal(source.frames, float(np.hypot(source.spread, doubt))))
        far = np.exp(prior)
        prior = np.log((1 - _STRAY) * near / near.sum() + _STRAY * far / far.sum())
    return _summary(prior + _log_likelihood(clip), clips=1, spread=0.0)


def offsets(curves: Mapping[str, Sequence[Curve]]) -> dict[str, Offset]:
    """The mean offset of the clips of each source, and how much its clips differ.

    Empirical Bayes (Morris, 1983): the offsets of a source's clips are taken for normal about
    the source's own, with the spread that explains the clips best, but for a few that may be
    anything. The interval is that of the posterior, or that of a bootstrap over clips
    (Efron, 1979) with a fixed seed, whichever is wider.

    Args:
        curves: of each source's clips.

    Raises:
        ValueError: if a source has no clip.
    """
    found = {}
    for source, clips in curves.items():
        if not clips:
            raise ValueError(f"the source {source} has no clip")
        clips = clips[:: -(-len(clips) // _MOST)]
        likely = np.exp([(v := _log_likelihood(clip)) - v.max() for clip in clips])  # (N, G)
        # of each clip, were the source's offset that of the column: (S, N, G)
        stray = _STRAY * likely.mean(1, keepdims=True)
        evidence = np.log([(1 - _STRAY) * likely @ kernel + stray for kernel in _kernels()])
        total = evidence.sum(1) + _log_prior()
        spreads = total.max(1) - (np.log(_SPREADS / _USUAL_SPREAD) / _SPREAD_OF_SPREAD) ** 2 / 2
        best = int(spreads.argmax())
        one = _summary(total[best], len(clips), float(_SPREADS[best]))
        draws = np.random.default_rng(_SEED).multinomial(
            len(clips), np.full(len(clips), 1 / len(clips)), _DRAWS
        )
        drawn = _GRID[(draws @ evidence[best] + _log_prior()).argmax(1)] - _OWN_LAG
        low, high = np.quantile(drawn, [0.025, 0.975])
        low, high = min(float(low), one.low), max(float(high), one.high)
        found[source] = replace(one, low=low, high=high, sure=high - low <= 2 * _SURE)
    return found


def belongs(
    heard: Heard, seen_lips: _Lips, seen: NDArray[np.bool_], against: Offset
) -> list[Foreign]:
    """The stretches of a clip whose sound does not belong to the mouth, in order; some may overlap.

    Seconds are judged one by one and brought together by the likeliest division (Viterbi,
    1967) into own and foreign sound; a stretch is then foreign if it is much likelier so. Where
    that cannot be decided, as in most clips of a second or two, nothing is reported.

    Args:
        heard: of the clip's sound as it is, not corrected.
        seen_lips: (T, 4) as `lips` gives them.
        seen: (T,) where the face was found.
        against: the clip's offset, from `offset`; where it is not sure, the clip's best lag
            counts, which favours the sound.
    """
    frames = against.frames if against.sure else _best(curve(heard, seen_lips, seen))
    lag = round(frames + _OWN_LAG)
    # The frames of the picture whose sound is there.
    start, stop = max(0, -lag), min(len(seen_lips), len(heard.lips) - lag)
    count = (stop - start) // _BLOCK
    if count < 1:
        return []
    x = _quick(heard.lips)[start + lag : stop + lag]
    y = _quick(seen_lips)[start:stop]
    edges = np.linspace(0, stop - start, count + 1).round().astype(int).tolist()
    blocks = list(pairwise(edges))
    found = _others(x, y, seen[start:stop], blocks)
    found += _alone(heard.voice[start + lag : stop + lag], seen_lips[start:stop, 0], blocks)
    placed = [
        replace(
            f,
            start=f.start + start if f.start else 0,
            stop=f.stop + start if f.stop < stop - start else len(seen_lips),
        )
        for f in found
    ]
    return sorted(placed, key=lambda f: (f.start, f.stop))


def _alone(
    voice: NDArray[np.bool_], opening: NDArray[np.float64], blocks: list[tuple[int, int]]
) -> list[Foreign]:
    """Runs of blocks in which a voice sounds and the lips rest, or the other way round."""
    spoken = [float(voice[s:e].mean()) for s, e in blocks]
    moved = [float(opening[s:e].std()) for s, e in blocks]
    both = list(zip(spoken, moved, strict=True))
    found = []
    for reason, flags in (
        ("still", [v > _MOSTLY and m < _STILL for v, m in both]),
        ("mute", [v < 1 - _MOSTLY and m > _MOVING for v, m in both]),
    ):
        for first, last in _runs(flags):
            if last - first >= _LONG:
                start, stop = blocks[first][0], blocks[last - 1][1]
                found.append(Foreign(start, stop, reason))
    return found


def _others(
    x: _Lips, y: _Lips, visible: NDArray[np.bool_], blocks: list[tuple[int, int]]
) -> list[Foreign]:
    """Runs of blocks whose lips move otherwise than the sound says."""
    scores = np.array([_ratio(x[s:e], y[s:e], visible[s:e]) for s, e in blocks])
    found = []
    rest = visible.copy()
    for first, last in _runs(_divide(scores)):
        part = slice(blocks[first][0], blocks[last - 1][1])
        if _ratio(x[part], y[part], visible[part]) > _EVIDENCE_OF_PART:
            found.append(Foreign(part.start, part.stop, "other"))
            rest[part] = False
    if _ratio(x, y, visible) > _EVIDENCE and _ratio(x, y, rest) > 0:
        return [Foreign(0, len(y), "other")]
    return found


def _divide(scores: NDArray[np.float64]) -> list[bool]:
    """Which blocks are foreign, with their log-likelihood ratios and a price for a change."""
    best = np.array([0.0, scores[0]])
    came: list[NDArray[np.intp]] = []
    for score in scores[1:]:
        options = best[None] - _SWITCH * (1 - np.eye(2))
        came.append(options.argmax(1))
        best = options.max(1) + [0.0, score]
    state = int(best.argmax())
    states = [state]
    for step in reversed(came):
        state = int(step[state])
        states.append(state)
    return [bool(s) for s in reversed(states)]


def _ratio(x: _Lips, y: _Lips, visible: NDArray[np.bool_]) -> float:
    """Log-likelihood ratio of foreign against own; 0 where the lips, heard or seen, rest."""
    x, y = x[visible], y[visible]
    if len(x) < _BLOCK // 2 or min(x[:, 0].std(), y[:, 0].std()) < _STILL:
        return 0.0
    z = float(_WEIGHTS @ np.arctanh(np.clip(_correlations(x, y), -0.99, 0.99)))
    noise = _TOGETHER / _independent(x, y)
    own, other = _OWN_SPREAD**2 + noise, _OTHER_SPREAD**2 + noise
    result = ((z - _OWN_MEAN) ** 2 / own + np.log(own) - z**2 / other - np.log(other)) / 2
    return float(result)


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """First and one after last of each run of True."""
    edges = np.flatnonzero(np.diff(np.asarray(flags, int), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _quick(values: _Lips) -> _Lips:
    """Without the slow part of it: (T, K)."""
    window = np.hanning(_SLOW + 2)[1:-1]
    weight = np.convolve(np.ones(len(values)), window)[_SLOW // 2 :][: len(values)]
    slow = [np.convolve(v, window)[_SLOW // 2 :][: len(values)] / weight for v in values.T]
    return values - np.stack(slow, 1)


def _overlap(a: _Lips, b: _Lips, seen: NDArray[np.bool_], lag: int) -> tuple[_Lips, _Lips]:
    """a at t + lag and b at t, wherever both are there."""
    start, stop = max(0, -lag), min(len(b), len(a) - lag)
    if stop <= start:
        return a[:0], b[:0]
    visible = seen[start:stop]
    return a[start + lag : stop + lag][visible], b[start:stop][visible]


def _correlations(x: _Lips, y: _Lips) -> NDArray[np.float64]:
    """Pearson's r of each column, (K,); 0 where one of the two stands still."""
    if len(x) < 2:
        return np.zeros(x.shape[1])
    x, y = x - x.mean(0), y - y.mean(0)
    size = np.sqrt((x**2).sum(0) * (y**2).sum(0))
    return np.asarray((x * y).sum(0) / np.where(size > _NOTHING, size, np.inf))


def _independent(x: _Lips, y: _Lips) -> float:
    """Independent samples behind the correlation of two series (Bartlett, 1935)."""
    if len(x) < 2:
        return 1.0
    together = 0.0
    for k in range(1, min(_MEMORY, len(x) - 1) + 1):
        own = [_correlation_with_itself(v, k) for v in (x[:, 0], y[:, 0])]
        together += own[0] * own[1] * (1 - k / len(x))
    return max(1.0, len(x) / max(1.0, 1 + 2 * together))


def _correlation_with_itself(v: NDArray[np.float64], lag: int) -> float:
    v = v - v.mean()
    size = float(v @ v)
    return float(v[lag:] @ v[:-lag]) / size if size > _NOTHING else 0.0


def _interpolation() -> NDArray[np.float64]:
    """(offsets tried, 17): cubic between the lags (Catmull and Rom, 1974)."""
    place = _GRID + LAGS
    matrix = np.zeros((len(place), 2 * LAGS + 1))
    rows = np.arange(len(place))
    left = np.clip(np.floor(place).astype(int), 0, 2 * LAGS - 1)
    t = place - left
    for step, weight in (
        (-1, (-t + 2 * t**2 - t**3) / 2),
        (0, (2 - 5 * t**2 + 3 * t**3) / 2),
        (1, (t + 4 * t**2 - 3 * t**3) / 2),
        (2, (t**3 - t**2) / 2),
    ):
        np.add.at(matrix, (rows, np.clip(left + step, 0, 2 * LAGS)), weight)
    return matrix


_GRID: Final = np.arange(-LAGS / _STEP, LAGS / _STEP + 0.5) * _STEP
_BETWEEN: Final = _interpolation()


def _best(clip: Curve) -> float:
    return float(_GRID[(_BETWEEN @ clip.correlation).argmax()] - _OWN_LAG)


def _log_likelihood(clip: Curve) -> NDArray[np.float64]:
    """Of each offset tried, (G,)."""
    return np.asarray(_TRUST * clip.effective * (_BETWEEN @ clip.correlation))


def _log_normal(frames: float, spread: float) -> NDArray[np.float64]:
    return np.asarray(-(((_GRID - _OWN_LAG - frames) / max(spread, _STEP)) ** 2) / 2)


def _log_prior() -> NDArray[np.float64]:
    return _log_normal(_USUAL, _USUAL_RANGE)


@cache
def _kernels() -> list[NDArray[np.float64]]:
    """Normal distributions about each offset, (G, G), of each spread."""
    apart = _GRID[:, None] - _GRID
    kernels = [np.exp(-((apart / spread) ** 2) / 2) for spread in _SPREADS]
    return [kernel / kernel.sum(0) for kernel in kernels]


def _summary(log_weight: NDArray[np.float64], clips: int, spread: float) -> Offset:
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    low, high = (
        float(_GRID[min(int(np.searchsorted(np.cumsum(weight), q)), len(_GRID) - 1)])
        for q in (0.025, 0.975)
    )
    return Offset(
        frames=float(weight @ _GRID) - _OWN_LAG,
        low=low - _OWN_LAG,
        high=high - _OWN_LAG,
        clips=clips,
        spread=spread,
        sure=high - low <= 2 * _SURE,
    )
