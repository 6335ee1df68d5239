"""The geometric mouth: what portraits show of theirs, and what faces tell of the rest."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.portrait import Portrait
from gioconda.renderer.geometry import masks
from gioconda.renderer.mouth.grain import Grain
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.photo import as_shown, own_frame, softness
from gioconda.renderer.mouth.predictor import StateModel, frame_features, released_model
from gioconda.renderer.mouth.state import MouthPose
from gioconda.renderer.mouth.style import Style
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import WarpedFrame

_EYES_SIDE: Final = 512  # of the view in which eyes are looked at
_CERTAIN: Final = 200  # of 255, of a pixel that is iris or white
_ENOUGH: Final = 12  # such pixels


class GeometricMouth:
    """Draws the inside of a portrait's mouth in the state that its picture and its face tell.

    Args:
        portrait: whose mouth.
        model: what tells it; the released one by default.

    Attributes:
        mouth: what stays through all frames.
        skin: (3,) the colour of the portrait's skin.
        style: of the picture.
        interior: draws it.
    """

    def __init__(self, portrait: Portrait, model: StateModel | None = None) -> None:
        self._model = model or released_model()
        self._lower = portrait.basis.lower
        self._neutral = neutral_face(portrait)
        self.skin = skin_colour(portrait)
        own = own_frame(portrait)
        self.style = Style.of(portrait)
        lighting = self.style.lighting()
        unlike = unlike_skin(own, self.skin)
        self.mouth = self._model.mouth(self._neutral, self.skin, unlike, self.style)
        shown = None
        if not self.mouth.hollow:
            self.mouth, shown = as_shown(portrait, self.mouth, self.pose(own), lighting)
        self.interior = MouthInterior(
            self._neutral, self.mouth, softness(portrait), lighting, Grain(portrait)
        )
        if shown:
            self.interior.remember(own, shown)

    def __call__(self, frame: WarpedFrame) -> None:
        self.interior.draw(frame, self.pose(frame))

    def pose(self, frame: WarpedFrame) -> MouthPose:
        """Jaw and tongue of a frame."""
        features = frame_features(
            frame.dynamics[None, self._lower],
            face_of(frame)[None],
            self._neutral,
            np.array([[frame.head.yaw, frame.head.pitch]]),
        )
        return self._model.poses(features)[0]


def face_of(frame: WarpedFrame) -> NDArray[np.float64]:
    """The face of a frame in the head frame, (478, 3)."""
    head = frame.head
    placed = frame.mesh.astype(np.float64)
    placed[:, :2] -= head.centre
    face: NDArray[np.float64] = placed / head.size @ rotation(head.yaw, head.pitch, head.roll)
    return face


def unlike_skin(own: WarpedFrame, skin: NDArray[np.floating]) -> float:
    """How unlike skin a portrait's eyes and lips are; those of statues are of the same stuff.

    By how many grey levels its irises are darker than the whites beside them, plus, in units of
    Lab, how far the whites' tint is from the skin's and how much redder than it the lips are. Eyes
    that are shut tell nothing, and count as dark ones.

    Args:
        own: the portrait as a frame of itself.
        skin: (3,) its colour.
    """
    view = HeadPlace.view(own.head, _EYES_SIDE)
    picture = view.cut(own.picture)
    mouth, lips, eyes, irises = masks(view.points(own.mesh), _EYES_SIDE, _EYES_SIDE) > _CERTAIN
    parts = irises, eyes & ~irises, lips & ~mouth
    if min(part.sum() for part in parts) < _ENOUGH:
        return 255.0
    colours = np.stack([*(np.median(picture[part], axis=0) for part in parts), skin])
    _, white, lip, around = cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[
        0
    ]
    grey = cv2.cvtColor(colours[None].astype(np.float32), cv2.COLOR_RGB2GRAY)[0]
    tint = float(np.linalg.norm(white[1:] - around[1:]))
    return float(grey[1] - grey[0]) + tint + float(lip[1] - around[1])


def skin_colour(portrait: Portrait) -> NDArray[np.float32]:
    """The median of the bare skin, (3,), 0 to 255."""
    places = portrait.points[topology.BARE_SKIN, :2].round().astype(int)
    x, y = np.clip(places, 0, portrait.size - 1).T + portrait.margin
    return np.median(portrait.texture[y, x, :3].astype(np.float32), axis=0)
