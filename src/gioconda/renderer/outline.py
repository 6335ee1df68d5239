"""The outline of a face that is seen from the side, found in the picture.

Where a face is turned away its mesh folds over: the far cheek hides the points behind it. What is
hidden comes into view when the head turns back, mirrored at the fold, which is skin like the
cheek's, as long as the fold lies on the cheek. A mesh that reaches a little beyond the cheek has a
strip of hair or background along its fold, and a dark tear opens there. So where the mesh folds
over, its points are drawn in to where the picture changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import cut_out
from gioconda.portrait import Portrait

_UNIT: Final = 160  # pixels of the inter-ocular distance in the view that is looked at
_SIDE: Final = 640  # of the view
_BEARINGS: Final = 120
# Lengths in inter-ocular distances.
_OUT: Final = 0.1  # how far outside of the mesh's outline is looked
_IN: Final = 0.2  # and how far inside
_STEP: Final = 0.01
_MOST: Final = 0.15  # by which the mesh reaches beyond the cheek
_FOLDED: Final = 0.008  # beyond the oval: a fold hides so much at least
_HIDDEN: Final = 2.0  # of what a fold hides: where little can come into view, little is drawn in
_COMPARED: Final = 5  # steps to each side of a place that are compared
_APART: Final = 7.0  # units of CIE L*a*b* between a cheek and what is behind it
_CLEAR: Final = 0.5  # of the strongest change: the outermost that is so strong is the cheek's edge
_WITHIN: Final = 0.03  # the edge itself is blurred: the fold lies this far inside
_SPREAD: Final = 2.5  # the points so far within, in ways of those at the fold, move less and less
_STRIP: Final = 0.5  # of what is mirrored at a fold: so wide is the strip that is shown instead
_BAND: Final = (0.06, 0.35)  # what stretches within an outline that turns, least and most
_SOON: Final = 0.1  # of a band: when so much has come into view, it stretches evenly
_ROOM: Final = 0.8  # of the way to brows, lids and lips
_ALONG: Final = (
    0.2  # of an outline: what is farther along it from its nearest point is not before it
)
_BESIDE: Final = 0.06  # hidden parts of the oval lie this far beside the lips
_TRIED: Final = 11  # places on the way there
_FEATURES: Final = np.concatenate([topology.LIPS, topology.LIDS])
_DRAWN: Final = np.concatenate([_FEATURES, topology.BROWS])  # keep their shape when edges stretch


def drawn_in(portrait: Portrait) -> NDArray[np.float64]:
    """By how much each point of the face is moved onto it, (468, 2), in the crop's pixels.

    Nothing for a face whose oval is its outline, or whose outline the picture does not show.
    """
    scale = _UNIT / float(portrait.head.size[0])
    points = portrait.points[: topology.FACE_POINTS, :2].astype(np.float64)
    middle = points[topology.FACE_OVAL].mean(0)
    spokes = (points - middle) * scale
    bearings = np.linspace(-np.pi, np.pi, _BEARINGS, endpoint=False)
    rays = np.stack([np.cos(bearings), np.sin(bearings)], -1)
    edge = _reach(_visible(portrait, spokes), rays)
    fold = edge - _reach(_filled([spokes[topology.FACE_OVAL]]), rays)
    folded = fold > _FOLDED * _UNIT
    if not folded.any():
        return np.zeros_like(points)
    over = np.where(folded, _over(_view(portrait, middle, scale), rays, edge), 0)
    over = np.minimum(over, _HIDDEN * fold)
    over = np.median([np.roll(over, k) for k in range(-2, 3)], 0)
    far = np.linalg.norm(spokes, axis=1)
    bearing = np.arctan2(spokes[:, 1], spokes[:, 0])
    over = np.mean([np.roll(over, k) for k in range(-2, 3)], 0)

    edge, over = (np.interp(bearing, bearings, v, period=2 * np.pi) for v in (edge, over))
    inside = np.abs(edge - far) / np.maximum(_SPREAD * over, 1e-6)
    pull = over * np.maximum(1 - inside, 0)
    pull[_FEATURES] = 0
    moved: NDArray[np.float64] = -spokes * (pull / np.maximum(far, 1e-6) / scale)[:, None]
    return moved


def unfolded(portrait: Portrait, home: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where in the picture each point of the face takes its colours from, (468, 2).

    What is hidden behind a fold takes them from a strip along it: mirrored as it lies, a nostril or
    the corner of an eye would be seen twice.

    Args:
        home: (468, 2) where the points lie.
    """
    fold, hidden = _folded(portrait)
    hidden[np.concatenate([_FEATURES, topology.FACE_OVAL])] = False
    found = home.copy()
    if len(fold) and hidden.any():
        nearest = home[fold[_nearest(portrait, np.flatnonzero(hidden), fold)]]
        found[hidden] = nearest + _STRIP * (home[hidden] - nearest)
    return found


