"""The sheet: one mesh over the whole crop, on a smooth proxy of head, hair, neck and body.

The face is the dense mesh, with one more row of vertices along the upper lids; rays run
outward from its oval to beyond the crop, over ears, skull, hair, neck and shoulders. Every
vertex has a place in the head frame and says how far it follows the head: fully on the head,
not at all on the body, smoothly in between.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.measure import lid_gap
from gioconda.face.pose import HeadPose, rotation
from gioconda.portrait import Portrait
from gioconda.renderer.lips import LIPS, Roll, gaps, reach, roll_in
from gioconda.renderer.outline import Edges, beside_lips, drawn_in, unfolded
from gioconda.renderer.view import HeadPlace

# The shape of the sheet, alike for every portrait and every weights file: networks are trained on
# what it draws. Lengths in inter-ocular distances.
_RINGS = np.array([0.06, 0.13, 0.22, 0.34, 0.5, 0.7, 0.95, 1.3, 1.75, 2.4, 3.3, 4.6, 6.5])
_SKULL_DEPTH = 0.5  # how far behind the eyes the silhouette of the head lies
_SKULL_CURVE = 0.4  # how quickly the proxy goes back there from the oval of the face
_NECK = (1.2, 2.1)  # under the eyes: the head ends, the body begins
_REACH = (2.3, 3.2)  # from the head's middle: as far as hair follows
_DEPTH = 1.3  # the mesh network gives depths so much too small, by turns that it then finds
_FLATTER = (0.3, 0.5)  # cheeks deeper than this are this much as deep: they stretch less
_GIVE = 0.35  # how far beyond the oval the skin goes with the jaw
_TURN = np.radians(35)  # the most that a head turns from how the photo shows it
# What yaw and pitch turn less back towards the front, for each radian it is turned in the photo,
# and what every head may; at a side's outline lips, brow and lashes would be seen twice.
_BACK = ((2.0, np.radians(1.5)), (1.4, np.radians(6)))
_ASIDE = np.radians(40)  # the farthest it is turned in all: beyond, the far half is a sliver
_LITTLE = np.radians(6)  # what every head may turn away
_LASHES = 0.13  # height of the lashes, which do not stretch, in widths of the eye
_FARTHEST, _NEAREST = 5.0, 1.5  # limits of a head's place and log scale; beyond is no picture
_EDGE = 0.05  # of the crop: held still along borders inside the photo
_PULL = 0.4  # most that the picture stretches where it moves away from the photo's edge
_FREE = 1.3  # of a move: given so much room it is held back by no more than 2 per cent
_MEETING = (0.1, 0.5)  # of the photo's gap between the lids: from where on they meet all along

_RIMS, _CREASES = topology.UPPER_LIDS, topology.LID_CREASES
# The lids without the corners, from the outer to the inner one, right, then left.
_UPPER = np.concatenate([topology.RIGHT_LID_UPPER[1:-1], topology.LEFT_LID_UPPER[1:-1]])
_LOWER = np.concatenate([topology.RIGHT_LID_LOWER[1:-1], topology.LEFT_LID_LOWER[1:-1]])


@dataclass(frozen=True)
class Sheet:
    """The mesh of a portrait and how it moves.

    Attributes:
        triangles: (F, 3) vertices; clockwise in the picture, y down, when seen from the front.
        texture: (V, 2) where each vertex lies in the portrait's texture, x and y in pixels, when
            the portrait is at rest.
        roll: how lips are drawn that part.
    """

    triangles: NDArray[np.int32]
    texture: NDArray[np.float32]
    roll: Roll
    _portrait: Portrait
    _rest: NDArray[np.float64]
    _home: NDArray[np.float64]
    _face: NDArray[np.float64]
    _outer: NDArray[np.float64]
    _anchor: NDArray[np.int64]
    _give: NDArray[np.float64]
    _follow: NDArray[np.float64]
    _room: NDArray[np.float64]
    _apart: NDArray[np.float64]
    _down: NDArray[np.float64]
    _unit: float
    _edges: Edges

    def moving(self) -> NDArray[np.int32]:
        """The triangles that may move, (F, 3); all others lie still, whatever the motion."""
        return self.triangles[self._follow[self.triangles].any(1)]

    def place(
        self,
        pose: NDArray[np.floating],
        dynamics: NDArray[np.floating],
        seen: NDArray[np.floating] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Where the vertices lie for a pose (6,) and dynamics (D,).

        Args:
            pose: (6,) as in Motion.
            dynamics: (D,) as in Motion.
            seen: (478, 2 or 3) a mesh in the crop's pixels onto which the face is moved, if it
                is known better than pose and dynamics say it (in training it is).

        Returns:
            The vertices (V, 3) in the crop's pixels, z growing away from the camera; where they
            lie in the portrait's texture, (V, 2); and the face (478, 3) in the crop's pixels,
            irises included.
        """
        p = self._portrait
        change = np.tensordot(dynamics - p.expression, p.basis.dynamics, 1)
        face = self._face + change
        rims = [np.linalg.norm(change[rim], axis=1, keepdims=True) for rim, _ in LIPS]
        if seen is None:
            shut = self._meet(face)
            face[_UPPER] += shut
            change[_UPPER] += shut  # the lashes go with the lids
        outer = self._outer + self._give[:, None] * change[self._anchor]
        head = np.concatenate([face[: topology.FACE_POINTS], outer, face[topology.FACE_POINTS :]])
        place = self.head(pose)
        placed = place.size * (head @ rotation(place.yaw, place.pitch, place.roll).T)
        placed[:, :2] += place.centre
        count = len(self._follow)
        change = placed[:, :2] - self._rest
        change[:count] *= self._follow[:, None]
        placed[:, :2] = self._home + held_back(change, self._room)
        moved, iris = placed[:count], placed[count:]
        if seen is not None:
            off = seen[: topology.FACE_POINTS, :2] - moved[: topology.FACE_POINTS, :2]
            moved[: topology.FACE_POINTS, :2] += off
            held = self._follow[topology.FACE_POINTS :] * self._give
            moved[topology.FACE_POINTS :, :2] += held[:, None] * off[self._anchor]
            iris[:, :2] = seen[topology.FACE_POINTS :, :2]
        texture = self._beside_seam(roll_in(moved, place.size, self.roll, self._apart), rims)
        turned = self._unit * self._face @ rotation(place.yaw, place.pitch, float(p.pose[2])).T
        self._edges.stretch(texture, turned[: topology.FACE_POINTS, :2])
        whole = np.concatenate([moved[: topology.FACE_POINTS], iris])
        return moved.astype(np.float32), texture, whole.astype(np.float32)

    def _beside_seam(
        self, apart: NDArray[np.float64], moved: list[NDArray[np.float64]]
    ) -> NDArray[np.float32]:
        """Where vertices lie in the texture.

        Lips farther apart than in the photo leave the line along which they met. Lips that the
        photo has apart leave what shone between them, since teeth stay where a lip moves over them,
        and no tracker finds rims to the pixel.

        Args:
            apart: how far lips are apart, (11, 1), as `roll_in` says it.
            moved: how far each rim is from where the photo has it, (11, 1) in the same unit.
        """
        texture, roll, own = self.texture.copy(), self.roll, self._apart
        for (rim, edge), most, far in zip(LIPS, (roll.upper, -roll.lower), moved, strict=True):
            lip = self.texture[edge] - self.texture[rim]
            height = np.linalg.norm(lip, axis=1, keepdims=True) / self._unit + 1e-3
            rolled = reach(own, abs(most), roll.share)
            left = np.abs(apart - own) + rolled / abs(most) * far
            still = np.copysign(self._unit, most) * np.maximum(rolled - left, 0)
            texture[rim] += still * self._down
            texture[rim] += reach(left, roll.seam * height, roll.share) / height * lip
        return texture

    def _meet(self, face: NDArray[np.float64]) -> NDArray[np.float64]:
        """How upper lids must go to meet the lower all along, where on the whole they do, (14, 3).

        Lids of another shape than the mean face's would meet here, and cross or gape there.
        """
        gaps, own = (f[_LOWER] - f[_UPPER] for f in (face, self._face))
        left = max(float(lid_gap(face) / lid_gap(self._face)), 0.0)
        share = 1 - _step(np.array(left), *_MEETING)
        moved: NDArray[np.float64] = share * (gaps - left * own)
        return moved

    def head(self, pose: NDArray[np.floating]) -> HeadPlace:
        """Where the head is in the crop for a pose (6,)."""
        head, own = self._portrait.head, self._portrait.pose
        yaw, pitch, roll, x, y, log_scale = (float(v) for v in pose)
        yaw = own[0] + _limit(yaw - own[0], own[0], *_BACK[0])
        pitch = own[1] + _limit(pitch - own[1], own[1], *_BACK[1])
        x, y = np.clip([x, y], -_FARTHEST, _FARTHEST)
        size = float(head.size[0] * np.exp(np.clip(log_scale, -_NEAREST, _NEAREST)))
        centre = head.centre[0] + head.size[0] * np.array([x, y])
        return HeadPlace(centre, size, roll, float(yaw), float(pitch))


