"""Drawn eyes: the mesh, which knows people's, put onto the edges of eyes of another shape.

The mesh network places lids where a person's would be, in the large eyes of drawings about the
iris alone, so that the white beyond them stays in a blink. Such an eye is told by its white, which
goes on beyond the mesh. From there its edge is looked for outwards, where skin begins; a line that
is drawn around it goes with the lids.
"""

from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import cut_out

# The view of an eye: pixels to the width of the eye as the mesh has it, and to its border.
_UNIT: Final = 60.0
_REACH: Final = 120
_SIDE: Final = 2 * _REACH + 1
_PALE, _BRIGHT = 0.55, 0.9  # the white against the skin: most tint, least light
_NEAR: Final = 11  # pixels about the mesh's eye in which a part of its white lies
_BEYOND: Final = 0.4  # least white or dark beyond the mesh, of the mesh's eye
_APART: Final = 0.45  # of the skin's tint, within which a pixel's is like it
_DARK: Final = 0.5  # of the skin's light: what is darker at the edge is a line
_THICK: Final = 14  # pixels of such a line at most, which lies on the lid
_OF_LINE: Final = 0.5  # part of it that does
_FARTHER: Final = 40  # pixels beyond what is known in which the edge is looked for
_BEARINGS: Final = 72
_SMOOTH: Final = 9  # bearings over which lashes and gaps are evened out
_MOST: Final = 0.6  # of the bearings on which skin must be found
_ROUND: Final = 17  # pixels: dark that is no wider is lashes and brows
# Least of the mesh's iris that is dark, of its hull what is dark, of its width how high it is.
_HALF, _SOLID, _UPRIGHT = 0.5, 0.85, 0.85
_LARGER: Final = 1.4  # least area against the mesh's
_UNLIKE: Final = 1.7  # by which one of a face's eyes may be larger than the other
_SKIN: Final = 0.12  # most of what is found that may look like skin
_FADES: Final = (0.3, 1.6)  # in widths of the eye, or in moves of the lids: skin that goes along
_CREASE: Final = 20.0  # pixels from the lid's edge to its crease, beyond a line
_ROUND_EYE: Final = 0.45  # least height over width, in the mesh, of eyes rounder than a person's
_UNDER: Final = 15  # pixels under the mesh in which the lower lid of such an eye is looked for
_ABOVE, _BELOW = slice(-7, -1), slice(18, 29)  # pixels from there that are of the eye and of skin
_LINE: Final = 12.0  # units of light: what is so much darker than both is the line between them
_OVER: Final = 2.0  # pixels of that line that the lid covers
_PALE_EYE, _COLUMNS = 0.85, 3  # least light, of the skin's, of the white there; places that show it
_FREE: Final = 3  # pixels of white from which an iris ends above the lower lid
_EYES: Final = (
    (topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER, topology.RIGHT_IRIS),
    (topology.LEFT_LID_UPPER[::-1], topology.LEFT_LID_LOWER[::-1], topology.LEFT_IRIS),
)