@dataclass(frozen=True)
class Edges:
    """How the edges of a face stretch when it turns and what was behind one comes into view.

    A cheek is steep at its edge: the last pixels that the photo has of it would be smeared over all
    that turns into view, and what is folded behind the outline would show its shade or its light a
    second time. So a band along each edge is stretched evenly, and the outline's colours stay at
    the outline.

    Rows go from the points of the oval inwards. Lengths are in pixels of the texture.

    Attributes:
        home: (468, 2) where points lie in the texture.
        still: (468, 2) where they lie when the face is not turned, from any origin.
        edge: (R,) the outermost point of each row that is seen: of the oval, or at the fold
            behind which the oval is hidden.
        out: (R, 2) outwards.
        rest: (R,) how far outside of the edge the oval lies: 0, or less where it is hidden.
        inner, band: (R,) the point from which on the row stretches, and how far inside it lies.
        points, row, depth: (N,) what lies in the bands: its row, and how far inside.
    """

    home: NDArray[np.float64]
    still: NDArray[np.float64]
    edge: NDArray[np.int64]
    out: NDArray[np.float64]
    rest: NDArray[np.float64]
    inner: NDArray[np.int64]
    band: NDArray[np.float64]
    points: NDArray[np.int64]
    row: NDArray[np.int64]
    depth: NDArray[np.float64]

    @staticmethod
    def of(portrait: Portrait, home: NDArray[np.float64], still: NDArray[np.float64]) -> "Edges":
        """Those of a portrait whose face lies at `home`."""
        unit = float(portrait.head.size[0])
        fold, hidden = _folded(portrait)
        oval = topology.FACE_OVAL
        cheek = _grown(portrait.basis.triangles, oval[hidden[oval]], hidden)
        touched = portrait.basis.triangles[cheek[portrait.basis.triangles].any(1)]
        fold, edge = np.intersect1d(fold, touched), oval.copy()
        if len(fold):
            edge[hidden[oval]] = fold[_nearest(portrait, oval[hidden[oval]], fold)]
        out = home[edge] - home[oval].mean(0)
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        rest = np.minimum(((home[oval] - home[edge]) * out).sum(-1), 0)
        inward = home[edge] - home[:, None]  # (468, R, 2)
        within = (inward * out).sum(-1)
        along = np.abs(inward[..., 0] * out[:, 1] - inward[..., 1] * out[:, 0])
        beside = along < _ALONG * unit
        free = cheek | ~hidden
        free[np.concatenate([_DRAWN, oval])] = False
        felt = beside[_DRAWN] & (within[_DRAWN] > 0)
        room = _ROOM * np.where(felt, within[_DRAWN], np.inf).min(0)
        wanted = np.clip(room, _BAND[0] * unit, _BAND[1] * unit)
        off = np.abs(within - wanted) + along + np.where(free & ~hidden, 0, np.inf)[:, None]
        inner = off.argmin(0)
        band = np.maximum(within[inner, np.arange(len(oval))], _BAND[0] * unit)
        row = np.where(beside, along, np.inf).argmin(1)
        depth = within[np.arange(len(home)), row]
        points = np.flatnonzero(free & beside.any(1) & (depth < band[row]))
        return Edges(home, still, edge, out, rest, inner, band, points, row[points], depth[points])

    def stretch(self, texture: NDArray[np.float32], turned: NDArray[np.float64]) -> None:
        """Change where vertices lie in the texture, in place.

        Args:
            texture: (V, 2) as it is when the face is not turned.
            turned: as `still`, but turned.
        """
        oval = topology.FACE_OVAL
        moved = turned - self.still
        edge = (moved[self.edge] * self.out).sum(-1)
        over = self.rest + (moved[oval] * self.out).sum(-1) - edge  # the oval, beyond the edge
        share = np.where(self.rest < 0, 1 - over / np.minimum(self.rest, -1e-6), 0)
        texture[oval] += np.clip(share, 0, 1)[:, None] * (self.home[self.edge] - self.home[oval])
        edge += np.where(self.rest < 0, np.maximum(over, 0), 0)
        more = np.maximum(edge - (moved[self.inner] * self.out).sum(-1), 0)
        even = self.band / (self.band + more)
        share = np.minimum(more / (_SOON * self.band), 1)[self.row]
        out = self.out[self.row]
        depth = self.depth + edge[self.row] - (moved[self.points] * out).sum(-1)
        inwards = share * (depth * even[self.row] - self.depth)
        texture[self.points] = self.home[self.points] - inwards[:, None] * out


