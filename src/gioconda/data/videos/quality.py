"""Whether a clip's pictures are good enough to learn from.

An `Inspector` looks at the pictures of one clip as they come and tells facts; `reason` holds
the facts against `Limits`, the one place where the thresholds are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.media import FPS

_Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Limits:
    """What a clip must keep to.

    Attributes:
        seen: least share of pictures in which the face was found.
        alone: least share of pictures without a second large face.
        eyes: least inter-ocular distance (between the eyes' outer corners) in pixels.
        yaw: largest turn to a side, degrees.
        pitch: largest turn up or down, degrees.
        frozen: longest run of repeated pictures in seconds.
        repeated: largest share of pictures that repeat the one before: 0.5 are 12.5 frames a
            second shown at 25, 0.6 are 10.
        dark: largest share of the skin that is black.
        bright: largest share of the skin that is white.
        blockiness: how much the steps at the edges of 8 x 8 blocks may stand out.
        sharpness: least part of its size that the face keeps all detail in.
        detail: least inter-ocular distance in pixels after that, `sharpness` times `eyes`.
        covered: largest share of pictures in which something is before the mouth.
    """

    seen: float = 0.9
    alone: float = 0.9
    eyes: float = 40.0
    yaw: float = 60.0
    pitch: float = 40.0
    frozen: float = 0.5
    repeated: float = 0.55
    dark: float = 0.3
    bright: float = 0.3
    blockiness: float = 1.2
    sharpness: float = 0.2
    detail: float = 24.0
    covered: float = 0.1


# The first one that fails is reported. Kind, fact, whether the limit is the least allowed, unit.
_RULES: Final = (
    ("face not seen", "seen", True, ""),
    ("second face", "alone", True, ""),
    ("small face", "eyes", True, " px"),
    ("extreme pose", "yaw", False, " degrees"),
    ("extreme pose", "pitch", False, " degrees"),
    ("dark", "dark", False, ""),
    ("overexposed", "bright", False, ""),
    ("frozen", "frozen", False, " s"),
    ("frozen", "repeated", False, ""),
    ("blocky", "blockiness", False, ""),
    ("blurred", "sharpness", True, ""),
    ("blurred", "detail", True, " px"),
    ("covered mouth", "covered", False, ""),
)


def reason(facts: Mapping[str, float], limits: Limits) -> str | None:
    """Why a clip should be dropped, in one line, or None if it should be kept.

    Args:
        facts: of an `Inspector`, and from the track "yaw" and "pitch" (95th percentile of the
            absolute angle in degrees), "seen" and "alone" (shares of pictures). What is
            missing is not held against the clip.
        limits: the thresholds.

    Returns:
        For example "blurred: sharpness 0.12, expected at least 0.2"; what comes before the
        colon is the same for all clips of that kind.
    """
    for kind, key, least, unit in _RULES:
        if key not in facts:
            continue
        found, limit = facts[key], getattr(limits, key)
        if found < limit if least else found > limit:
            most = "at least" if least else "at most"
            return f"{kind}: {key} {found:.3g}{unit}, expected {most} {limit:.3g}{unit}"
    return None


# Detail and blocks are measured in every fifth picture, the mouth in every second.
_DETAIL_EVERY: Final = 5
_MOUTH_EVERY: Final = 2


class Inspector:
    """Measures the pictures of one clip, one by one."""

    def __init__(self) -> None:
        self._count = 0
        self._last: NDArray[np.uint8] | None = None
        self._eyes: list[float] = []
        self._repeats: list[bool] = []
        self._sharpness: list[float] = []
        self._blockiness: list[float] = []
        self._colours: list[NDArray[np.uint8]] = []
        self._visible: list[NDArray[np.bool_]] = []

    def look(self, frame: NDArray[np.uint8], points: _Floats) -> None:
        """Look at the next picture; about a millisecond.

        Args:
            frame: (H, W, 3) RGB crop of the face; all of one size.
            points: (478, 3) the face's mesh in the crop's pixels.
        """
        luma = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
        self._eyes.append(_eye_distance(points))
        if self._last is not None:
            self._repeats.append(_repeats(self._last, luma))
        self._last = luma
        if self._count % _DETAIL_EVERY == 0:
            self._sharpness.append(_sharpness(luma, points))
            self._blockiness.append(_blockiness(luma))
        if self._count % _MOUTH_EVERY == 0:
            colours, visible = _face_colours(frame, points)
            self._colours.append(colours)
            self._visible.append(visible)
        self._count += 1

    def facts(self) -> dict[str, float]:
        """What was found so far; empty before the first picture.

        Returns:
            The facts of `Limits` that are seen in the pictures:
            eyes: inter-ocular distance in pixels, median.
            frozen: longest run of repeated pictures in seconds.
            repeated: share of pictures that repeat the one before, 0 to 1.
            dark, bright: share of the skin that is black or white, 0 to 1.
            blockiness: at the edges of the strongest 8 x 8 grid, how far steps that stand out
                exceed those elsewhere, as a ratio, median; about 0.3 in good video.
            sharpness: detail of one pixel's size against the features of the face, median;
                about 1 for a sharp picture, and the factor for one enlarged from less.
            detail: sharpness (at most 1) times eyes, in pixels.
            covered: share of pictures in which something is before the mouth, 0 to 1.
        """
        if not self._count:
            return {}
        colours, visible = np.stack(self._colours), np.stack(self._visible)
        eyes, sharpness = float(np.median(self._eyes)), float(np.median(self._sharpness))
        dark, bright = _exposure(colours)
        runs = (len(list(run)) for same, run in groupby(self._repeats) if same)
        return {
            "eyes": eyes,
            "frozen": max(runs, default=0) / FPS,
            "repeated": float(np.mean(self._repeats)) if self._repeats else 0.0,
            "dark": dark,
            "bright": bright,
            "blockiness": float(np.median(self._blockiness)),
            "sharpness": sharpness,
            "detail": min(sharpness, 1.0) * eyes,
            "covered": float(_covered(colours, visible).mean()),
        }


def _eye_distance(points: _Floats) -> float:
    return float(np.linalg.norm(points[topology.LEFT_EYE_OUTER] - points[topology.RIGHT_EYE_OUTER]))


# --- repeated pictures ---

# Mean and largest difference, in 8 bits, of the tiles of a picture that repeats another.
_SAME: Final = (0.3, 4.0)
_TILES: Final = 64


def _repeats(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    apart = cv2.resize(cv2.absdiff(before, after), (_TILES, _TILES), interpolation=cv2.INTER_AREA)
    return bool(apart.mean() < _SAME[0] and apart.max() < _SAME[1])


# --- sharpness ---

# What has edges in every face.
_FEATURES: Final = (
    np.concatenate([topology.RIGHT_EYE[:16], topology.BROWS[:5]]),
    np.concatenate([topology.LEFT_EYE[:16], topology.BROWS[10:15]]),
    topology.LIPS,
)
_FINE: Final = 0.5  # pixels
_COARSE: Final = 0.04  # inter-ocular distances
# The ratio of a sharp picture, and the power that makes it the factor of enlargement: found by
# making sharp clips smaller and larger again.
_SHARP: Final = 1.17
_POWER: Final = 1.5


def _sharpness(luma: NDArray[np.uint8], points: _Floats) -> float:
    """Energy of the finest octave against one of the size of lids and lips.

    Both are weighted so that an ideal edge has the same in each. A face that was enlarged
    lacks the finest octaves, whatever its size is now.
    """
    eyes = _eye_distance(points)
    coarse = max(_COARSE * eyes, 1.2)
    fine_energy = coarse_energy = 0.0
    for which in _FEATURES:
        low = np.floor(points[which, :2].min(0) - 0.08 * eyes).astype(int).clip(0)
        high = np.ceil(points[which, :2].max(0) + 0.08 * eyes).astype(int) + 1
        part = luma[low[1] : max(high[1], 0), low[0] : max(high[0], 0)].astype(np.float32)
        if min(part.shape) >= 8:
            fine_energy += _octave(part, _FINE)
            coarse_energy += _octave(part, coarse)
    ratio = np.sqrt(fine_energy / max(coarse_energy, 1e-9))
    return float((ratio / _SHARP) ** _POWER)


def _octave(part: NDArray[np.float32], sigma: float) -> float:
    fine = cv2.GaussianBlur(part, (0, 0), sigma)
    coarse = cv2.GaussianBlur(part, (0, 0), 2 * sigma)
    return float(((fine - coarse) ** 2).sum()) / sigma


# --- blocks ---


def _blockiness(luma: NDArray[np.uint8]) -> float:
    """How far steps stand out at the edges of blocks, in the direction with the less of it.

    A step stands out by as much as it is larger than the steps on both its sides. The grid's
    phase is the one at which they stand out most.
    """
    found = []
    for image in (luma[::2], luma.T[::2]):
        step = cv2.absdiff(image[:, 1:], image[:, :-1]).astype(np.int16)
        above = step[:, 1:-1] - np.maximum(step[:, :-2], step[:, 2:])
        profile = above.clip(0, 12).mean(0)
        whole = len(profile) // 8 * 8
        if not whole:
            return 0.0
        phases = profile[:whole].reshape(-1, 8).mean(0)
        at = int(phases.argmax())
        usual = float(np.median(np.delete(phases, at)))
        found.append((float(phases[at]) - usual) / (usual + 0.05))
    return min(found)


# --- light, and what covers the mouth ---

# Colours are sampled at the middle of triangles of the mesh, in a picture brought to this
# inter-ocular distance in pixels, which blurs pores, stubble and noise away.
_EYES: Final = 32.0
# A triangle turned away to less than this part of its area is not seen.
_TURNED: Final = 0.35
# A sample has changed if its luma (per cent) or its chroma (per cent of luma) is this far from
# its median; a mouth is covered if more than this share of lips and skin has changed.
_CHANGED: Final = np.array([25.0, 9.0, 9.0])
_CHANGED_SHARE: Final = 0.3
# Less change is enough where the lips stop being redder than the skin around them: where that
# contrast, if it is usually above the first, falls below the second as a part of the usual.
_LESS_SHARE: Final = 0.15
_RED_LIPS: Final = (4.0, 0.3)
# Lips of all people lie in this range of luma, red and blue chroma against the cheeks; what is
# outside is no lips but a thing before them.
_LIPS_LOW: Final = np.array([-115.0, -9.0, -13.0])
_LIPS_HIGH: Final = np.array([25.0, 45.0, 14.0])
_BLACK: Final = 16
_WHITE: Final = 250


@dataclass(frozen=True)
class _Samples:
    """Triangles of the mesh where colours are taken.

    Attributes:
        triangles: (N, 3).
        areas: (N,) signed, in the picture plane of the mean face, squared eye distances.
        lips, around, cheeks: which of the N lie on the lips, around them, and on cheeks and
            nose; slices.
    """

    triangles: NDArray[np.int32]
    areas: NDArray[np.floating]
    lips: slice
    around: slice
    cheeks: slice


@cache
def _samples() -> _Samples:
    basis = released_basis()
    middle = basis.mean[basis.triangles].mean(1)
    lips = np.isin(basis.triangles, topology.LIPS).all(1)
    x, y, z = np.abs(middle[:, 0]), middle[:, 1], middle[:, 2]
    around = ~lips & (y > 0.56) & (y < 1.22) & (x < 0.5)
    cheeks = (y > 0.1) & (y < 0.5) & (x < 0.6) & (z < 0.1)
    groups = [np.flatnonzero(group) for group in (lips, around, cheeks)]
    triangles = basis.triangles[np.concatenate(groups)]
    a, b = len(groups[0]), len(groups[0]) + len(groups[1])
    areas = _areas(basis.mean[triangles])
    return _Samples(triangles, areas, slice(0, a), slice(a, b), slice(b, None))


def _areas(corners: _Floats) -> NDArray[np.floating]:
    """Twice the signed area in the picture of triangles (N, 3, 3)."""
    (x1, y1), (x2, y2) = ((corners[:, i, :2] - corners[:, 0, :2]).T for i in (1, 2))
    return np.asarray(x1 * y2 - y1 * x2)


def _face_colours(
    frame: NDArray[np.uint8], points: _Floats
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """RGB (N, 3) of the samples of a face, and which of them are seen, (N,)."""
    samples = _samples()
    corners = points[samples.triangles]
    middle = corners[:, :, :2].mean(1)
    eyes = max(_eye_distance(points), 1.0)
    inside = ((middle >= 0) & (middle <= [frame.shape[1] - 1, frame.shape[0] - 1])).all(1)
    visible = inside & (_areas(corners) / samples.areas > _TURNED * eyes**2)
    margin = 4 * max(eyes / _EYES, 1)
    limit = np.array([frame.shape[1], frame.shape[0]])
    low = np.clip(np.floor(middle.min(0) - margin).astype(int), 0, limit - 2)
    high = np.clip(np.ceil(middle.max(0) + margin).astype(int), low + 2, limit)
    part = frame[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, _EYES / eyes)
    width, height = (max(2, round(float(side) * scale)) for side in high - low)
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    at = (middle - low + 0.5) * np.array([width, height]) / (high - low) - 0.5
    # OpenCV's stubs do not know that one map of pairs is enough
    colours = cv2.remap(  # type: ignore[call-overload]
        small, at[None].astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(colours[0], np.uint8), visible


def _exposure(colours: NDArray[np.uint8]) -> tuple[float, float]:
    """Shares of the skin that are black and white, of colours (T, N, 3)."""
    samples = _samples()
    luma = cv2.cvtColor(colours[:, samples.lips.stop :], cv2.COLOR_RGB2GRAY)
    return float((luma <= _BLACK).mean()), float((luma >= _WHITE).mean())


def _covered(colours: NDArray[np.uint8], visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """In which of T pictures something is before the mouth, (T,).

    What comes and goes shows by how the colours of lips and skin leave their own median over
    the clip, light and tint of the cheeks taken off, all the more if the lips lose the red that
    they have otherwise. What stays shows by lips in a colour that no lips have, so a hand that
    never moves is not seen. Lips need not be red: on many people they are not.

    Args:
        colours: (T, N, 3) RGB at the samples.
        visible: (T, N) which of them are seen.
    """
    samples = _samples()
    relative = _against_cheeks(colours, visible)
    usual = _median(relative, visible, 0)
    changed = (np.abs(relative - usual) > _CHANGED).any(2)  # (T, N)
    share = sum(
        (changed & visible)[:, group].sum(1) / np.maximum(visible[:, group].sum(1), 1)
        for group in (samples.lips, samples.around)
    )
    lips, around = (
        _median(relative[:, group], visible[:, group], 1)[:, 0]  # (T, 3)
        for group in (samples.lips, samples.around)
    )
    strange = ((lips < _LIPS_LOW) | (lips > _LIPS_HIGH)).any(1)
    red = (lips - around)[:, 1]
    usual_red = float(np.median(red))
    gone = (usual_red > _RED_LIPS[0]) & (red < _RED_LIPS[1] * usual_red)
    enough = np.where(gone, _LESS_SHARE, _CHANGED_SHARE)
    return np.asarray((share / 2 > enough) | strange, bool)


def _against_cheeks(colours: NDArray[np.uint8], visible: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Luma (logarithm, per cent) and chroma (per cent of luma), less the cheeks', (T, N, 3)."""
    planes = cv2.cvtColor(colours, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = planes[..., :1] + 12  # so that noise in the dark does not count
    values = np.concatenate([np.log(luma), (planes[..., 1:] - 128) / luma], 2) * 100
    cheeks = _samples().cheeks
    return values - _median(values[:, cheeks], visible[:, cheeks], 1)


def _median(
    values: NDArray[np.float32], visible: NDArray[np.bool_], axis: int
) -> NDArray[np.float32]:
    """Median over the visible ones of (T, N, 3), the axis kept; 0 where none is visible."""
    known = visible | ~visible.any(axis, keepdims=True)
    values = np.where(visible[..., None], values, 0)
    return np.nanmedian(np.where(known[..., None], values, np.nan), axis, keepdims=True)
