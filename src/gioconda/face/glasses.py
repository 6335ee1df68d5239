"""Glasses: where their rims are, so that lids can move behind them.

A rim is a line, darker or lighter than the skin to both of its sides, that crosses the nose and
goes on around an eye. A fringe, bags and folds are such lines only in part.
"""

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import cut_out

# Pixels of the upright view in which rims are looked for; 100 to the inter-ocular distance.
_UNIT: Final = 100.0
_WIDTH, _HEIGHT, _EYES = 220, 130, 55.0  # of the view, and its row where the eyes are
_BRIDGE = (-10, 13)  # rows against the eyes' in which the bridge may lie
_ACROSS = 7  # columns to each side of the nose's ridge that it crosses
_GOES_ON, _NOISE = 0.2, 3.0  # of the bridge's contrast and of the skin's, where a line goes on
_ANGLES = 72  # directions about an eye
_RADII: Final = np.arange(8.0, 56.0)  # how far from its middle a rim may be
_CLEAR, _UNDER = 4.5, 9.0  # least distance between a rim and the lids, and on the cheek
_BEND = 0.06  # what a path pays for coming nearer or going farther by one, of 1 for a gap
_CHEEK: Final = slice(_ANGLES // 6, 2 * _ANGLES // 6 + 1)  # directions under an eye
_SEEN = 0.7  # of these a rim is seen in, at least at one eye
_EYE_CONTOURS: Final = (
    np.concatenate([topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER[-2:0:-1]]),
    np.concatenate([topology.LEFT_LID_UPPER, topology.LEFT_LID_LOWER[-2:0:-1]]),
)
_NOSE: Final = [9, 8, 168, 6, 197, 195]  # its ridge, from between the brows down
_CHEEKS: Final = [50, 280, 205, 425]  # points of bare skin
# So near the lids what is darker than the rims elsewhere, of their contrast, are lashes.
_LASHES, _DARKER = 16.0, 0.6
_LIKE = 0.4  # of how far its colour is from the skin's, where a pixel is of the rim's


class _Kind(NamedTuple):
    """Rims that are narrower than `narrow`; the least contrast of their bridge; and `half`, the
    most of them to each side of their path. In pixels of the view."""

    narrow: int
    bridge: float
    half: float


_KINDS: Final = (_Kind(9, 0.125, 4.0), _Kind(15, 0.25, 10.0))  # thin and thick


def find_rims(image: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.uint8] | None:
    """Where the rims of glasses are before the eyes and across the nose, without the arms.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 2 or 3) the face's mesh in its pixels.

    Returns:
        (H, W) how much of a pixel is a rim, 0 to 255; None for a face without glasses, or whose
        glasses have no rims.
    """
    matrix = _upright(points)
    view = cut_out(image, matrix, (_WIDTH, _HEIGHT))
    mesh = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    for kind, dark in product(_KINDS, (True, False)):
        found = _rims(view, mesh, kind, dark)
        if found is not None:
            back = cv2.warpAffine(found, matrix, image.shape[1::-1], flags=cv2.WARP_INVERSE_MAP)
            return np.asarray(back, np.uint8)
    return None


def _upright(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(2, 3) from the picture's pixels to the view's."""
    right, left = (points[i, :2] for i in (topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER))
    along = (left - right).astype(np.float64)
    along *= _UNIT / float(along @ along)
    turn = np.array([along, [-along[1], along[0]]])
    middle = np.array([(_WIDTH - 1) / 2, _EYES])
    return np.column_stack([turn, middle - turn @ ((right + left) / 2)])


def _contrast(
    view: NDArray[np.uint8], kernel: NDArray[np.uint8], dark: bool
) -> NDArray[np.float32]:
    """How much darker, or lighter, lines are than what is to both sides, (h, w), about 0 to 1."""
    tone = view if dark else 255 - view
    beside = np.asarray(cv2.morphologyEx(tone, cv2.MORPH_CLOSE, kernel))
    bright = (beside if dark else view).astype(np.float32)
    return np.asarray(((beside - tone) / (bright + 20)).max(-1), np.float32)


def _disc(size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _bridge(
    view: NDArray[np.uint8], mesh: NDArray[np.floating], kind: _Kind, dark: bool
) -> tuple[float, int, int] | None:
    """The line across the nose, if there is one: its contrast, row and column."""
    ridge = mesh[_NOSE]
    rows = round(_EYES) + np.arange(*_BRIDGE)
    middles = np.rint(np.interp(rows, ridge[:, 1], ridge[:, 0])).astype(int)
    columns = middles[:, None] + np.arange(-_ACROSS, _ACROSS + 1)
    found = cv2.blur(_contrast(view, np.ones((kind.narrow, 1), np.uint8), dark), (3, 1))
    found = cv2.dilate(found, np.ones((7, 1), np.uint8))  # it may be curved
    faintest = np.quantile(found[rows[:, None], columns], 0.15, axis=1)
    best = int(faintest.argmax())
    if faintest[best] <= kind.bridge:
        return None
    return float(faintest[best]), int(rows[best]), int(middles[best])


def _rims(
    view: NDArray[np.uint8], mesh: NDArray[np.floating], kind: _Kind, dark: bool
) -> NDArray[np.uint8] | None:
    """How much of a pixel of the view is a rim, (h, w), 0 to 255."""
    bridge = _bridge(view, mesh, kind, dark)
    if bridge is None:
        return None
    strength, row, column = bridge
    away = np.minimum(*(_outside(mesh, eye) for eye in _EYE_CONTOURS))
    free = (away > _CLEAR) & ~_brows(mesh)
    contrast = _contrast(view, _disc(kind.narrow), dark) * free
    corners = np.rint(mesh[_CHEEKS]).astype(int) - 3
    skin = np.median([contrast[y : y + 7, x : x + 7] for x, y in corners])
    least = max(_GOES_ON * strength, _NOISE * float(skin))
    outlines = [_line(contrast, away, _about(mesh[eye]), 2 * least) for eye in _EYE_CONTOURS]
    under = [found[_CHEEK] for _, found in outlines]
    if max((found > least).mean() for found in under) < _SEEN:
        return None
    # lids' creases, too, are lines, but fainter than a rim that is seen on the cheek
    sure = max(2 * least, *(float(np.median(found)) for found in under))
    outlines = [_line(contrast, away, _about(mesh[eye]), sure) for eye in _EYE_CONTOURS]
    better = int(np.argmax([np.minimum(found / sure, 1).mean() for _, found in outlines]))
    other = _mirrored(contrast / sure, outlines[better][0], mesh[_EYE_CONTOURS[1 - better]])
    outlines[1 - better] = _line(contrast, away, other, sure)
    path = np.zeros(view.shape[:2], bool)
    path[row - 3 : row + 4, column - _ACROSS : column + _ACROSS + 1] = True
    path &= contrast > sure / 2
    for places, found in outlines:
        x, y = np.rint(places[found > sure / 4]).astype(int).T
        path[y, x] = True
    free &= (away > _LASHES) | ~_darker(view, outlines, corners + 3, sure)
    return _band(view, path & free, free, kind.half)


def _darker(
    view: NDArray[np.uint8],
    outlines: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
    skin: NDArray[np.int_],
    sure: float,
) -> NDArray[np.bool_]:
    """Where the view is darker than the rims (`_line`) before the cheeks, as lashes are, (h, w)."""
    places = [places[_CHEEK][found[_CHEEK] > sure / 2] for places, found in outlines]
    x, y = np.rint(np.concatenate(places)).astype(int).T
    own = np.median(view[y, x].astype(np.float32), axis=0)
    other = np.median(view[skin[:, 1], skin[:, 0]].astype(np.float32), axis=0)
    return np.asarray((own - view).max(-1) > _DARKER * np.abs(other - own).max())


def _brows(mesh: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where the brows are, (h, w)."""
    found = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    for brow in np.split(topology.BROWS, 2):
        cv2.fillPoly(found, [np.rint(mesh[brow]).astype(np.int32)], (1,))
    return np.asarray(found > 0)


def _outside(mesh: NDArray[np.floating], eye: NDArray[np.int64]) -> NDArray[np.float32]:
    """How far each pixel of the view is from what lies between the lids, (h, w)."""
    free = np.full((_HEIGHT, _WIDTH), 1, np.uint8)
    cv2.fillPoly(free, [np.rint(mesh[eye]).astype(np.int32)], (0,))
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5), np.float32)


