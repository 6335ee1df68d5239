"""The plain mouth: what the learned decoder draws over, and all there is without networks."""

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.portrait import Portrait
from gioconda.renderer.geometry import Geometry, mouth_geometry
from gioconda.renderer.warper import WarpedFrame


class PlainMouth:
    """A dark mouth with a hint of teeth and tongue, in the portrait's own light."""

    _TEETH = 0.13  # height of the upper teeth that show, in widths of the mouth
    _LINE = 0.04  # thickness of the line between shut lips, in widths of the mouth

    def __init__(self, portrait: Portrait) -> None:
        face = portrait.points[:, :2]
        cheeks = face[topology.BARE_SKIN].round().astype(int)
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

    def __call__(self, frame: WarpedFrame) -> None:
        points, out = frame.mesh[topology.LIPS, :2], frame.picture
        limit = np.array([out.shape[1], out.shape[0]])
        low = np.clip(np.floor(points.min(0)).astype(int) - 2, 0, limit)
        high = np.clip(np.ceil(points.max(0)).astype(int) + 3, 0, limit)
        if (high - low < 2).any():
            return
        drawn, mask = self._draw(mouth_geometry(frame.mesh, low, high))
        window = out[low[1] : high[1], low[0] : high[0]]
        base = window.astype(np.float32)
        window[:] = np.clip(np.rint(base + (drawn - base) * mask[..., None]), 0, 255)

    def _draw(self, geometry: Geometry) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixels (h, w, 3), 0 to 255, and how much of each replaces the warp, (h, w)."""
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


def _ramp(x: NDArray[np.float32] | float, low: float, high: float) -> NDArray[np.float32]:
    """Smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    smooth: NDArray[np.float32] = t * t * (3 - 2 * t)
    return smooth