def make_sheet(portrait: Portrait) -> Sheet:
    """The sheet of a portrait."""
    face = portrait.points[: topology.FACE_POINTS].astype(np.float64)
    head, unit = portrait.head, float(portrait.head.size[0])
    oval = topology.FACE_OVAL
    middle = face[oval, :2].mean(0)
    spokes = face[oval, :2] - middle
    bearing = np.unwrap(np.arctan2(spokes[:, 1], spokes[:, 0]))
    bearing = np.maximum.accumulate(bearing + np.arange(len(oval)) * 1e-4)
    direction = np.stack([np.cos(bearing), np.sin(bearing)], -1)
    rings = face[oval, :2] + unit * _RINGS[:, None, None] * direction  # (R, 36, 2)
    rings = np.clip(rings, *_photo(portrait))  # the outermost lie along the photo's edges

    deep = _deep(portrait)
    start = deep[oval]
    out = np.linalg.norm(rings - face[oval, :2], axis=-1) / unit
    way = _within_person(portrait, face[oval, :2], unit * direction, out)
    back = 1 - np.exp(-way / _SKULL_CURVE)
    depth = start + (_SKULL_DEPTH - start) * back
    outer = lift(rings.reshape(-1, 2), depth.reshape(-1), head)

    lashes = _lashes(portrait)
    # where the picture ends at the neck, the neck holds still sooner
    end = (portrait.size * (1 - _EDGE) - head.centre[0, 1]) / unit
    neck = float(np.clip(end, _NECK[0] + 0.2, _NECK[1]))
    follow = 1 - _step(outer[:, 1], min(_NECK[0], neck - 0.6), neck)
    follow *= 1 - _step(np.linalg.norm(outer[:, :2] - [0, 0.2], axis=1), *_REACH)
    follow *= _inside(portrait, rings.reshape(-1, 2))
    outer = np.concatenate([outer, lift(lashes, deep[_RIMS], head)])
    rest = np.concatenate([face[:, :2], rings.reshape(-1, 2), lashes])
    whole = np.concatenate([rest, portrait.points[topology.FACE_POINTS :, :2]])
    home = whole.copy()
    home[: len(face)] = beside_lips(portrait, home[: len(face)] + drawn_in(portrait))
    home = np.clip(home, *_photo(portrait))
    texture = home[: len(rest)].copy()
    texture[: len(face)] = unfolded(portrait, home[: len(face)])
    margin = portrait.margin
    apart, down = gaps(face)
    return Sheet(
        triangles=_triangles(portrait.basis.triangles, portrait.basis.mean),
        texture=(texture + margin).astype(np.float32),
        roll=Roll(),
        _portrait=portrait,
        _rest=whole,
        _home=home,
        _face=lift_face(portrait),
        _outer=outer,
        _anchor=np.concatenate([np.tile(oval, len(_RINGS)), _RIMS]),
        _give=np.concatenate([np.exp(-out.reshape(-1) / _GIVE), np.ones(len(_RIMS))]),
        _follow=np.concatenate([np.ones(len(face)), follow, np.ones(len(_RIMS))]),
        _room=_room_to_shut(room_to_move(portrait, home), apart),
        _apart=apart / unit,
        _down=down,
        _unit=unit,
        _edges=Edges.of(portrait, home[: len(face)] + margin, rest[: len(face)] - head.centre[0]),
    )