def onto_drawn_eyes(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mesh of a face, its lids on the edges of the picture's eyes if those are no person's.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) in its pixels.

    Returns:
        (478, 3); `points` itself where the eyes are a person's, or cannot be told from skin.
    """
    views = [_View.of(image, points, *eye) for eye in _EYES]
    skin = _skin(image, points)
    right, left = (view.edge(skin) for view in views)
    if right is None or left is None or not _alike(right, left):
        return _lower_lids(points, views, skin)
    placed = points.astype(np.float64)
    for view, edge, (upper, lower, iris) in zip(views, (right, left), _EYES, strict=True):
        _move(placed, view, edge.lids, upper, lower)
        _move_iris(placed, view, edge.skin, iris, view.white(skin))
    return placed.astype(np.float32)


def _lower_lids(
    points: NDArray[np.float32], views: list["_View"], skin: NDArray[np.floating]
) -> NDArray[np.float32]:
    """The mesh of a face, the lower lids of round eyes on their edges; else `points` itself."""
    meshes = [points[:, :2] @ view.matrix[:, :2].T + view.matrix[:, 2] for view in views]
    depths: list[float] = []
    for view, mesh, (upper, lower, _) in zip(views, meshes, _EYES, strict=True):
        round_eye = np.linalg.norm(mesh[upper] - mesh[lower], axis=1).max() > _ROUND_EYE * _UNIT
        under = view.under(mesh[lower[1:-1]]) if round_eye else None
        if under is None:
            return points
        depths.append(under)
    placed = points.astype(np.float64)
    for view, mesh, under, (upper, lower, iris) in zip(views, meshes, depths, _EYES, strict=True):
        lid = mesh[lower[1:-1]]
        off = np.linalg.norm(mesh[: topology.FACE_POINTS, None] - lid, axis=-1).min(1)
        share = np.clip(1 - off / (_FADES[0] * _UNIT), 0, 1)
        share *= mesh[: topology.FACE_POINTS, 1] > np.interp(
            mesh[: topology.FACE_POINTS, 0], mesh[lower, 0], mesh[lower, 1] - 1
        )
        share[lower[[0, -1]]] = 0
        down = np.linalg.solve(view.matrix[:, :2], [0, under])
        placed[: topology.FACE_POINTS, :2] += share[:, None] * down
        lids = placed[np.concatenate([upper, lower[-2:0:-1]]), :2]
        eye = lids @ view.matrix[:, :2].T + view.matrix[:, 2]
        _move_iris(placed, view, eye, iris, view.white(skin))
    return placed.astype(np.float32)


class _View(NamedTuple):
    """An eye, upright, (S, S).

    Attributes:
        matrix: (2, 3) from the picture's pixels to the view's.
        colours: (S, S, 3) CIE L*a*b*.
        inside: (S, S) what lies between the mesh's lids.
        iris: (S, S) the mesh's.
    """

    matrix: NDArray[np.float64]
    colours: NDArray[np.float32]
    inside: NDArray[np.bool_]
    iris: NDArray[np.bool_]

    @staticmethod
    def of(
        image: NDArray[np.uint8],
        points: NDArray[np.floating],
        upper: NDArray[np.int64],
        lower: NDArray[np.int64],
        iris: NDArray[np.int64],
    ) -> "_View":
        start, end = points[upper[0], :2], points[upper[-1], :2]
        along = (end - start).astype(np.float64)
        along *= _UNIT / max(float(along @ along), 1e-6)
        turn = np.array([along, [-along[1], along[0]]])
        matrix = np.column_stack([turn, _REACH - turn @ ((start + end) / 2)])
        seen = cut_out(image, matrix, (_SIDE, _SIDE)).astype(np.float32) / 255
        colours = cv2.cvtColor(cv2.GaussianBlur(seen, (0, 0), 0.7), cv2.COLOR_RGB2LAB)
        mesh = points[:, :2] @ turn.T + matrix[:, 2]
        inside = _filled(np.concatenate([mesh[upper], mesh[lower][-2:0:-1]]))
        radius = float(np.linalg.norm(mesh[iris[1:]] - mesh[iris[0]], axis=1).mean())
        y, x = np.mgrid[:_SIDE, :_SIDE]
        disc = np.hypot(x - mesh[iris[0], 0], y - mesh[iris[0], 1]) < radius
        return _View(matrix, np.asarray(colours, np.float32), inside, disc)

    def edge(self, skin: NDArray[np.floating]) -> "_Edge | None":
        """Where the eye ends; None for eyes as the mesh has them.

        Args:
            skin: (3,) its colour.
        """
        near = self.near
        for ours in (self.white(skin), self.dark(skin)):
            if (ours & ~near).sum() > _BEYOND * self.inside.sum():
                break
        else:
            return None
        hull = cv2.convexHull(np.argwhere(ours | self.iris)[:, ::-1].astype(np.int32))[:, 0]
        edge = self._outwards(hull.astype(np.float64), skin)
        if edge is None:
            return None
        whole = _filled(edge.lids)
        like_skin = self._like(skin) & whole & ~ours
        if whole.sum() < _LARGER * self.inside.sum() or like_skin.sum() > _SKIN * whole.sum():
            return None
        return edge if edge.lids.min() > 1 and edge.lids.max() < _SIDE - 2 else None

    @property
    def near(self) -> NDArray[np.bool_]:
        """(S, S) the mesh's eye and a little about it."""
        around = np.ones((_NEAR, _NEAR), np.uint8)
        return np.asarray(cv2.dilate(self.inside.astype(np.uint8), around) > 0)

    def white(self, skin: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(S, S) what is paler than skin (3,) and goes on from the mesh's eye."""
        pale = _tint(self.colours) < _PALE * float(_tint(skin))
        white = pale & (self.colours[..., 0] > _BRIGHT * skin[0])
        _, labels = cv2.connectedComponents(white.astype(np.uint8), connectivity=4)
        return np.isin(labels, np.setdiff1d(labels[self.near], [0]))

    def dark(self, skin: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(S, S) what is darker than skin (3,) and round, and goes on from the mesh's iris."""
        dark = (self.colours[..., 0] < _DARK * skin[0]).astype(np.uint8)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_ROUND, _ROUND))
        _, labels = cv2.connectedComponents(cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel))
        ours = np.isin(labels, np.setdiff1d(labels[self.iris], [0]))
        if not ours.any() or self.iris[ours].sum() < _HALF * self.iris.sum():
            return np.zeros_like(ours)
        places = np.argwhere(ours)
        whole = _filled(_hull(places[:, ::-1].astype(np.float64)))
        down, across = np.ptp(places, axis=0) + 1
        eye = ours.sum() > _SOLID * whole.sum() and down > _UPRIGHT * across
        return ours if eye else np.zeros_like(ours)

    def under(self, lid: NDArray[np.floating]) -> float | None:
        """How far under a lower lid (N, 2) the eye goes on, in pixels; None if no white says it.

        From the white above the lid to the colour of the skin beneath, or to a line.
        """
        found = []
        for x, y in np.rint(lid).astype(int):
            column = self.colours[:, x]
            eye, skin = (np.median(column[y + s.start : y + s.stop], 0) for s in (_ABOVE, _BELOW))
            way = skin - eye
            seen = column[y : y + _UNDER]
            ends = (seen - eye) @ way > 0.5 * float(way @ way)
            ends |= seen[:, 0] < min(eye[0], skin[0]) - _LINE
            if eye[0] > _PALE_EYE * skin[0] and ends.any():
                found.append(int(ends.argmax()))
        return float(np.median(found)) + _OVER if len(found) >= _COLUMNS else None

    def _like(self, skin: NDArray[np.floating]) -> NDArray[np.bool_]:
        alike = _tint(self.colours - skin) < _APART * float(_tint(skin))
        return np.asarray(alike & (self.colours[..., 0] > _DARK * skin[0]))

    def _outwards(self, hull: NDArray[np.float64], skin: NDArray[np.floating]) -> "_Edge | None":
        """From a part of an eye, (N, 2), on to where skin begins, on all bearings."""
        middle = hull.mean(0)
        bearings = np.linspace(-np.pi, np.pi, _BEARINGS, endpoint=False)
        rays = np.stack([np.cos(bearings), np.sin(bearings)], -1)
        steps = np.arange(_REACH)
        places = np.rint(middle + steps[:, None, None] * rays).astype(int).clip(0, _SIDE - 1)
        x, y = places[..., 0], places[..., 1]
        known = steps[:, None] * _filled(hull)[y, x]
        start = known.max(0)
        skin_from = (steps[:, None] > start) & self._like(skin)[y, x]
        reach = skin_from.argmax(0).astype(np.float64)
        found = skin_from.any(0) & (reach < start + _FARTHER)
        if found.mean() < _MOST:
            return None
        reach = np.interp(bearings, bearings[found], reach[found], period=2 * np.pi)
        dark = (self.colours[..., 0] < _DARK * skin[0])[y, x]
        before = steps[:, None] - reach
        line = (dark & (before < 0) & (before >= -_THICK)).sum(0)
        ends = line < _THICK - 1  # elsewhere the dark goes on into the iris
        if not ends.any():
            return None
        line = np.interp(bearings, bearings[ends], line[ends], period=2 * np.pi)
        around = [
            np.roll(reach - _OF_LINE * line, k) for k in range(-(_SMOOTH // 2), _SMOOTH // 2 + 1)
        ]
        lids = middle + np.median(around, 0)[:, None] * rays
        return _Edge(_hull(lids), _hull(middle + reach[:, None] * rays))


class _Edge(NamedTuple):
    """The edge of an eye in its view.

    Attributes:
        lids: (N, 2) where lids end.
        skin: (M, 2) where skin begins, beyond a line.
    """

    lids: NDArray[np.float64]
    skin: NDArray[np.float64]


def _alike(right: _Edge, left: _Edge) -> bool:
    """Whether two eyes, each in its view, are of about the same size."""
    sizes = [_filled(edge.lids).sum() for edge in (right, left)]
    return bool(max(sizes) < _UNLIKE * min(sizes))


def _hull(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.convexHull(places.astype(np.float32))[:, 0], np.float64)


def _skin(image: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The colour of a face's bare skin in CIE L*a*b*, (3,)."""
    limit = np.array(image.shape[1::-1]) - 1
    x, y = np.clip(np.rint(points[topology.BARE_SKIN, :2]), 0, limit).astype(int).T
    bare = cv2.cvtColor(image[y, x][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(np.median(bare[0], axis=0), np.float32)


def _tint(colours: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far from grey colours (..., 3) in CIE L*a*b* are."""
    return np.asarray(np.linalg.norm(colours[..., 1:], axis=-1))


def _filled(contour: NDArray[np.floating]) -> NDArray[np.bool_]:
    found = np.zeros((_SIDE, _SIDE), np.uint8)
    cv2.fillPoly(found, [np.rint(contour).astype(np.int32)], (1,))
    return found > 0


def _move(
    placed: NDArray[np.float64],
    view: _View,
    edge: NDArray[np.float64],
    upper: NDArray[np.int64],
    lower: NDArray[np.int64],
) -> None:
    """Lids onto the edge of an eye, (N, 2) in its view, and the skin about them along, in place."""
    mesh = placed[:, :2] @ view.matrix[:, :2].T + view.matrix[:, 2]
    filled = _filled(edge)
    columns = np.flatnonzero(filled.any(0))
    low, high = columns[0], columns[-1]
    x = np.arange(_SIDE)
    top = filled.argmax(0).astype(float)
    bottom = _SIDE - 1 - filled[::-1].argmax(0).astype(float)
    lids, count = np.concatenate([upper, lower[1:-1]]), len(upper)
    along = (mesh[lids, 0] - mesh[upper[0], 0]) / (mesh[upper[-1], 0] - mesh[upper[0], 0])
    goal = np.empty((len(lids), 2))
    goal[:, 0] = low + np.clip(along, 0, 1) * (high - low)
    for part, rim in ((slice(count), top), (slice(count, None), bottom)):
        goal[part, 1] = np.interp(goal[part, 0], x, rim)
    for corner, column in ((0, low), (count - 1, high)):
        goal[corner, 1] = (top[column] + bottom[column]) / 2
    change = goal - mesh[lids]
    skin = np.setdiff1d(np.arange(topology.FACE_POINTS), lids)
    apart = np.linalg.norm(mesh[skin, None] - mesh[lids], axis=-1)
    weight = 1 / (apart**2 + 4.0) ** 2
    moved = weight @ change / weight.sum(1, keepdims=True)
    reach = max(_FADES[0] * _UNIT, _FADES[1] * float(np.linalg.norm(change, axis=1).max()))
    fade = np.clip(1 - apart.min(1) / reach, 0, 1)[:, None]
    mesh[lids] = goal
    mesh[skin] += fade * moved
    mesh[skin] = _beyond_line(mesh[skin], filled)
    inverse = np.linalg.inv(view.matrix[:, :2])
    placed[: topology.FACE_POINTS, :2] = (
        mesh[: topology.FACE_POINTS] - view.matrix[:, 2]
    ) @ inverse.T


def _beyond_line(places: NDArray[np.float64], eye: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Skin (N, 2) about an eye in its view, above it from beyond a line that is drawn there.

    What is stretched when the lid comes down is that skin. What lies farther out gives way, so
    that none changes places.
    """
    far = np.asarray(cv2.distanceTransform((~eye).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    far = np.asarray(cv2.GaussianBlur(far, (0, 0), 2.0), np.float32)
    out = np.stack([cv2.Sobel(far, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1))], -1)
    x, y = places.astype(np.float32).T[:, None]
    way = cv2.remap(out, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    beyond = cv2.remap(far, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    above = np.clip(-2 * way[:, 1], 0, 1)
    farther = above * np.maximum(_CREASE - beyond / 2, 0) * (beyond > 0)
    return np.asarray(places + farther[:, None] * way, np.float64)


def _move_iris(
    placed: NDArray[np.float64],
    view: _View,
    edge: NDArray[np.float64],
    iris: NDArray[np.int64],
    white: NDArray[np.bool_],
) -> None:
    """An iris to where the eye is not white, in place."""
    found = _disc(_filled(edge), white, view.iris)
    if found is None:
        return
    middle, radius = found
    rim = placed[iris[1:], :2] - placed[iris[0], :2]
    scale = float(np.hypot(*view.matrix[0, :2]))
    rim *= radius / scale / float(np.linalg.norm(rim, axis=1).mean())
    turn, shift = view.matrix[:, :2], view.matrix[:, 2]
    placed[iris[0], :2] = np.linalg.solve(turn, middle - shift)
    placed[iris[1:], :2] = placed[iris[0], :2] + rim


def _disc(
    eye: NDArray[np.bool_], white: NDArray[np.bool_], iris: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float] | None:
    """Middle and radius of what is not white in an eye, where the mesh has an iris, in the view."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    rest = cv2.morphologyEx((eye & ~white).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    outlines, _ = cv2.findContours(rest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(rest, outlines, -1, (1,), -1)  # with the lights in it
    row, column = (round(float(v)) for v in np.argwhere(iris).mean(0))
    spans = [s for k in range(-6, 7, 2) if (s := _span(rest[row + k], column))]
    if not spans:
        return None
    left, right = np.median(spans, axis=0)
    x, radius = (left + right) / 2, (right - left + 1) / 2
    upright = _span(rest[:, round(x)], row)
    if upright is None:
        return None
    top, bottom = upright
    # lashes and lids hide an end of it, which goes on into them
    y = (top + bottom) / 2
    if bottom - top > 2.2 * radius or bottom - top < 1.8 * radius:
        free = np.flatnonzero(eye[:, round(x)])[-1] - bottom > _FREE
        y = bottom - radius if free else top + radius
    return np.array([x, y]), radius


def _span(line: NDArray[Any], place: int) -> tuple[int, int] | None:
    """First and last of the pixels that are set about a place, without a gap."""
    if not line[place]:
        return None
    gaps = np.flatnonzero(line == 0)
    before, after = gaps[gaps < place], gaps[gaps > place]
    first = before[-1] + 1 if len(before) else 0
    last = (after[0] if len(after) else len(line)) - 1
    return int(first), int(last)