def beside_lips(portrait: Portrait, home: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the face, (468, 2), of whose oval none lies behind the lips.

    Where it is hidden there, the far corner of the mouth would come into view with it once more.

    Args:
        home: (468, 2) where the points lie.
    """
    fold, hidden = _folded(portrait)
    lips = cv2.convexHull(home[topology.LIPS].astype(np.float32))
    room = _BESIDE * float(portrait.head.size[0])
    fold = fold[_outside(lips, home[fold]) > room]
    oval = topology.FACE_OVAL[hidden[topology.FACE_OVAL]]
    found = home.copy()
    if len(fold) and len(oval):
        way = home[fold[_nearest(portrait, oval, fold)]] - home[oval]
        places = home[oval] + np.linspace(0, 1, _TRIED)[:, None, None] * way
        free = _outside(lips, places.reshape(-1, 2)).reshape(places.shape[:2]) > room
        found[oval] = places[free.argmax(0), np.arange(len(oval))]
    return found


def _folded(portrait: Portrait) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The points along folds of the face, and which of all, (468,), lie hidden behind one."""
    triangles = portrait.basis.triangles
    seen = _seen(portrait.points[triangles, :2])
    front, back = np.zeros((2, topology.FACE_POINTS), bool)
    front[triangles[seen]] = True
    back[triangles[~seen]] = True
    return np.flatnonzero(front & back), back & ~front


def _nearest(
    portrait: Portrait, points: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which of others is nearest to each point, on the face itself."""
    apart = portrait.face[points, None] - portrait.face[others]
    return np.asarray(np.linalg.norm(apart, axis=-1).argmin(1))


def _grown(
    triangles: NDArray[np.int32], points: NDArray[np.int64], free: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The points, and which of those that are free (468,) hang together with them."""
    found = np.zeros_like(free)
    found[points] = True
    for _ in range(len(free)):
        more = found.copy()
        more[triangles[found[triangles].any(1)]] = True
        more &= free | found
        if (more == found).all():
            break
        found = more
    return found


def _outside(outline: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far places (N, 2) lie outside of an outline; negative within it, (N,)."""
    found = [-cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x, y in places]
    return np.array(found, np.float64)


def _seen(triangles: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which triangles (F, 3, 2) of the face show their outer side; the basis winds them so."""
    along, beside = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.asarray(along[:, 0] * beside[:, 1] < along[:, 1] * beside[:, 0])


def _view(portrait: Portrait, middle: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """The picture about `middle`, slightly smooth, in CIE L*a*b*."""
    shift = _SIDE / 2 - scale * (middle + portrait.margin)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    colours = np.ascontiguousarray(portrait.texture[..., :3])
    view = cut_out(colours, matrix, (_SIDE, _SIDE)).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(view, (0, 0), 1), cv2.COLOR_RGB2Lab))


def _visible(portrait: Portrait, spokes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Where the mesh is seen from its outer side, in the view."""
    triangles = spokes[portrait.basis.triangles]
    return _filled(triangles[_seen(triangles)])


def _filled(polygons: Iterable[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """What polygons about the view's middle cover."""
    drawn = np.zeros((_SIDE, _SIDE), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(drawn, [np.rint(polygon + _SIDE / 2).astype(np.int32)], (1,))
    return drawn


def _reach(mask: NDArray[np.uint8], rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a mask reaches along each ray from the view's middle, (rays,), in its pixels."""
    along = np.arange(_SIDE // 2)
    x, y = (along[:, None, None] * rays + _SIDE / 2).astype(int).transpose(2, 0, 1)
    return np.asarray(((mask[y, x] > 0) * along[:, None]).max(0), np.float64)


def _over(
    view: NDArray[np.float32], rays: NDArray[np.float64], edge: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how much the mesh's edge lies beyond the cheek's, along each ray, in the view's pixels."""
    steps = np.arange(-_IN - _COMPARED * _STEP, _OUT + _COMPARED * _STEP, _STEP) * _UNIT
    places = (edge + steps[:, None])[..., None] * rays + _SIDE / 2
    x, y = places.astype(np.float32).transpose(2, 0, 1)
    colours = cv2.remap(view, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    summed = np.cumsum(np.concatenate([np.zeros_like(colours[:1]), colours]), 0, dtype=np.float64)
    mean = (summed[_COMPARED:] - summed[:-_COMPARED]) / _COMPARED
    change = np.linalg.norm(mean[_COMPARED:] - mean[:-_COMPARED], axis=-1)
    at = steps[_COMPARED : _COMPARED + len(change)] - _STEP * _UNIT / 2
    most = change.max(0)
    peak = change == np.max([np.roll(change, k, 0) for k in range(-_COMPARED, _COMPARED + 1)], 0)
    clear = peak & (change >= _CLEAR * most)
    last = len(at) - 1 - clear[::-1].argmax(0)
    over = np.where(most > _APART, _WITHIN * _UNIT - at[last], 0)
    return np.clip(over, 0, _MOST * _UNIT)