def _joined(mask: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of a mask (h, w) hangs together with its part in `start`."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(np.isin(labels, np.unique(labels[mask & start])) & mask)


def _about(eye: NDArray[np.floating]) -> NDArray[np.floating]:
    """Where a rim may be around an eye (16, 2), (R, A, 2): nearer to farther in each direction."""
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    way = np.stack([np.cos(angle), np.sin(angle)], -1)
    return np.asarray(eye.mean(0) + _RADII[:, None, None] * way)


def _mirrored(
    lines: NDArray[np.float32], outline: NDArray[np.floating], eye: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Where the rim around the other eye (16, 2) may be, as `_about`: the two are alike.

    Args:
        lines: (h, w) from 1 on what is a line.
        outline: (A, 2) the rim that is seen better.
    """
    shape = outline - outline.mean(0)
    half = _ANGLES // 2
    shape = shape[(half - np.arange(_ANGLES)) % _ANGLES] * [-1, 1]  # from the right on, as before
    scales = np.array([(x, y) for x in (0.7, 0.8, 0.9, 1.0, 1.1) for y in (0.9, 1.0, 1.1)])
    moves = np.array([(x, y) for x in range(-24, 25, 2) for y in range(-12, 13, 2)])
    tried = eye.mean(0) + (scales[:, None] * shape)[:, None] + moves[:, None]
    limit = np.array([_WIDTH - 1, _HEIGHT - 1])
    x, y = np.clip(np.rint(tried), 0, limit).astype(int).transpose(3, 0, 1, 2)
    fit = np.minimum(cv2.blur(lines, (3, 3)), 1)[y, x].mean(-1)
    fit *= np.sqrt(scales.prod(1))[:, None]  # creases of the lids are smaller
    best = tried[np.unravel_index(int(fit.argmax()), fit.shape)]
    out = best - best.mean(0)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(best + np.arange(-5, 6)[:, None, None] * out)


def _line(
    contrast: NDArray[np.float32],
    away: NDArray[np.float32],
    places: NDArray[np.floating],
    sure: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The line around an eye: its places (A, 2), one in each direction, and its contrast (A,).

    Args:
        contrast: (h, w) of lines.
        away: (h, w) from the lids.
        places: (R, A, 2) where it may be.
        sure: a contrast that is a line.
    """
    limit = np.array([_WIDTH - 1, _HEIGHT - 1])
    places = np.clip(places, 0, limit).astype(np.float32)
    seen, free = (
        np.asarray(cv2.remap(field, places, None, cv2.INTER_LINEAR), np.float32)  # type: ignore[call-overload]
        for field in (contrast, away)
    )
    cost = 1 - np.minimum(seen / sure, 1)
    least = np.full(_ANGLES, _CLEAR)
    least[_CHEEK] = _UNDER
    cost[free < least] = 4.0
    path = _closed(cost)
    picked = np.arange(_ANGLES)
    return places[path, picked], seen[path, picked]


def _closed(cost: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cheapest path around, rows (A,) of a cost (R, A); thrice around, of which the middle."""
    rows, count = np.arange(len(cost)), cost.shape[1]
    apart = np.abs(rows[:, None] - rows)
    bend = np.where(apart <= 2, _BEND * apart, np.inf)
    thrice = np.concatenate([cost, cost, cost], 1).T
    total, origin = thrice[0], np.zeros(thrice.shape, np.int64)
    for i, here in enumerate(thrice[1:], 1):
        options = total + bend
        origin[i] = options.argmin(1)
        total = options[rows, origin[i]] + here
    path = np.empty(len(thrice), np.int64)
    path[-1] = total.argmin()
    for i in range(len(thrice) - 1, 0, -1):
        path[i - 1] = origin[i, path[i]]
    return path[count : 2 * count]


def _band(
    view: NDArray[np.uint8], path: NDArray[np.bool_], free: NDArray[np.bool_], half: float
) -> NDArray[np.uint8]:
    """The rim about its path: what is of its colour there, (h, w), 0 to 255."""
    near = np.asarray(cv2.distanceTransform((~path).astype(np.uint8), cv2.DIST_L2, 5))
    colours = view.astype(np.float32)

    def about(where: NDArray[np.bool_], reach: float) -> NDArray[np.float32]:
        weight = where.astype(np.float32)[..., None]
        summed = cv2.GaussianBlur(np.dstack([colours * weight, weight]), (0, 0), reach)
        return np.asarray(summed[..., :3] / np.maximum(summed[..., 3:], 1e-6), np.float32)

    own, skin = about(path, 3.0), about((near > half + 1) & (near < half + 7), 6.0)
    off = np.abs(colours - own).max(-1) / np.maximum(np.abs(skin - own).max(-1), 1)
    rim = _joined((off < _LIKE) & (near < half) & free | path, path)
    whole = cv2.dilate(rim.astype(np.uint8) * np.uint8(255), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), 0.8), np.uint8)
