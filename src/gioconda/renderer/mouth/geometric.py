"""The geometric mouth: what portraits show of theirs, and what faces tell of the rest."""

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.portrait import Portrait
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.photo import as_shown, own_frame
from gioconda.renderer.mouth.predictor import StateModel, frame_features, released_model
from gioconda.renderer.mouth.state import MouthPose
from gioconda.renderer.warper import WarpedFrame


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
        usual = self._model.mouth(self._neutral, self.skin)
        own = own_frame(portrait)
        self.mouth, shown = as_shown(portrait, usual, self.pose(own))
        self.interior = MouthInterior(portrait, self.mouth)
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


def skin_colour(portrait: Portrait) -> NDArray[np.float32]:
    """The median of the bare skin, (3,), 0 to 255."""
    places = portrait.points[topology.BARE_SKIN, :2].round().astype(int)
    x, y = np.clip(places, 0, portrait.size - 1).T + portrait.margin
    return np.median(portrait.texture[y, x, :3].astype(np.float32), axis=0)
