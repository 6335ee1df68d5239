"""A smile whose teeth were taken for the lower lip: the mesh is put onto the lips.

Between dark lips the mesh network sees one bright lip where teeth are, and says that the mouth is
shut; then it never shuts. Such a mouth is told from a shut one, whose lower lip may shine as
brightly: it is as wide and as curved as a smile, what is bright has not the lips' colour, and
between it and the skin lies another dark lip.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import cut_out

_SHUT: Final = 0.12  # of the height of both lips: a wider gap was seen by the network
_WIDE: Final = 0.62  # inter-ocular distances between the corners of a mouth that smiles
_CURVED: Final = 0.05  # of that width: so far the lips' middle hangs below the corners
# Units of CIE L*a*b*.
_REDDER: Final = 8.0  # than the skin about them are lips in a picture with colours
_PALER: Final = 12.0  # than such lips are teeth
_DARKER: Final = 30.0  # than the skin are painted lips in a picture without
_BRIGHTER: Final = 25.0  # than the upper lip are teeth
_MOST: Final = 0.6  # of the ways across that must agree

_UNIT: Final = 200  # pixels of the inter-ocular distance in the view that is looked at
_SIDE: Final = 300  # of the view, which shows the mouth
_WAYS: Final = 33  # down across the lips, at equal steps from corner to corner
_INNER: Final = slice(8, -8)  # those where teeth are seen in any smile
_STEP: Final = 0.03  # of a way from the lower lip's inner rim, 0, to its outer, 1, and beyond
_END: Final = 1.5
_FIRST: Final = (0.05, 0.4)  # where teeth are brightest, on a way
_FALL: Final = 0.3  # behind that place the teeth end at most so far on
_BLUR: Final = 0.08  # from the middle of that edge to where nothing of the teeth is left
_RIM: Final = 0.5  # from here on the lip may end


def onto_lips(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mesh of a face, its lower lip under the teeth if it was laid onto them.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) in its pixels.

    Returns:
        (478, 3); `points` itself where the mouth is no such smile.
    """
    corners = points[[topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER], :2]
    eyes = points[[topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER], :2]
    unit = float(np.linalg.norm(eyes[1] - eyes[0]))
    x, y = (corners[1] - corners[0]) / max(float(np.linalg.norm(corners[1] - corners[0])), 1e-6)
    turn = _UNIT / max(unit, 1e-6) * np.array([[x, y], [-y, x]])
    shift = _SIDE / 2 - turn @ corners.mean(0) - [0, _UNIT / 8]
    placed = points[:, :2] @ turn.T + shift
    if not _smiles_shut(placed):
        return points
    view = cut_out(image, np.column_stack([turn, shift]), (_SIDE, _SIDE)).astype(np.float32) / 255
    colours = cv2.cvtColor(cv2.GaussianBlur(view, (0, 0), 1.5), cv2.COLOR_RGB2LAB)
    edges = _edges(np.asarray(colours, np.float32), placed)
    return points if edges is None else _laid(points, *edges)


def _smiles_shut(placed: NDArray[np.floating]) -> bool:
    """Whether a mesh in the view says that lips meet in a smile."""
    top, bottom = placed[[topology.UPPER_LIP_TOP, topology.LOWER_LIP_BOTTOM], 1]
    upper, lower = placed[[topology.UPPER_LIP_RIM, topology.LOWER_LIP_RIM], 1]
    right, left = placed[[topology.RIGHT_MOUTH_CORNER, topology.LEFT_MOUTH_CORNER]]
    width = float(left[0] - right[0])
    hangs = lower - (right[1] + left[1]) / 2
    shut = abs(lower - upper) < _SHUT * (bottom - top)
    return bool(shut and width > _WIDE * _UNIT and hangs > _CURVED * width)


