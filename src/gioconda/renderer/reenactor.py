"""Reenactment of a clip: one of its frames as the portrait, moved as its other frames are.

The mesh of the real frame is put in place of the one that pose and dynamics give, so that the
picture and the warp lie on each other.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face.basis import released_basis
from gioconda.face.pose import angles
from gioconda.portrait import Portrait, portrait_at
from gioconda.renderer.view import VIEW, View
from gioconda.renderer.warper import WarpedFrame, Warper

_CROP: Final = 5.2  # side of a portrait's crop in inter-ocular distances, if the clip shows it


def portrait_of(
    image: NDArray[np.uint8],
    points: NDArray[np.floating],
    neutral: NDArray[np.floating],
    side: int,
) -> Portrait:
    """A frame as a portrait whose head's view is as fine as the crop.

    Args:
        image: (H, W, 3) the frame.
        points: (478, 3) its mesh.
        neutral: (478, 3) the person's neutral face.
        side: S of the view.
    """
    head, _ = released_basis().pose(points[None], neutral)
    shown = min(_CROP, min(image.shape[:2]) / float(head.size[0]))
    return portrait_at(image, points, round(side / VIEW * shown), neutral)


class Reenactor:
    """Moves a portrait as the frames of its clip are.

    Args:
        portrait: as `portrait_of` makes it.
        points: (478, 3) its mesh in the clip's pixels.
        neutral: (478, 3) the person's neutral face.

    Attributes:
        to_crop: (2, 3) from the clip's pixels (x, y, 1) to those of the portrait's crop.
        warper: moves it.
    """

    def __init__(
        self, portrait: Portrait, points: NDArray[np.floating], neutral: NDArray[np.floating]
    ) -> None:
        self._basis, self._neutral = portrait.basis, neutral
        self._own, _ = portrait.basis.pose(points[None], neutral)
        left, top, side = portrait.crop
        scale = portrait.size / side
        corner = (0.5 - np.array([left, top])) * scale - 0.5
        self.to_crop = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        self.warper = Warper(portrait)

    def warp(self, points: NDArray[np.floating]) -> WarpedFrame:
        """The portrait moved onto a frame's mesh (478, 3), in the clip's pixels."""
        head, dynamics = self._basis.pose(points[None], self._neutral)
        own = self._own
        place = (head.centre[0] - own.centre[0]) / own.size[0]
        log_scale = np.log(head.size[0] / own.size[0])
        pose = np.concatenate([angles(head.rotation[0]), place, [log_scale]])
        return self.warper.warp(pose, dynamics[0], self.on_crop(points))

    def on_crop(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """A mesh (478, 3) in the clip's pixels in those of the crop, (478, 2)."""
        placed: NDArray[np.floating] = points[:, :2] * self.to_crop[0, 0] + self.to_crop[:, 2]
        return placed

    def on_clip(self, view: View) -> View:
        """A view of the crop as one of the clip's frames."""
        matrix = view.matrix @ np.vstack([self.to_crop, [0, 0, 1]])
        return View(view.height, view.width, matrix)
