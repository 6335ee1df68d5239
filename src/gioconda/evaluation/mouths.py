"""How real the inside of drawn mouths looks: the Fréchet distance between crops of it.

Fog, blur and teeth like cut paper all raise it. The real crops are of the same frames, so people,
openings and light are the same in both; what is outside the inner mouth is painted grey.
"""

from collections import defaultdict
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.bootstrap import Interval
from gioconda.evaluation.drawn import Drawn
from gioconda.evaluation.picture_features import PictureFeatures

REAL: Final = "real"
_OPEN: Final = 100  # pixels of inner mouth from which a frame counts
_WIDER: Final = 1.2  # side of the crop over the lips' width
_GREY: Final = 128
_LEAST: Final = 20  # crops, of three people
_BLUR: Final = 2.0  # pixels
_FOG: Final = 0.6
_NORMAL: Final = 1.96  # standard errors to both sides: 95 %


class Mouths:
    """Crops of frames, added one after the other."""

    def __init__(self) -> None:
        self._network = PictureFeatures()
        self._people: list[str] = []
        self._features: dict[str, list[NDArray[np.float32]]] = defaultdict(list)

    def add(self, person: str, now: Drawn) -> None:
        """One frame as each method draws it; nothing where the mouth is all but shut."""
        inside = now.regions["inner mouth"]
        if inside.sum() < _OPEN:
            return
        self._people.append(person)
        place = _place(np.maximum(inside, now.regions["lips"]))
        for name, picture in {REAL: now.real, **now.pictures}.items():
            alone = inside[..., None] * (picture.astype(np.float32) - _GREY) + _GREY
            self._features[name].append(self._network.describe(alone[place].astype(np.uint8)))

    def distances(self) -> dict[str, Interval]:
        """Of each method the distance to the real ones, over how far these vary.

        With its 95 % interval by the jackknife: people are left out one after the other. A draw
        with replacement would have fewer people, and so a larger distance. Nothing where there are
        few crops or people.
        """
        people = np.array(self._people)
        names = sorted(set(self._people))
        if len(people) < _LEAST or len(names) < 3:
            return {}
        found = {name: np.array(rows, np.float64) for name, rows in self._features.items()}
        real = found.pop(REAL)
        result = {}
        for method, rows in found.items():
            whole = distance(real, rows)
            apart = np.array(
                [distance(real[kept], rows[kept]) for kept in (people != one for one in names)]
            )
            off = _NORMAL * float(np.sqrt((len(names) - 1) * apart.var()))
            result[method] = Interval(whole, whole - off, whole + off)
        return result


def distance(real: NDArray[np.float64], made: NDArray[np.float64]) -> float:
    """Squared Fréchet distance of Gaussians fitted to rows (N, D) over the variance of the real.

    |mean a - mean b|² + trace(A + B - 2 (A B)^½), where the last is the nuclear norm of a bᵀ; 0 for
    the same rows, 1 where they lie as far off as real ones do from each other's mean.
    """
    a, b = (rows - rows.mean(0) for rows in (real, made))
    spread = float((a**2).sum())
    cross = float(np.linalg.svd(a @ b.T, compute_uv=False).sum())
    means = float(((real.mean(0) - made.mean(0)) ** 2).sum())
    return (means * len(real) + spread + float((b**2).sum()) - 2 * cross) / spread


def spoiled(now: Drawn) -> dict[str, NDArray[np.uint8]]:
    """The real frame blurred, and with fog in its mouth: what figures must tell from real."""
    inside = now.regions["inner mouth"][..., None]
    mean = (now.real * inside).sum((0, 1)) / max(float(inside.sum()), 1.0)
    fog = now.real + _FOG * inside * (mean - now.real)
    return {
        "blurred": np.asarray(cv2.GaussianBlur(now.real, (0, 0), _BLUR), np.uint8),
        "fogged": np.rint(fog).astype(np.uint8),
    }


def _place(shown: NDArray[np.float32]) -> tuple[slice, slice]:
    """The square about a mouth, cut at the picture's border."""
    rows, columns = (np.flatnonzero(shown.max(axis) > 0.5) for axis in (1, 0))
    half = _WIDER * (columns[-1] + 1 - columns[0]) / 2
    down, across = (
        slice(max(0, round(mid - half)), round(mid + half))
        for mid in ((part[0] + part[-1] + 1) / 2 for part in (rows, columns))
    )
    return down, across
