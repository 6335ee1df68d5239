"""The eyes: an eyeball of its own behind the lids, so that they can open, close and look about.

The warp carries lids and lashes. Inside the lids the eyeball is drawn from a patch in which
the photo's eye was completed: the iris to a full disc, the white to where lids hid it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import sample
from gioconda.plate import fill
from gioconda.portrait import SHUT, Portrait

# The shape of an eye, alike for all portraits.
_RESOLUTION = 96  # of the patch, pixels for one width of the eye
_REACH = 0.75  # the patch shows this many widths of the eye to each side of its middle
_IRIS = 0.21  # radius of an iris, in widths of the eye
_RIM = 0.025  # of the opening along the lids that the warp draws, in widths of the eye
_NEAR = 0.1  # an iris within this of where the photo has it leaves the rim to the warp
_SOFT = 0.05  # within which the eyeball fades under the lids, in widths of the eye
_SHADOW = 0.3  # how much the upper lid darkens the eyeball under it
_BLANK = 0.7  # brightness of an iris against its white: statues' are from 0.8 on, others below 0.6
_DISC = (1.05, 1.25)  # of the iris' radius: up to the first all is iris, from the second on none
_STEPS = np.linspace(0, 1.3, 14)  # of the iris' radius, from its centre into the white


@dataclass(frozen=True)
class Eye:
    """One eye of a portrait, ready to be drawn.

    Lengths are in widths of the eye, from the middle between its corners: x along the
    corners, y down. Colours are without the upper lid's shadow.

    Attributes:
        upper, lower: (9,) mesh points along the lids, from corner to corner.
        centre: mesh point of the iris' centre.
        white: (P, P, 3) the eyeball without its iris.
        iris: (P, P, 4) the iris, completed to a disc, and as the fourth channel how much of a
            pixel it is, 0 to 1; None for an eye without one, as statues have them.
        home: (2,) where the iris lies in the patches.
    """

    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    centre: int
    white: NDArray[np.float32]
    iris: NDArray[np.float32] | None
    home: NDArray[np.float64]

    def draw(self, out: NDArray[np.uint8], face: NDArray[np.float32]) -> None:
        """Draw the eyeball between the lids.

        Args:
            out: (H, W, 3), changed in place.
            face: (478, 3) the mesh in `out`'s pixels.
        """
        lids = np.concatenate([face[self.upper, :2], face[self.lower, :2]])
        low = np.maximum(np.floor(lids.min(0)).astype(int) - 2, 0)
        high = np.minimum(np.ceil(lids.max(0)).astype(int) + 3, [out.shape[1], out.shape[0]])
        if (high - low < 3).any():
            return
        start, end = face[self.upper[0], :2], face[self.upper[-1], :2]
        frame, middle, width = axes_between(start, end)
        if width < 4:
            return
        place = pixels_from(middle, low, high) @ frame.T / width
        top, bottom = (
            along_axes(face[self.upper, :2], middle, frame, width),
            along_axes(face[self.lower, :2], middle, frame, width),
        )
        above = place[..., 1] - np.interp(place[..., 0], *top)
        below = np.interp(place[..., 0], *bottom) - place[..., 1]
        look = (face[self.centre, :2] - middle) @ frame.T / width - self.home
        # The warp keeps the rim, with its lashes and their shadow, unless the iris under it
        # has gone elsewhere.
        rim = min(_RIM, 0.15 * float((above + below).max()))
        if self.iris is not None:
            rim *= max(0.0, 1 - float(np.linalg.norm(look)) / _NEAR)
        feather = max(1.2 / width, rim, _SOFT)
        inside = np.clip((above - rim) / feather, 0, 1) * np.clip((below - rim) / feather, 0, 1)
        window = out[low[1] : high[1], low[0] : high[0]]
        if inside.max() <= 0:
            _close(window, face[self.upper, :2] - low)
            return
        colours = _at(self.white, place)
        if self.iris is not None:
            iris = _at(self.iris, place - look)
            colours += (iris[..., :3] - colours) * iris[..., 3:]
        mixed = window + (colours * _shade(above)[..., None] - window) * inside[..., None]
        window[:] = np.clip(np.rint(mixed), 0, 255)


def make_eyes(portrait: Portrait) -> tuple[Eye, Eye]:
    """The right and the left eye of a portrait.

    An eye too narrow to be read has the colours of the other, if that shows them.
    """
    right, left = (
        _Opening.of(portrait, *points)
        for points in (
            (topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER, topology.RIGHT_IRIS),
            (topology.LEFT_LID_UPPER[::-1], topology.LEFT_LID_LOWER[::-1], topology.LEFT_IRIS),
        )
    )
    darkness = [d for d in (right.darkness(), left.darkness()) if not np.isnan(d)]
    blank = bool(darkness) and float(np.mean(darkness)) > _BLANK
    return right.complete(left, blank), left.complete(right, blank)


def _at(patch: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.float32]:
    """A patch at places (h, w, 2) in widths of the eye."""
    grid = ((place + _REACH) * _RESOLUTION).astype(np.float32)
    found = cv2.remap(patch, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)


def _close(window: NDArray[np.uint8], lid: NDArray[np.float32]) -> None:
    """Blur the line where lids meet, (N, 2), in place: pixels of one or the other are stairs."""
    line = np.zeros(window.shape[:2], np.uint8)
    places = np.rint(lid * 16).astype(np.int32)
    cv2.polylines(line, [places], False, (255,), 3, cv2.LINE_AA, 4)
    mixed = window + (cv2.GaussianBlur(window, (0, 0), 1.0) - window.astype(np.float32)) * (
        line[..., None] / np.float32(255)
    )
    window[:] = np.rint(mixed)


def _shade(above: NDArray[np.float64]) -> NDArray[np.float32]:
    """How bright the eyeball is so far under the upper lid."""
    return np.asarray(1 - _SHADOW * np.exp(-np.maximum(above, 0) / 0.07), np.float32)


@dataclass(frozen=True)
class _Opening:
    """What the photo shows of an eye, in a patch (P, P), and where.

    Attributes:
        seen: (P, P, 3) the photo.
        above, below: (P, P) how far under the upper and above the lower lid.
        edge: how much of that is the lids' rim.
        distance: (P, P) from the iris' centre, in its radii.
        skin: (3,) colour beside the eye.
    """

    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    centre: int
    home: NDArray[np.float64]
    seen: NDArray[np.float32]
    above: NDArray[np.float64]
    below: NDArray[np.float64]
    edge: float
    distance: NDArray[np.float64]
    skin: NDArray[np.float32]

    @staticmethod
    def of(
        portrait: Portrait,
        upper: NDArray[np.int64],
        lower: NDArray[np.int64],
        iris: NDArray[np.int64],
    ) -> "_Opening":
        points = portrait.points.astype(np.float64)
        frame, middle, width = axes_between(points[upper[0], :2], points[upper[-1], :2])
        side = round(2 * _REACH * _RESOLUTION)
        axis = np.arange(side) / _RESOLUTION - _REACH
        place = np.stack(np.meshgrid(axis, axis), -1)
        source = (place @ frame * width + middle + portrait.margin).astype(np.float32)
        seen = sample(portrait.texture[..., :3].copy(), source).astype(np.float32)
        edges = (along_axes(points[edge, :2], middle, frame, width) for edge in (upper, lower))
        top, bottom = edges
        above = place[..., 1] - np.interp(place[..., 0], *top)
        below = np.interp(place[..., 0], *bottom) - place[..., 1]
        home = (points[iris[0], :2] - middle) @ frame.T / width
        rim = (points[iris[1:], :2] - middle) @ frame.T / width - home
        radius = float(np.clip(np.linalg.norm(rim, axis=1).mean(), 0.8 * _IRIS, 1.35 * _IRIS))
        opening = float(np.max(np.interp(top[0], *bottom) - top[1]))
        edge = min(_RIM, 0.15 * opening) if opening >= SHUT else np.inf
        distance = np.linalg.norm(place - home, axis=-1) / radius
        skin = np.median(seen[(above < -0.1) | (below < -0.1)], axis=0)
        return _Opening(upper, lower, int(iris[0]), home, seen, above, below, edge, distance, skin)

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(P, P) what lies between the lids; nothing of an eye too narrow to be read."""
        return (self.above > self.edge) & (self.below > self.edge)

    @property
    def readable(self) -> bool:
        return int(self.visible.sum()) >= 40

    def complete(self, other: "_Opening", blank: bool) -> Eye:
        """The eyeball with what lids and iris hide: white, and an iris that is the same all round.

        Args:
            other: the face's other eye.
            blank: whether there is no iris.
        """
        shown = self if self.readable or not other.readable else other
        lit = self.seen / _shade(self.above)[..., None]
        visible, base = self.visible, shown.white()
        known = visible & (blank | (self.distance > _DISC[1]))
        if known.sum() > 30:
            white = fill(lit, known[..., None].astype(np.float32))
        else:
            white = np.broadcast_to(base, lit.shape).astype(np.float32)
        if blank:
            return Eye(self.upper, self.lower, self.centre, white, None, self.home)
        profile = shown.profile(base)
        made = np.stack([np.interp(self.distance, _STEPS, shade) for shade in profile.T], -1)
        soft = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), 2.0)
        soft = np.clip(2 * soft - 1, 0, 1)[..., None]
        part = np.clip((_DISC[1] - self.distance) / (_DISC[1] - _DISC[0]), 0, 1)
        iris = np.dstack([made + (lit - made) * soft, part]).astype(np.float32)
        return Eye(self.upper, self.lower, self.centre, white, iris, self.home)

    def white(self) -> NDArray[np.float32]:
        """The colour of the white, (3,), from the little that may be seen of it."""
        if not self.readable:
            return np.asarray(0.35 * self.skin + 0.65 * float(self.skin.mean()) * 1.1, np.float32)
        visible = self.visible
        white = visible & (self.distance > _DISC[1])
        bright = self.seen[white if white.sum() > 30 else visible]
        tone = bright.mean(1)
        base = np.median(bright[tone >= np.quantile(tone, 0.7)], axis=0)
        # what little white shows between lids is in their shadow
        if base.mean() < self.skin.mean():
            base = (base + self.skin + self.skin.mean()) / 3
        return np.asarray(base, np.float32)

    def darkness(self) -> float:
        """How bright the iris is against what is beside it; NaN where that is not seen."""
        within, beside = (
            self.seen[self.visible & (self.distance > low) & (self.distance < high)]
            for low, high in ((0, 0.8), (1.2, 1.8))
        )
        if min(len(within), len(beside)) < 30:
            return float("nan")
        return float(np.median(within.mean(1)) / max(float(np.median(beside.mean(1))), 1))

    def profile(self, white: NDArray[np.float32]) -> NDArray[np.float32]:
        """Colours of the iris at `_STEPS` of its radius, (N, 3)."""
        if not self.readable:
            shades = np.interp(_STEPS, [0, 0.4, 0.5, 1, 1.3], [0.1, 0.1, 0.3, 0.25, 1.0])
            return np.outer(shades, white).astype(np.float32)
        visible = self.visible
        last = self.seen[visible & (self.distance < 1.2)]
        fallback = np.median(last, axis=0) if len(last) else white * 0.4
        profile = np.empty((len(_STEPS), 3), np.float32)
        for i, step in enumerate(_STEPS):
            ring = visible & (np.abs(self.distance - step) < 0.08)
            profile[i] = np.median(self.seen[ring], axis=0) if ring.sum() > 4 else fallback
        profile[-2:] = white
        return profile


def pixels_from(
    middle: NDArray[np.floating], low: NDArray[np.int_], high: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Pixels from `low` (x, y) up to, not including, `high`, seen from a place, (h, w, 2)."""
    width, height = high - low
    found = np.empty((height, width, 2))
    found[..., 0] = np.arange(low[0], high[0]) - middle[0]
    found[..., 1] = (np.arange(low[1], high[1]) - middle[1])[:, None]
    return found


def axes_between(
    start: NDArray[np.floating], end: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """From the corners of an eye or a mouth: its axes (2, 2) as rows, its middle and its width."""
    along = (end - start).astype(np.float64)
    width = max(float(np.linalg.norm(along)), 1e-6)
    along /= width
    return np.array([along, [-along[1], along[0]]]), (start + end) / 2.0, width


def along_axes(
    points: NDArray[np.floating],
    middle: NDArray[np.float64],
    frame: NDArray[np.float64],
    width: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An edge between the corners as x (rising) and y on those axes, in widths."""
    place = (points - middle) @ frame.T / width
    return np.maximum.accumulate(place[:, 0] + np.arange(len(place)) * 1e-6), place[:, 1]
