"""Other looks for the same frames: blurred, compressed, filmed in grey, painted.

Users bring paintings, drawings and old photographs; the clips are news and speeches.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Look = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

_KEPT: Final = 0.45  # part of the scenes that look as they were filmed
_GOOD: Final = 130.0  # inter-ocular distance in pixels from which blur and compression are spared


def draw_look(rng: np.random.Generator, size: float) -> Look | None:
    """A look by chance, or None for none.

    Args:
        rng: decides.
        size: the inter-ocular distance in the frames' pixels.
    """
    if rng.random() < _KEPT:
        return None
    harsh = ("blurred", "compressed", "coarse")
    painted = ("flat", "brushed", "grainy", "grey", "few colours")
    kind = str(rng.choice(painted if size >= _GOOD and rng.random() < 0.7 else painted + harsh))
    amount = float(rng.uniform(0.3, 1))
    unit = size / 100
    seed = int(rng.integers(2**31))

    def look(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return _LOOKS[kind](image, amount, unit, seed)

    return look


def _blurred(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), 1.2 * amount * unit), np.uint8)


def _compressed(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    _, code = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, round(90 - 60 * amount)])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _coarse(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    part = 1 - 0.6 * amount
    small = cv2.resize(x, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, x.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _flat(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    """Edges kept, the rest evened out, as in drawings."""
    small = cv2.bilateralFilter(x, 7, 30 + 60 * amount, 2 + 2 * unit)
    return np.asarray(cv2.bilateralFilter(small, 7, 30 + 60 * amount, 2 + 2 * unit), np.uint8)


def _brushed(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    """Strokes: a median, and the grain of a canvas."""
    side = 3 if amount * unit < 1 else 5
    flat = cv2.medianBlur(cv2.medianBlur(x, side), side).astype(np.float32)
    weave = np.random.default_rng(seed).normal(0, 1, x.shape[:2]).astype(np.float32)
    grain = cv2.GaussianBlur(weave, (0, 0), sigmaX=2.5 * unit, sigmaY=0.6 * unit)
    grain = grain * (8 * amount / max(float(grain.std()), 1e-6))
    return np.asarray(np.clip(flat + grain[..., None], 0, 255), np.uint8)


def _grainy(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    """An old photograph: brown, faded, with grain."""
    grey = x.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    grain = np.random.default_rng(seed).normal(0, 6 * amount, grey.shape).astype(np.float32)
    tone = np.array([1.05, 0.95, 0.8], np.float32)
    faded = (30 * amount + (1 - 0.25 * amount) * grey + grain)[..., None] * tone
    return np.asarray(np.clip(faded, 0, 255), np.uint8)


def _grey(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    grey = x.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    return np.asarray(np.clip(x + amount * (grey[..., None] - x), 0, 255), np.uint8)


def _few_colours(x: NDArray[np.uint8], amount: float, unit: float, seed: int) -> NDArray[np.uint8]:
    step = 8 + 24 * amount
    even = cv2.GaussianBlur(x, (0, 0), 0.8 * unit).astype(np.float32)
    stepped = np.rint(even / step) * step
    return np.asarray(np.clip(0.3 * even + 0.7 * stepped, 0, 255), np.uint8)


_LOOKS: Final = {
    "blurred": _blurred,
    "compressed": _compressed,
    "coarse": _coarse,
    "flat": _flat,
    "brushed": _brushed,
    "grainy": _grainy,
    "grey": _grey,
    "few colours": _few_colours,
}
