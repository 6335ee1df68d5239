"""Predicts the state of a mouth: jaw and tongue of each frame, and tones, from face and skin.

`training/mouth_state` learns it from states that were fitted to the frames of clips.
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.inference import weights_file
from gioconda.renderer.mouth.shading import FLAT
from gioconda.renderer.mouth.shape import LIPS_WIDTH
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.mouth.style import Style

FACE_FEATURES: Final = 6  # numbers of a face's `frame_features` beside its dynamics
TONGUE: Final = 0.08  # as far as the tongue is ever raised, in the head frame
_SIZE: Final = (0.47, 0.5, 0.82, 1.12)  # of teeth: at no width of lips, for each, least, most
# Part of the skin's tint that teeth, what is soft, and the dark take: it is mostly light.
_TINTED: Final = np.array([[0.65], [0.9], [0.9]])
_BRIGHTEST: Final = 180  # skin's light from which teeth do not become whiter, for white is 255
_RIMS: Final = [topology.UPPER_LIP_RIM, topology.LOWER_LIP_RIM]
_INNER: Final = [int(topology.LIP_INNER_UPPER[i]) for i in (0, -1)]
_CHIN: Final = [topology.CHIN, 199, 175]


@dataclass(frozen=True)
class StateModel:
    """What was learned, and the prior of what a face does not tell.

    Attributes:
        drop: (1,) of an upper row that no picture shows.
        tones: (3, 3) of teeth, soft and dark in grey skin, in parts of its light.
        carved: (1,) as `unlike_skin` tells it: eyes and lips that are not by so much unlike skin
            are of stone or bronze.
        mean, scale: (F,) of `frame_features`.
        pose, pose_bias: (F, 2) and (2,) from those, normalised, to jaw and tongue.
    """

    drop: NDArray[np.float32]
    tones: NDArray[np.float32]
    carved: NDArray[np.float32]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    pose: NDArray[np.float32]
    pose_bias: NDArray[np.float32]

    def mouth(
        self,
        neutral: NDArray[np.floating],
        skin: NDArray[np.floating],
        unlike: float,
        style: Style,
    ) -> Mouth:
        """What stays through all frames; mouths of statues are hollow, and as dark as their other
        hollows.

        Args:
            neutral: (478, 3) the neutral face in the head frame.
            skin: (3,) the colour of the portrait's skin.
            unlike: how unlike its skin its eyes and lips are, as `unlike_skin` tells it.
            style: of the picture; one of flat colours is no statue's.
        """
        carved = unlike <= float(self.carved[0]) and style.flat <= FLAT
        teeth, soft, dark = style.tones(tones_in(skin, self.tones)).astype(np.float32)
        if carved:
            dark = style.palette.darkest.astype(np.float32)
        return Mouth(float(self.drop[0]), teeth_size(neutral), Tones(teeth, soft, dark), carved)

    def poses(self, features: NDArray[np.floating]) -> list[MouthPose]:
        """Jaw and tongue of `frame_features` (T, F)."""
        raw = (features - self.mean) / self.scale @ self.pose + self.pose_bias
        jaw, tongue = ranged(raw)
        return [MouthPose(float(j), float(t)) for j, t in zip(jaw, tongue, strict=True)]


def ranged(raw: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Jaw and tongue, each (T,), of two numbers, (T, 2): jaws are not negative."""
    jaw = np.log1p(np.exp(8 * (0.2 * raw[:, 0] + 0.15))) / 8
    return jaw, TONGUE / (1 + np.exp(-2 * raw[:, 1]))


def tones_in(skin: NDArray[np.floating], tones: NDArray[np.floating]) -> NDArray[np.float64]:
    """Tones (3, 3) of a mouth in skin of a colour (3,): they take a part of its tint."""
    mean = max(float(skin.mean()), 1.0)
    tint = np.asarray(skin, np.float64) / mean
    found: NDArray[np.float64] = min(mean, _BRIGHTEST) * tones * (_TINTED * tint + 1 - _TINTED)
    return found


def teeth_size(neutral: NDArray[np.floating]) -> float:
    """How large the teeth behind the lips of a neutral face (478, 3) are, against the shape's."""
    right, left = neutral[_INNER]
    start, slope, least, most = _SIZE
    width = float(np.linalg.norm(left - right)) / LIPS_WIDTH
    return float(np.clip(start + slope * width, least, most))


def frame_features(
    dynamics: NDArray[np.floating],
    faces: NDArray[np.floating],
    neutral: NDArray[np.floating],
    turns: NDArray[np.floating],
) -> NDArray[np.float64]:
    """What jaw and tongue are read from, (T, F).

    Args:
        dynamics: (T, D) of the lower face.
        faces: (T, 478, 3) in the head frame.
        neutral: (478, 3).
        turns: (T, 2) yaw and pitch.
    """
    moved = faces[..., 1] - neutral[:, 1]
    upper, lower = _RIMS
    return np.column_stack(
        [
            dynamics,
            moved[:, lower] - moved[:, upper],
            moved[:, _CHIN].mean(1),
            moved[:, upper],
            faces[:, lower, 1] - faces[:, upper, 1],
            turns,
        ]
    )


@cache
def released_model() -> StateModel:
    """The model that comes with the package."""
    return load_model(weights_file("mouth-state.safetensors"))


def load_model(path: Path) -> StateModel:
    """Read a model that `gioconda train mouth-state` wrote.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {one.name: file.get_tensor(one.name) for one in fields(StateModel)}
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise GiocondaError(f"{path} is not a model of a mouth's state ({error})") from error
    return StateModel(**tensors)
