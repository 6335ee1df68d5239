"""What can be told of a video's pictures without knowing how they were made.

All is compared in the upright view of the head, in which a face keeps its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.drawn import regions
from gioconda.evaluation.films import Film
from gioconda.evaluation.identity import Recogniser
from gioconda.evaluation.picture_features import PictureFeatures
from gioconda.evaluation.results import measure

_LOOKED: Final = 5  # one frame in so many is measured alone
_RECOGNISED: Final = 10  # and one in so many given to the face recognition
_ENOUGH: Final = 100  # pixels of skin, or of lips

_Mask = NDArray[np.float32]


@dataclass(frozen=True)
class PictureScores:
    """Sharpness is the gradients' mean energy, flicker how far a pixel of skin is from halfway
    between the frames before and after, both in grey levels; pop the largest change about the mouth
    from frame to frame over the median one.
    """

    identity: float = measure("identity, likeness to the first real frame", form=".3f", default=nan)
    sharp_face: float = measure("sharpness of the face", form=".1f", default=nan)
    sharp_mouth: float = measure("sharpness of the lips", form=".1f", default=nan)
    sharp_eyes: float = measure("sharpness of the eyes", form=".1f", default=nan)
    flicker: float = measure("flicker of the skin", "of 255", ".3f", default=nan)
    pop: float = measure("pop, largest change of the mouth over the usual", form=".1f", default=nan)


def picture_scores(seen: Film, reference: Film, recogniser: Recogniser | None) -> PictureScores:
    """The figures of a film's pictures.

    Args:
        seen: the film.
        reference: whose first frame shows who it is: the real film, or `seen` itself.
        recogniser: says whether it still is; None for nobody.
    """
    views = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in seen.pictures]
    places = [regions(mesh) for mesh in seen.meshes]
    looked = range(0, len(views), _LOOKED)
    sharp = {
        name: float(np.mean([_energy(views[i], places[i][name]) for i in looked]))
        for name in ("face", "lips", "eyes")
    }
    return PictureScores(
        identity=_identity(seen, reference, recogniser) if recogniser else nan,
        sharp_face=sharp["face"],
        sharp_mouth=sharp["lips"],
        sharp_eyes=sharp["eyes"],
        flicker=_flicker(views, places),
        pop=_pop(views, places),
    )


def features(seen: Film, network: PictureFeatures) -> NDArray[np.float32]:
    """What a network for any picture sees in one frame of five, (N, 1280)."""
    return np.stack([network.describe(one) for one in seen.pictures[::_LOOKED]])


def _identity(seen: Film, reference: Film, recogniser: Recogniser) -> float:
    """Likeness of later frames to the first, at most 1."""
    known = recogniser.describe(reference.pictures[0], reference.meshes[0])
    later = range(_RECOGNISED, len(seen), _RECOGNISED)
    found = [known @ recogniser.describe(seen.pictures[i], seen.meshes[i]) for i in later]
    return float(np.mean(found)) if found else nan


def _energy(grey: NDArray[np.float32], inside: NDArray[np.float32]) -> float:
    down, across = np.gradient(grey)
    return float((inside * (down**2 + across**2)).sum() / max(float(inside.sum()), 1.0))


def _flicker(views: Sequence[NDArray[np.float32]], places: Sequence[dict[str, _Mask]]) -> float:
    found = []
    for i in range(1, len(views) - 1):
        at = places[i]
        skin = at["face"] * (1 - np.maximum(at["lips"], np.maximum(at["inner mouth"], at["eyes"])))
        if skin.sum() >= _ENOUGH:
            bend = np.abs(views[i] - (views[i - 1] + views[i + 1]) / 2)
            found.append(float((skin * bend).sum() / skin.sum()))
    return float(np.mean(found)) if found else nan


def _pop(views: Sequence[NDArray[np.float32]], places: Sequence[dict[str, _Mask]]) -> float:
    steps = []
    for i in range(1, len(views)):
        mouth = np.maximum(places[i]["lips"], places[i]["inner mouth"])
        if mouth.sum() >= _ENOUGH:
            change = np.abs(views[i] - views[i - 1])
            steps.append(float((mouth * change).sum() / mouth.sum()))
    usual = float(np.median(steps)) if steps else 0.0
    return max(steps) / usual if usual > 0 else nan
