"""Glasses: their rims before the face, which go with the head and nothing else."""

import numpy as np
from numpy.typing import NDArray

from gioconda.media import sample
from gioconda.portrait import Portrait
from gioconda.renderer.kernels import compose, rasterise
from gioconda.renderer.sheet import Sheet

_NOWHERE = 0.0  # the texture's corner, where no rims are


class Glasses:
    """The rims of a portrait's glasses.

    Args:
        portrait: with `rims`.
        sheet: its.
    """

    def __init__(self, portrait: Portrait, sheet: Sheet) -> None:
        assert portrait.rims is not None
        self._rims = portrait.rims
        self._sheet, self._still = sheet, portrait.expression
        rows, columns = np.nonzero(self._rims[..., 3])
        low, high = (np.array([f(columns), f(rows)]) for f in (np.min, np.max))
        corners = sheet.texture[sheet.triangles]  # (F, 3, 2)
        near = (corners.max(1) >= low).all(-1) & (corners.min(1) <= high).all(-1)
        self._triangles = np.ascontiguousarray(sheet.triangles[near])

    def draw(self, out: NDArray[np.uint8], pose: NDArray[np.floating]) -> None:
        """Draw them over a frame.

        Args:
            out: (H, W, 3) the crop, changed in place.
            pose: (6,) as in Motion.
        """
        vertices = self._sheet.place(pose, self._still)[0]
        seen = vertices[np.unique(self._triangles), :2]
        limit = [out.shape[1], out.shape[0]]
        low = np.clip(np.floor(seen.min(0)).astype(int), 0, limit)
        high = np.clip(np.ceil(seen.max(0)).astype(int) + 1, 0, limit)
        width, height = high - low
        if min(width, height) < 1:
            return
        vertices[:, :2] -= low
        flow = np.full((height, width, 2), _NOWHERE, np.float32)
        depth = np.empty((height, width), np.float32)
        rasterise(vertices, self._sheet.texture, self._triangles, flow, depth, 0)
        window = out[low[1] : high[1], low[0] : high[0]]
        compose(sample(self._rims, flow), window.copy(), window)
