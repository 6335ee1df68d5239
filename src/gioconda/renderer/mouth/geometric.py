"""The geometric mouth: what portraits show of theirs, and what faces tell of the rest."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.portrait import Portrait
from gioconda.renderer.geometry import masks
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.photo import as_shown, own_frame
from gioconda.renderer.mouth.predictor import StateModel, frame_features, released_model
from gioconda.renderer.mouth.state import MouthPose
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
        interior: draws it.
    """

    def __init__(self, portrait: Portrait, model: StateModel | None = None) -> None:
        self._model = model or released_model()
        self._lower = portrait.basis.lower
        self._neutral = neutral_face(portrait)
        self.skin = skin_colour(portrait)
        own = own_frame(portrait)
        self.mouth = self._model.mouth(self._neutral, self.skin, darker_irises(own))
        shown = None
        if not self.mouth.hollow:
            self.mouth, shown = as_shown(portrait, self.mouth, self.pose(own))
        self.interior = MouthInterior(self._neutral, self.mouth)
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


def darker_irises(own: WarpedFrame) -> float:
    """By how many grey levels the irises of a portrait are darker than the whites beside them.

    Eyes that are shut tell nothing, and count as dark ones.
    """
    view = HeadPlace.view(own.head, _EYES_SIDE)
    seen = masks(view.points(own.mesh), _EYES_SIDE, _EYES_SIDE) > _CERTAIN
    grey = cv2.cvtColor(view.cut(own.picture), cv2.COLOR_RGB2GRAY)
    irises, whites = seen[2] & seen[3], seen[2] & ~seen[3]
    if min(irises.sum(), whites.sum()) < _ENOUGH:
        return 255.0
    return float(np.median(grey[whites])) - float(np.median(grey[irises]))


def skin_colour(portrait: Portrait) -> NDArray[np.float32]:
    """The median of the bare skin, (3,), 0 to 255."""
    places = portrait.points[topology.BARE_SKIN, :2].round().astype(int)
    x, y = np.clip(places, 0, portrait.size - 1).T + portrait.margin
    return np.median(portrait.texture[y, x, :3].astype(np.float32), axis=0)