def _edges(
    colours: NDArray[np.float32], placed: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Where teeth and where the lower lip end, (11,) each, from corner to corner.

    As shares of what the mesh takes for the lower lip. None where that is a lip.
    """
    upper = _across(colours, placed, topology.LIP_OUTER_UPPER, topology.LIP_INNER_UPPER)
    lower = _across(colours, placed, topology.LIP_INNER_LOWER, topology.LIP_OUTER_LOWER)
    steps = np.arange(len(lower)) * _STEP
    lip = np.median(upper[(steps > 0.3) & (steps < 0.8), _INNER], (0, 1))
    bare = placed[topology.BARE_SKIN].astype(int).clip(0, _SIDE - 1)
    skin = np.median(colours[bare[:, 1], bare[:, 0]], 0)
    coloured = lip[1] - skin[1] > _REDDER
    first = (steps >= _FIRST[0]) & (steps <= _FIRST[1])
    teeth = lower[first].max(0)[_INNER, 0] - lip[0] > _BRIGHTER
    if coloured:
        teeth &= lower[first].min(0)[_INNER, 1] < lip[1] - _PALER
    if teeth.mean() < _MOST or not (coloured or lip[0] < skin[0] - _DARKER):
        return None
    tone = lower[..., 0] - lower[..., 1] * coloured
    slope = np.gradient(cv2.GaussianBlur(tone, (1, 5), 0), axis=0)
    brightest = _FIRST[0] + tone[first].argmax(0) * _STEP
    after = (steps[:, None] >= brightest) & (steps[:, None] <= brightest + _FALL)
    fall = np.where(after, -slope, 0)
    at = steps[fall.argmax(0)][_INNER][teeth]
    along = np.linspace(-1, 1, len(topology.LIP_INNER_LOWER))
    end = (float(np.median(at)) + _BLUR) * (1 - np.abs(along) ** 3)
    rise = np.where(steps[:, None] > _RIM, slope, 0)
    rim = np.polyfit(
        np.linspace(-1, 1, _WAYS)[2:-2], steps[rise.argmax(0)][2:-2], 2, w=rise.max(0)[2:-2]
    )
    reach = np.polyval(rim, along)
    reach[[0, -1]] = 1
    return end, np.maximum(reach, end + _STEP)


def _across(
    colours: NDArray[np.float32],
    placed: NDArray[np.floating],
    start: NDArray[np.int_],
    end: NDArray[np.int_],
) -> NDArray[np.float32]:
    """Colours on ways from one edge of a lip, over the other and on, (steps, _WAYS, 3)."""
    at = np.linspace(0, len(start) - 1, _WAYS)
    known = np.arange(len(start))
    edges = [
        np.stack([np.interp(at, known, placed[edge, i]) for i in (0, 1)], -1)
        for edge in (start, end)
    ]
    way = np.arange(0, _END, _STEP)[:, None, None]
    places = (edges[0] + way * (edges[1] - edges[0])).astype(np.float32)
    found = cv2.remap(colours, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)


def _laid(
    points: NDArray[np.float32], end: NDArray[np.float64], reach: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The mesh, all rings of its lower lip between where teeth end and where the lip does.

    Args:
        points: (478, 3).
        end, reach: (11,) as `_edges` finds them.
    """
    outer, *rings = topology.LIPS.reshape(4, -1)[:, : len(end)]
    start, way = points[rings[0]], points[outer] - points[rings[0]]
    length = np.maximum(np.linalg.norm(way, axis=1), 1e-6)
    moved = points.copy()
    for ring in (outer, *rings):
        share = np.linalg.norm(points[ring] - start, axis=1) / length
        change = end + share * (reach - end) - share
        moved[ring] = points[ring] + change[:, None] * way
    # the upper lip ends where nothing of the teeth is left, too
    blur = _BLUR * end / max(float(end.max()), 1e-6)
    moved[topology.LIP_INNER_UPPER[1:-1]] -= (blur[:, None] * way)[1:-1]
    return moved
