"""Other looks for the same frames: blurred, compressed, filmed in grey, painted, drawn.

Users bring paintings, drawings and old photographs; the clips are news and speeches. What is on
the canvas and not in the world, its grain and its cracks, moves with the face that is painted on
it: it is a layer of its own, which goes through the warp (`gioconda.data.samples.scenes`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_KEPT: Final = 0.45  # part of the scenes that look as they were filmed
_GOOD: Final = 130.0  # inter-ocular distance in pixels from which blur and compression are spared
_HARSH: Final = ("blurred", "compressed", "coarse")
_PAINTED: Final = ("flat", "brushed", "oil", "drawn", "faded", "grey", "few colours")
_GRAINED: Final = ("brushed", "oil", "faded")
_LEVEL: Final = 128  # of a grain that changes nothing


@dataclass(frozen=True)
class Look:
    """What becomes of a scene's pictures.

    Attributes:
        kind: its name.
        amount: how strong it is, 0 to 1.
        unit: a hundredth of the inter-ocular distance, pixels.
        seed: of its grain.
    """

    kind: str
    amount: float
    unit: float
    seed: int

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame (H, W, 3) as it looks, without the grain."""
        return _LOOKS[self.kind](image, self.amount, self.unit)

    def grain(self, side: int, unit: float) -> NDArray[np.uint8] | None:
        """What lies on the portrait's picture, (side, side), around 128; None for nothing.

        Args:
            side: of the picture in pixels.
            unit: a hundredth of the inter-ocular distance in it, pixels.
        """
        if self.kind not in _GRAINED:
            return None
        rng = np.random.default_rng(self.seed)
        layer = rng.standard_normal((side, side), np.float32)
        if self.kind != "faded":  # film has grains, a canvas threads and its paint cracks
            threads = cv2.GaussianBlur(layer, (0, 0), sigmaX=2.5 * unit, sigmaY=0.6 * unit)
            layer = np.asarray(threads / max(float(threads.std()), 1e-6), np.float32)
        layer *= 8 * self.amount
        if self.kind == "oil":
            layer -= 40 * self.amount * _cracks(rng, side, unit)
        return np.asarray(np.clip(np.rint(layer + _LEVEL), 0, 255), np.uint8)


def with_grain(image: NDArray[np.uint8], grain: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) with a grain (H, W) on it."""
    layer = grain.astype(np.int16)[..., None] - _LEVEL
    return np.asarray(np.clip(image + layer, 0, 255), np.uint8)


def draw_look(rng: np.random.Generator, size: float) -> Look | None:
    """A look by chance, or None for none.

    Args:
        rng: decides.
        size: the inter-ocular distance in the frames' pixels.
    """
    if rng.random() < _KEPT:
        return None
    kind = str(rng.choice(_PAINTED if size >= _GOOD and rng.random() < 0.7 else _PAINTED + _HARSH))
    return Look(kind, float(rng.uniform(0.3, 1)), size / 100, int(rng.integers(2**31)))


def _cracks(rng: np.random.Generator, side: int, unit: float) -> NDArray[np.float32]:
    """Fine lines between the cells of random points, (side, side), 0 to 1."""
    field = np.ones((side, side), np.uint8)
    cell = 8 * unit
    points = rng.integers(0, side, (max(2, round((side / cell) ** 2)), 2))
    field[points[:, 0], points[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(
        field, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    edge = np.zeros((side, side), np.float32)
    edge[:, 1:] = labels[:, 1:] != labels[:, :-1]
    edge[1:] = np.maximum(edge[1:], labels[1:] != labels[:-1])
    return np.asarray(cv2.GaussianBlur(edge, (0, 0), max(0.3, 0.3 * unit)), np.float32)


def _blurred(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), 1.2 * amount * unit), np.uint8)


def _compressed(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    _, code = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, round(90 - 60 * amount)])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _coarse(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    part = 1 - 0.6 * amount
    small = cv2.resize(x, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, x.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _flat(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    """Edges kept, the rest evened out, as in drawings."""
    small = cv2.bilateralFilter(x, 7, 30 + 60 * amount, 2 + 2 * unit)
    return np.asarray(cv2.bilateralFilter(small, 7, 30 + 60 * amount, 2 + 2 * unit), np.uint8)


def _brushed(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    side = 3 if amount * unit < 1 else 5
    return np.asarray(cv2.medianBlur(cv2.medianBlur(x, side), side), np.uint8)


def _oil(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    """Daubs of one colour: of four neighbourhoods of a pixel the evenest (Kuwahara's filter)."""
    side = 2 + round(3 * amount * unit)
    picture = x.astype(np.float32)
    grey = picture.mean(2)
    best = np.full(grey.shape, np.inf, np.float32)
    daubs = picture.copy()
    for anchor in ((0, 0), (side - 1, 0), (0, side - 1), (side - 1, side - 1)):
        mean = cv2.blur(grey, (side, side), anchor=anchor)
        spread = cv2.blur(grey * grey, (side, side), anchor=anchor) - mean * mean
        even = spread < best
        best[even] = spread[even]
        daubs[even] = cv2.blur(picture, (side, side), anchor=anchor)[even]
    return np.asarray(np.clip(np.rint(daubs), 0, 255), np.uint8)


def _drawn(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    """Even colours, and dark lines where there were edges."""
    even = _flat(x, amount, unit).astype(np.float32)
    grey = even.mean(2)
    wide = cv2.GaussianBlur(grey, (0, 0), 2.5 * unit + 0.5)
    lines = np.clip((wide - cv2.GaussianBlur(grey, (0, 0), unit + 0.3) - 1) / 8, 0, 1)
    return np.asarray(even * (1 - 0.8 * amount * lines[..., None]), np.uint8)


def _faded(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    """An old photograph: brown, and nothing in it is black."""
    grey = x.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    tone = np.array([1.05, 0.95, 0.8], np.float32)
    faded = (30 * amount + (1 - 0.25 * amount) * grey)[..., None] * tone
    return np.asarray(np.clip(faded, 0, 255), np.uint8)


def _grey(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    grey = x.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    return np.asarray(np.clip(x + amount * (grey[..., None] - x), 0, 255), np.uint8)


def _few_colours(x: NDArray[np.uint8], amount: float, unit: float) -> NDArray[np.uint8]:
    step = 8 + 24 * amount
    even = cv2.GaussianBlur(x, (0, 0), 0.8 * unit).astype(np.float32)
    stepped = np.rint(even / step) * step
    return np.asarray(np.clip(0.3 * even + 0.7 * stepped, 0, 255), np.uint8)


_LOOKS: Final[dict[str, Callable[[NDArray[np.uint8], float, float], NDArray[np.uint8]]]] = {
    "blurred": _blurred,
    "compressed": _compressed,
    "coarse": _coarse,
    "flat": _flat,
    "brushed": _brushed,
    "oil": _oil,
    "drawn": _drawn,
    "faded": _faded,
    "grey": _grey,
    "few colours": _few_colours,
}
