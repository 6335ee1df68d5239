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
from gioconda.portrait import Portrait

# The shape of an eye, alike for all portraits.
_RESOLUTION = 96  # of the patch, pixels for one width of the eye
_REACH = 0.75  # the patch shows this many widths of the eye to each side of its middle
_IRIS = 0.21  # radius of an iris, in widths of the eye
_RIM = 0.025  # of the opening along the lids that the warp draws, in widths of the eye
_NEAR = 0.1  # an iris within this of where the photo has it leaves the rim to the warp
_SOFT = 0.05  # within which the eyeball fades under the lids, in widths of the eye
_SHADOW = 0.3  # how much the upper lid darkens the eyeball under it
_VISIBLE = 0.1  # least height over width from which an eye's own colours are read


@dataclass(frozen=True)
class Eye:
    """One eye of a portrait, ready to be drawn.

    Lengths are in widths of the eye, from the middle between its corners: x along the
    corners, y down.

    Attributes:
        upper, lower: (9,) mesh points along the lids, from corner to corner.
        iris: mesh point of the iris' centre.
        patch: (P, P, 3) the completed eyeball.
        home: (2,) where the iris lies in the patch.
    """

    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    iris: int
    patch: NDArray[np.uint8]
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
        look = (face[self.iris, :2] - middle) @ frame.T / width - self.home
        # The warp keeps the rim, with its lashes and their shadow, unless the iris under it
        # has gone elsewhere.
        rim = min(_RIM, 0.15 * float((above + below).max()))
        rim *= max(0.0, 1 - float(np.linalg.norm(look)) / _NEAR)
        feather = max(1.2 / width, rim, _SOFT)
        inside = np.clip((above - rim) / feather, 0, 1) * np.clip((below - rim) / feather, 0, 1)
        if inside.max() <= 0:
            return
        source = place - look
        grid = ((source + _REACH) * _RESOLUTION).astype(np.float32)
        colours = sample(self.patch, grid)
        shade = 1 - _SHADOW * np.exp(-np.maximum(above, 0) / 0.07)
        window = out[low[1] : high[1], low[0] : high[0]]
        mixed = window + (colours * shade[..., None] - window) * inside[..., None]
        window[:] = np.clip(np.rint(mixed), 0, 255)


def make_eyes(portrait: Portrait) -> tuple[Eye, Eye]:
    """The right and the left eye of a portrait."""
    right = (topology.RIGHT_LID_UPPER, topology.RIGHT_LID_LOWER, topology.RIGHT_IRIS)
    left = (topology.LEFT_LID_UPPER[::-1], topology.LEFT_LID_LOWER[::-1], topology.LEFT_IRIS)
    return _make_eye(portrait, *right), _make_eye(portrait, *left)


def _make_eye(
    portrait: Portrait,
    upper: NDArray[np.int64],
    lower: NDArray[np.int64],
    iris: NDArray[np.int64],
) -> Eye:
    points = portrait.points.astype(np.float64)
    frame, middle, width = axes_between(points[upper[0], :2], points[upper[-1], :2])
    side = round(2 * _REACH * _RESOLUTION)
    axis = np.arange(side) / _RESOLUTION - _REACH
    place = np.stack(np.meshgrid(axis, axis), -1)
    margin = portrait.margin
    source = (place @ frame * width + middle + margin).astype(np.float32)
    seen = sample(portrait.texture[..., :3].copy(), source).astype(np.float32)

    top, bottom = (along_axes(points[edge, :2], middle, frame, width) for edge in (upper, lower))
    above = place[..., 1] - np.interp(place[..., 0], *top)
    below = np.interp(place[..., 0], *bottom) - place[..., 1]
    home = (points[iris[0], :2] - middle) @ frame.T / width
    rim = (points[iris[1:], :2] - middle) @ frame.T / width - home
    radius = float(np.clip(np.linalg.norm(rim, axis=1).mean(), 0.8 * _IRIS, 1.35 * _IRIS))
    opening = float(np.max(np.interp(top[0], *bottom) - top[1]))
    patch = _complete(seen, above, below, place - home, radius, opening)
    return Eye(upper, lower, int(iris[0]), patch, home)


def _complete(
    seen: NDArray[np.float32],
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    from_iris: NDArray[np.float64],
    radius: float,
    opening: float,
) -> NDArray[np.uint8]:
    """The eyeball with what the lids hide: white, and an iris that is the same all round."""
    distance = np.linalg.norm(from_iris, axis=-1)
    edge = min(_RIM, 0.15 * opening)
    visible = (above > edge) & (below > edge)
    white = visible & (distance > 1.12 * radius)
    skin = np.median(seen[(above < -0.1) | (below < -0.1)], axis=0)
    steps = np.linspace(0, 1.3, 14)  # of the iris' radius, from its centre into the white
    if opening < _VISIBLE or visible.sum() < 40:
        base = 0.35 * skin + 0.65 * float(skin.mean()) * 1.1
        shades = np.interp(steps, [0, 0.4, 0.5, 1, 1.3], [0.1, 0.1, 0.3, 0.25, 1.0])
        profile = np.outer(shades, base)
        visible = np.zeros_like(visible)
    else:
        bright = seen[white] if white.sum() > 30 else seen[visible]
        tone = bright.mean(1)
        base = np.median(bright[tone >= np.quantile(tone, 0.7)], axis=0)
        # what little white shows between lids is in their shadow
        if base.mean() < skin.mean():
            base = (base + skin + skin.mean()) / 3
        profile = np.empty((len(steps), 3))
        last = seen[visible & (distance < 1.2 * radius)]
        fallback = np.median(last, axis=0) if len(last) else base * 0.4
        for i, step in enumerate(steps):
            ring = visible & (np.abs(distance - step * radius) < 0.08 * radius)
            profile[i] = np.median(seen[ring], axis=0) if ring.sum() > 4 else fallback
        profile[-2:] = base
    made = np.stack([np.interp(distance / radius, steps, profile[:, k]) for k in range(3)], -1)
    made[distance > 1.3 * radius] = base
    soft = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), 2.0)
    soft = np.clip(2 * soft - 1, 0, 1)[..., None]
    return np.asarray(np.clip(np.rint(made + (seen - made) * soft), 0, 255), np.uint8)


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
