"""The decoder's seat: what the warp cannot know is drawn here."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.portrait import Portrait


@dataclass(frozen=True)
class Geometry:
    """Maps of the target mesh over the decoder's crop.

    Attributes:
        inner_mouth: (h, w) 1 between the lips, 0 elsewhere, soft at the rim.
        across: (h, w) -1 at the right corner of the mouth, 1 at the left.
        down: (h, w) distance from the upper lip's inner rim, in widths of the mouth.
        up: (h, w) distance from the lower lip's inner rim, in widths of the mouth.
        opening: how far the lips are apart, in widths of the mouth.
    """

    inner_mouth: NDArray[np.float32]
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    up: NDArray[np.float32]
    opening: float


class Decoder(Protocol):
    """Draws over the warp.

    Attributes:
        view: the mesh points that its crop encloses.
    """

    view: NDArray[np.int64]

    def __call__(
        self,
        pixels: NDArray[np.uint8],
        features: NDArray[np.float32] | None,
        geometry: Geometry,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What to draw over the warped crop.

        Args:
            pixels: (h, w, 3) the warped picture.
            features: (C, h, w) the portrait's warped features, if the decoder has any.
            geometry: maps of the target mesh, all (h, w).

        Returns:
            Pixels (h, w, 3), 0 to 255, and how much of each replaces the warp, (h, w).
        """
        ...


class PlainMouth:
    """Version 0: a dark mouth with a hint of teeth and tongue, in the portrait's own light."""

    view = topology.LIPS
    _TEETH = 0.13  # height of the upper teeth that show, in widths of the mouth
    _LINE = 0.04  # thickness of the line between shut lips, in widths of the mouth

    def __init__(self, portrait: Portrait) -> None:
        face = portrait.points[:, :2]
        cheeks = face[[50, 280, 205, 425, 199, 18]].round().astype(int)
        edge = portrait.size - 1
        margin = portrait.margin
        x, y = np.clip(cheeks, 0, edge).T + margin
        skin = np.median(portrait.texture[y, x, :3].astype(np.float32), axis=0)
        light = float(skin.mean())
        self._cavity = (skin * [0.24, 0.11, 0.1]).astype(np.float32)
        self._tongue = (skin * [0.55, 0.33, 0.34]).astype(np.float32)
        self._teeth = (0.75 * skin + 0.3 * light).astype(np.float32)
        self._lips = (skin * [0.5, 0.33, 0.33]).astype(np.float32)
        own = mouth_geometry(face, np.zeros(2, int), np.full(2, portrait.size))
        self._own_opening = own.opening

    def __call__(
        self,
        pixels: NDArray[np.uint8],
        features: NDArray[np.float32] | None,
        geometry: Geometry,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        down, up, across = geometry.down, geometry.up, geometry.across
        side = np.clip(1.1 - across * across, 0, 1)
        tongue = _ramp(0.16 - up, 0.0, 0.12) * _ramp(geometry.opening, 0.12, 0.3) * side
        teeth = _ramp(self._TEETH - down, 0.0, 0.06) * _ramp(side, 0.15, 0.6)
        teeth *= _ramp(geometry.opening, 0.08, 0.2)
        teeth *= 0.15 + 0.5 * _ramp(down, 0.0, 0.1)
        drawn = self._cavity + tongue[..., None] * (self._tongue - self._cavity)
        drawn = drawn + teeth[..., None] * (self._teeth - drawn)
        if self._own_opening < 0.06:
            return drawn.astype(np.float32), geometry.inner_mouth
        # A mouth that is open in the photo keeps what it shows, until it opens much wider;
        # when it shuts, its teeth go behind the line between the lips.
        ratio = geometry.opening / self._own_opening
        line = 1 - _ramp(ratio, 0.2, 0.5)
        thickness = self._LINE / 2
        between = _ramp(down, -thickness, thickness) * _ramp(up, -thickness, thickness)
        between *= np.abs(across) < 0.96
        fresh = _ramp(ratio, 1.3, 1.9)
        drawn = drawn + line * (self._lips - drawn)
        mask = np.maximum(geometry.inner_mouth * fresh, np.minimum(1, 2.5 * between) * line)
        return drawn.astype(np.float32), mask.astype(np.float32)


def mouth_geometry(
    face: NDArray[np.floating], low: NDArray[np.int_], high: NDArray[np.int_]
) -> Geometry:
    """Maps of the mouth over the pixels from `low` (x, y) up to, not including, `high`.

    Args:
        face: (478, 2 or 3) the mesh in pixels.
    """
    upper, lower = (
        face[edge, :2].astype(np.float64)
        for edge in (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER)
    )
    along = upper[-1] - upper[0]
    width = max(float(np.linalg.norm(along)), 1e-6)
    axes = np.array([along, [-along[1], along[0]]]) / width
    middle = (upper[0] + upper[-1]) / 2
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    place = (np.stack([x, y], -1) - middle) @ axes.T / width
    rims = []
    for edge in (upper, lower):
        local = (edge - middle) @ axes.T / width
        order = np.maximum.accumulate(local[:, 0] + np.arange(len(local)) * 1e-6)
        rims.append((order, local[:, 1]))
    down = place[..., 1] - np.interp(place[..., 0], *rims[0])
    up = np.interp(place[..., 0], *rims[1]) - place[..., 1]
    feather = max(1.5, 0.02 * width) / width
    soft = np.clip(down / feather + 0.3, 0, 1) * np.clip(up / feather + 0.3, 0, 1)
    soft *= np.abs(place[..., 0]) < 0.5
    gap = float(np.max(np.interp(rims[0][0], *rims[1]) - rims[0][1]))
    soft *= np.clip(gap * width / 1.5, 0, 1)
    soft, across, down, up = (m.astype(np.float32) for m in (soft, 2 * place[..., 0], down, up))
    return Geometry(soft, across, down, up, max(gap, 0.0))


def _ramp(x: NDArray[np.float32] | float, low: float, high: float) -> NDArray[np.float32]:
    """Smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    smooth: NDArray[np.float32] = t * t * (3 - 2 * t)
    return smooth


def blend(
    window: NDArray[np.uint8], pixels: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    """Put decoded pixels over a window of the frame, in place."""
    base = window.astype(np.float32)
    window[:] = np.clip(np.rint(base + (pixels - base) * mask[..., None]), 0, 255)
