"""Whether a portrait that does nothing is its photo."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.results import measure
from gioconda.media import Picture
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer
from gioconda.renderer.conditions import WINDOWS, SeenFace
from gioconda.renderer.view import HeadPlace

ALLOWED: Final = 2  # grey levels, outside mouth and eyes
_FINE: Final = 1.5  # pixels; sharpness is how much there is of what is finer
_SIDE: Final = 256  # of the view in which the windows of mouth and eyes are defined


@dataclass(frozen=True)
class Rest:
    """A frame in the photo's own pose and expression against the photo, in grey levels.

    Mouth and eyes are the windows that the decoder draws.
    """

    largest: float = measure("largest outside mouth and eyes", form=".0f")
    mean: float = measure("mean outside", form=".3f")
    beyond: float = measure("pixels outside beyond two levels", "%", ".3f")
    drawn: float = measure("mean of mouth and eyes")
    sharp: float = measure("sharpness of mouth and eyes, photo's is 1")


def rest(portrait: Portrait, full: bool = False) -> Rest:
    """How far a portrait at rest is from its photo.

    Args:
        portrait: whom to draw.
        full: draw the whole photo; for a portrait at the photo's own scale.
    """
    frame = Renderer(portrait, full=full).render(portrait.pose, portrait.expression)
    drawn = _drawn(portrait)
    if full:
        photo = portrait.photo
        left, top = (round(v) for v in portrait.crop[:2])
        whole = np.zeros(photo.shape[:2], bool)
        part = whole[top : top + portrait.size, left : left + portrait.size]
        part[:] = drawn[: part.shape[0], : part.shape[1]]
        drawn = whole
    else:
        photo = portrait.picture
    height, width = frame.shape[:2]
    off = np.abs(frame.astype(np.int16) - photo[:height, :width]).max(-1)
    outside, within = off[~drawn[:height, :width]], off[drawn[:height, :width]]
    return Rest(
        largest=float(outside.max()),
        mean=float(outside.mean()),
        beyond=100 * float((outside > ALLOWED).mean()),
        drawn=float(within.mean()),
        sharp=_detail(frame, drawn) / _detail(photo[:height, :width], drawn),
    )


def _detail(picture: Picture, where: NDArray[np.bool_]) -> float:
    """The root mean square of what is fine in a picture's grey levels."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _FINE)
    return float(np.sqrt(np.square(fine[where[: grey.shape[0], : grey.shape[1]]]).mean()))


def _drawn(portrait: Portrait) -> NDArray[np.bool_]:
    """Where in the crop (S, S) the decoder draws mouth and eyes."""
    seen = SeenFace.of(HeadPlace.of(portrait.head), portrait.points, _SIDE)
    inverse = cv2.invertAffineTransform(seen.view.matrix)
    found = np.zeros((portrait.size, portrait.size), np.uint8)
    for followed in WINDOWS:
        window = followed.on(seen.mesh, _SIDE)
        right, under = window.left + window.width, window.top + window.height
        corners = np.array([[x, y] for x in (window.left, right) for y in (window.top, under)])
        placed = (corners - 0.5) @ inverse[:, :2].T + inverse[:, 2]
        hull = cv2.convexHull(np.rint(placed).astype(np.int32))
        cv2.fillConvexPoly(found, hull, 1)
    return np.asarray(cv2.dilate(found, np.ones((3, 3), np.uint8)) > 0)