def lift_face(portrait: Portrait) -> NDArray[np.float64]:
    """The face in the head frame, (478, 3), as deep as it is turned."""
    return lift(portrait.points[:, :2], _deep(portrait), portrait.head)


def _deep(portrait: Portrait) -> NDArray[np.float64]:
    """How deep the face is in the head frame, (478,)."""
    deep = _DEPTH * portrait.face[:, 2]
    return np.where(deep > _FLATTER[0], _FLATTER[0] + _FLATTER[1] * (deep - _FLATTER[0]), deep)


def _lashes(portrait: Portrait) -> NDArray[np.float64]:
    """A row just above each upper lid's edge, (14, 2): it moves as the edge does.

    So a lid that closes draws skin out of the crease, and lashes keep their shape.
    """
    points = portrait.points[:, :2].astype(np.float64)
    outer = points[[topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER]]
    inner = points[[topology.RIGHT_EYE_INNER, topology.LEFT_EYE_INNER]]
    corners = np.linalg.norm(outer - inner, axis=1)
    most = _LASHES * np.repeat(corners, len(_RIMS) // 2)
    up = points[_CREASES] - points[_RIMS]
    length = np.linalg.norm(up, axis=1)
    share = np.minimum(most, 0.75 * length) / np.maximum(length, 1e-6)
    raised: NDArray[np.float64] = points[_RIMS] + share[:, None] * up
    return raised


def _step(x: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _limit(turn: float, own: float, back: float, least: float) -> float:
    """A turn of the head from how the photo shows it, held softly to what the photo can give.

    A face seen from the side hides its other side, so it may turn but little back; nor far away,
    where its far cheek, eye and corner of the mouth would be slivers.
    """
    if turn * own < 0:
        room = max(least, _TURN - back * abs(own))
    else:
        room = max(_LITTLE, min(_TURN, _ASIDE - abs(own)))
    free = 0.7 * room  # below this nothing is changed
    over = abs(turn) - free
    if over <= 0:
        return turn
    return float(np.copysign(free + (room - free) * np.tanh(over / (room - free)), turn))


def lift(
    places: NDArray[np.floating], depth: NDArray[np.floating], head: HeadPose
) -> NDArray[np.float64]:
    """Points in the head frame, (N, 3), that lie at these pixels (N, 2) and this deep (N,)."""
    turn = head.rotation[0]
    flat = (places - head.centre[0]) / head.size[0]
    camera_z = (depth - flat @ turn[:2, 2]) / turn[2, 2]
    lifted: NDArray[np.float64] = np.column_stack([flat, camera_z]) @ turn
    return lifted


def _within_person(
    portrait: Portrait,
    start: NDArray[np.float64],
    step: NDArray[np.float64],
    out: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How much of the way so far `out` lies on the person, (R, 36), in inter-ocular distances.

    The proxy goes back only there: where the face's edge is the silhouette, what turns into
    view is more of the same skin, not a stretched edge.
    """
    fine = np.arange(0, _RINGS[-1], 0.02)
    places = start + fine[:, None, None] * step + portrait.margin
    limit = portrait.texture.shape[0] - 1
    x, y = np.clip(np.rint(places), 0, limit).astype(int).transpose(2, 0, 1)
    matte = portrait.texture[y, x, 3] / 255.0
    way = np.cumsum(np.minimum.accumulate(matte, axis=0), axis=0) * 0.02
    return np.stack([np.interp(o, fine, w) for o, w in zip(out.T, way.T, strict=True)], -1)


def _inside(portrait: Portrait, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 at borders of the crop that cut through the photo, 1 elsewhere."""
    height, width = portrait.photo.shape[:2]
    left, top, side = portrait.crop
    size = portrait.size
    free = np.ones(len(places))
    for cut, distance in (
        (left > 0, places[:, 0]),
        (top > 0, places[:, 1]),
        (left + side < width, size - places[:, 0]),
        (top + side < height, size - places[:, 1]),
    ):
        if cut:
            free *= _step(distance / size, 0, _EDGE)
    return free


def _photo(portrait: Portrait) -> NDArray[np.float64]:
    """The photo's upper left and lower right corner in the crop's pixels, (2, 2), x and y."""
    corners = np.array([(0, 0), portrait.photo.shape[1::-1]])
    placed: NDArray[np.float64] = corners - portrait.crop[:2]
    return placed * portrait.size / portrait.crop[2] - 0.5


def room_to_move(portrait: Portrait, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each place (N, 2) may move away from the photo's edges, (N, 2, 2), in pixels.

    The first towards greater x and y, away from the left and the upper edge; then the others.
    """
    low, high = _photo(portrait)
    room: NDArray[np.float64] = _PULL * np.stack([places - low, high - places], 1)
    return np.maximum(room, 1e-6)


def _room_to_shut(room: NDArray[np.float64], apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Room (N, 2, 2), upwards enough for lips that are `apart` (11, 1) pixels to meet.

    Just above the photo's lower edge, the picture is stretched for it.
    """
    up = room[:, 1, 1]
    up *= max(1.0, float((_FREE * apart[:, 0] / up[topology.LIP_INNER_LOWER]).max()))
    return room


def held_back(change: NDArray[np.float64], room: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moves (N, 2) that uncover nothing beyond the photo's edges.

    What moves away from an edge goes at most `room` (N, 2, 2); much less is not changed.
    """
    limit = np.where(change > 0, room[:, 0], room[:, 1])
    share = np.square(np.square(change / limit))
    held: NDArray[np.float64] = change / np.sqrt(np.sqrt(np.sqrt(1 + share * share)))
    return held


def _triangles(face: NDArray[np.int32], mean: NDArray[np.float32]) -> NDArray[np.int32]:
    """The face, its holes closed, and the rings, all turned the same way."""
    # the skin above the upper lids hangs on the row of the lashes, that row on the lids' edges
    first = topology.FACE_POINTS + len(_RINGS) * len(topology.FACE_OVAL)
    raised = np.arange(len(mean))
    raised[_RIMS] = first + np.arange(len(_RIMS))
    parts = []
    for edge in (topology.RIGHT_LID_UPPER, topology.LEFT_LID_UPPER):
        parts.append(_strip(raised[edge], edge))
    for upper, lower in (
        (topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER),
        (topology.LEFT_LID_UPPER, topology.LEFT_LID_LOWER),
        (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER),
    ):
        parts.append(_strip(upper, lower))
    strips = np.array(np.concatenate(parts), np.int32)
    flat = np.concatenate([mean[:, :2], np.zeros((first - len(mean), 2)), mean[_RIMS, :2]])
    flat[first:, 1] -= 1e-3
    a, b, c = (flat[strips[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    strips[area < 0] = strips[area < 0][:, ::-1]
    # The basis winds the face's the other way. All are reversed alike, whichever way they lie in
    # the mean face, where one at a nostril is folded over.
    inner = np.concatenate([raised[face][:, ::-1], strips])

    count = len(topology.FACE_OVAL)
    ring = topology.FACE_POINTS + np.arange(len(_RINGS) * count).reshape(-1, count)
    ring = np.concatenate([topology.FACE_OVAL[None], ring])
    here, there = ring[:-1], ring[1:]
    here_next, there_next = np.roll(here, -1, 1), np.roll(there, -1, 1)
    outer = np.concatenate(
        [
            np.stack([here, there, there_next], -1).reshape(-1, 3),
            np.stack([here, there_next, here_next], -1).reshape(-1, 3),
        ]
    )
    return np.ascontiguousarray(np.concatenate([inner, outer]), np.int32)


def _strip(upper: NDArray[np.int64], lower: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles between two edges that share their ends."""
    quads = zip(upper[:-1], upper[1:], lower[1:], lower[:-1], strict=True)
    found = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d)) if len(set(t)) == 3]
    return np.array(found)
