"""Glasses: their rims before the face, which go with the head and nothing else.

They are drawn on a shield before the eyes, not on the face: behind the fold of a cheek that turns
away the face is not seen, but the rims before it are.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face.pose import rotation
from gioconda.media import sample
from gioconda.portrait import Portrait
from gioconda.renderer.kernels import compose, rasterise
from gioconda.renderer.sheet import Sheet, held_back, lift, lift_face, room_to_move
from gioconda.spans import whole

_NOWHERE: Final = 0.0  # the texture's corner, where no rims are
_BRIDGE: Final = [168, 6]  # the points of the nose between which glasses sit
_CURVE: Final = 0.35  # the shield goes back by so much of x squared, inter-ocular distances
_CELLS: Final = (32, 12)  # of the shield, across and down
_SETTLED: Final = 4  # rounds in which x and depth agree


class Glasses:
    """The rims of a portrait's glasses.

    Args:
        portrait: with `rims`.
        sheet: its.
    """

    def __init__(self, portrait: Portrait, sheet: Sheet) -> None:
        assert portrait.rims is not None
        self._rims, self._sheet = portrait.rims, sheet
        rows, columns = np.nonzero(self._rims[..., 3])
        across, down = (
            np.linspace(n.min() - 1, n.max() + 1, cells + 1)
            for n, cells in zip((columns, rows), _CELLS, strict=True)
        )
        self._texture = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2).astype(np.float32)
        self._home = self._texture.astype(np.float64) - portrait.margin
        self._room = room_to_move(portrait, self._home)
        nose = lift_face(portrait)[_BRIDGE, 2].mean()
        aside = np.zeros(len(self._home))
        for _ in range(_SETTLED):
            self._shield = lift(self._home, nose + _CURVE * aside**2, portrait.head)
            aside = self._shield[:, 0]
        self._triangles = _grid(*_CELLS)

    def draw(self, out: NDArray[np.uint8], pose: NDArray[np.floating]) -> None:
        """Draw them over a frame.

        Args:
            out: (H, W, 3) the crop, changed in place.
            pose: (6,) as in Motion.
        """
        place = self._sheet.head(pose)
        placed = place.size * (self._shield @ rotation(place.yaw, place.pitch, place.roll).T)
        moved = held_back(placed[:, :2] + place.centre - self._home, self._room)
        seen = self._home + moved
        limit = [out.shape[1], out.shape[0]]
        low = np.clip(np.floor(seen.min(0)).astype(int), 0, limit)
        high = np.clip(np.ceil(seen.max(0)).astype(int) + 1, 0, limit)
        width, height = high - low
        if min(width, height) < 1:
            return
        vertices = np.column_stack([seen - low, placed[:, 2]]).astype(np.float32)
        flow = np.full((height, width, 2), _NOWHERE, np.float32)
        depth = np.full((height, width), 1e30, np.float32)
        rasterise(vertices, self._texture, self._triangles, 0, whole(height, width), flow, depth)
        window = out[low[1] : high[1], low[0] : high[0]]
        compose(sample(self._rims, flow), window.copy(), 0, window)


def _grid(across: int, down: int) -> NDArray[np.int32]:
    """Triangles of a grid of so many cells, clockwise in the picture, y down, (F, 3)."""
    corner = np.arange((across + 1) * (down + 1)).reshape(down + 1, across + 1)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    halves = [np.stack(half, -1).reshape(-1, 3) for half in ((a, b, c), (a, c, d))]
    return np.concatenate(halves).astype(np.int32)
