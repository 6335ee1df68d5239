"""Whether a clip's pictures are good enough to learn from.

An `Inspector` looks at the pictures of one clip as they come and tells facts; `reason` holds
the facts against `Limits`, the one place where the thresholds are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.hands import find_hands
from gioconda.media import FPS

# Every how many pictures detail, blocks and light are measured, the mouth, and the hands.
_DETAIL_EVERY: Final = 5
_MOUTH_EVERY: Final = 2
_HANDS_EVERY: Final = 10


@dataclass(frozen=True)
class Limits:
    """What a clip must keep to.

    Attributes:
        eyes: least inter-ocular distance (between the eyes' outer corners) in pixels.
        sharpness: least sharpness, see `Inspector.facts`.
        blockiness: most blockiness.
        repeated: largest share of pictures that repeat the one before.
        frozen: longest run of repeated pictures in seconds.
        covered: largest share of pictures in which something is before the mouth.
        dark: largest share of the face that is black.
        bright: largest share of the face that is white.
        yaw: largest turn to a side, degrees.
        pitch: largest turn up or down, degrees.
        seen: least share of pictures in which the face was found.
    """

    eyes: float = 40.0
    sharpness: float = 0.2
    blockiness: float = 0.5
    repeated: float = 0.55
    frozen: float = 0.5
    covered: float = 0.1
    dark: float = 0.5
    bright: float = 0.25
    yaw: float = 60.0
    pitch: float = 40.0
    seen: float = 0.9


class Inspector:
    """Measures the pictures of one clip, one by one, in constant time for each."""

    def __init__(self) -> None:
        self._count = 0
        self._last: NDArray[np.uint8] | None = None
        self._repeats: list[bool] = []
        self._eyes: list[float] = []
        self._sharpness: list[float] = []
        self._blockiness: list[float] = []
        self._dark: list[float] = []
        self._bright: list[float] = []
        self._hands: list[bool] = []

    def look(self, frame: NDArray[np.uint8], points: NDArray[np.floating]) -> None:
        """Look at the next picture.

        Args:
            frame: (H, W, 3) RGB crop of the face; all of one size.
            points: (478, 3) the face's mesh in the crop's pixels.
        """
        luma = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        self._eyes.append(_eye_distance(points))
        if self._last is not None:
            self._repeats.append(_repeats(self._last, luma))
        self._last = luma
        if self._count % _DETAIL_EVERY == 0:
            self._sharpness.append(_sharpness(luma, points))
            self._blockiness.append(_blockiness(luma))
            dark, bright = _clipped(luma, points)
            self._dark.append(dark)
            self._bright.append(bright)
        if self._count % _HANDS_EVERY == 0:
            self._hands.append(_hand_before(frame, points))
        self._count += 1

    def facts(self) -> dict[str, float]:
        """What was found so far; an empty dict before the first picture."""
        if not self._count:
            return {}
        return {
            "eyes": float(np.median(self._eyes)),
            "sharpness": float(np.median(self._sharpness)),
            "blockiness": float(np.median(self._blockiness)),
            "repeated": float(np.mean(self._repeats)) if self._repeats else 0.0,
            "frozen": _longest(self._repeats) / FPS,
            "covered": float(np.mean(self._hands)),
            "dark": float(np.median(self._dark)),
            "bright": float(np.median(self._bright)),
        }


# kind, key, whether the limit is the least that is allowed, unit
_RULES: Final = (
    ("face not seen", "seen", True, ""),
    ("small face", "eyes", True, " px"),
    ("extreme pose", "yaw", False, " degrees"),
    ("extreme pose", "pitch", False, " degrees"),
    ("frozen", "frozen", False, " s"),
    ("frozen", "repeated", False, ""),
    ("dark", "dark", False, ""),
    ("overexposed", "bright", False, ""),
    ("blocky", "blockiness", False, ""),
    ("blurred", "sharpness", True, ""),
    ("covered mouth", "covered", False, ""),
)


def reason(facts: Mapping[str, float], limits: Limits) -> str | None:
    """Why a clip should be dropped, in one line, or None if it should be kept.

    Args:
        facts: of an `Inspector`, and from the Motion "yaw" and "pitch" (largest absolute
            95th percentile in degrees) and "seen" (share of pictures with a face). What is
            missing is not held against the clip.

    Returns:
        For example "blurred: sharpness 0.12, expected at least 0.20"; what comes before the
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


def _eye_distance(points: NDArray[np.floating]) -> float:
    return float(np.linalg.norm(points[topology.LEFT_CORNER] - points[topology.RIGHT_CORNER]))


def _repeats(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    difference = cv2.resize(cv2.absdiff(before, after), (64, 64), interpolation=cv2.INTER_AREA)
    return float(difference.mean()) < 0.3 and float(difference.max()) < 4


def _longest(flags: list[bool]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _sharpness(luma: NDArray[np.uint8], points: NDArray[np.floating]) -> float:
    """Detail of the pixels against detail of the face's features; 1 for ideal edges."""
    eyes = _eye_distance(points)
    part = _part(luma, points, _FEATURES, 0.1 * eyes)
    if part is None:
        return 0.0
    image = part.astype(np.float32)
    sigma = 0.04 * eyes
    fine = _band(image, 0.5, 1.0)
    coarse = _band(image, sigma, 2 * sigma)
    e_fine = float((fine**2).mean()) / 0.75
    e_coarse = float((coarse**2).mean()) / (1.5 * sigma)
    return float(np.sqrt(e_fine / max(e_coarse, 1e-9)))


def _band(image: NDArray[np.float32], fine: float, coarse: float) -> NDArray[np.float32]:
    a = cv2.GaussianBlur(image, (0, 0), fine)
    b = cv2.GaussianBlur(image, (0, 0), coarse)
    return np.asarray(a - b, np.float32)


_FEATURES: Final = np.concatenate([topology.LIDS, topology.BROWS])


def _part(
    luma: NDArray[np.uint8], points: NDArray[np.floating], which: NDArray[np.integer], margin: float
) -> NDArray[np.uint8] | None:
    low = np.floor(points[which, :2].min(0) - margin).astype(int)
    high = np.ceil(points[which, :2].max(0) + margin).astype(int) + 1
    low = np.maximum(low, 0)
    high = np.minimum(high, [luma.shape[1], luma.shape[0]])
    if (high - low < 12).any():
        return None
    return luma[low[1] : high[1], low[0] : high[0]]


def _blockiness(luma: NDArray[np.uint8]) -> float:
    values = []
    for image in (luma, luma.T):
        step = np.abs(np.diff(image.astype(np.int16), axis=1)).astype(np.float32)
        profile = step.mean(0)
        edge = profile[1:-1] - (profile[:-2] + profile[2:]) / 2
        n = len(edge) // 8 * 8
        phase = edge[:n].reshape(-1, 8).mean(0)
        values.append(float(phase.max() / (profile.mean() + 0.5)))
    return float(np.mean(values))


def _clipped(luma: NDArray[np.uint8], points: NDArray[np.floating]) -> tuple[float, float]:
    part = _part(luma, points, topology.FACE_OVAL, 0.0)
    if part is None:
        return 0.0, 0.0
    return float((part <= 16).mean()), float((part >= 250).mean())


@cache
def _mouth_points() -> NDArray[np.integer]:
    return np.unique(np.concatenate([topology.LIP_OUTER_LOWER, topology.LIP_OUTER_UPPER]))


def _hand_before(frame: NDArray[np.uint8], points: NDArray[np.floating]) -> bool:
    """Whether a hand covers a part of the lips."""
    mouth = points[_mouth_points(), :2]
    for hand in find_hands(frame):
        outline = hand.outline()
        inside = [cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for x, y in mouth]
        if np.mean(inside) > 0.3:
            return True
    return False


__all__ = ["Inspector", "Limits", "reason", "released_basis"]
