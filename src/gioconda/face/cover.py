"""Whether something lies before the mouth of a face: a mask, a hand, a veil, a microphone.

The mesh draws lips wherever it believes that they are. A mouth that is seen differs there from the
skin about it in colour, in how its tone varies, and in a dark line where the lips meet: even a
drawn line does. What covers a mouth is plain, or patterned without regard to lips.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.media import cut_out

# `benchmarks/covered_mouths.py` prints what seen and covered mouths have.
_PLAIN: Final = 3.8  # units of colour: no mouth that is seen is so plain
_PLAINER: Final = 6.0  # plain enough if there is another sign:
_OFF: Final = 0.3  # ... the darkest place lies elsewhere
_UNLIKE: Final = 15.0  # ... what is about the mouth is of another colour than the upper face
_FAINT: Final = 0.5  # units of colour that no picture resolves

# Units of lightness a pixel, of the edges about the eyes: in a picture with less, which is blurred,
# pale or dark, contrasts count for more. The softest of sharp photos have 10, blurred ones 2 to 7.
_STEEP: Final = 10.0
_EYES = 100  # pixels between the outer corners of the eyes in the view that is looked at
_SIDE = 340  # of the view, which shows the whole face
_PATCH = 3  # pixels to each side of a place whose colour is looked at
_STEPS = 25  # places on a way across both lips
_OUTER = np.concatenate([topology.LIP_OUTER_LOWER, topology.LIP_OUTER_UPPER[-2:0:-1]])
_INNER = np.concatenate([topology.LIP_INNER_LOWER, topology.LIP_INNER_UPPER[-2:0:-1]])
_UPPER_LIP = np.stack([topology.LIP_OUTER_UPPER, topology.LIP_INNER_UPPER])
_LOWER_LIP = np.stack([topology.LIP_INNER_LOWER, topology.LIP_OUTER_LOWER])
_WAYS = np.concatenate([_UPPER_LIP, _LOWER_LIP])[:, 2:-2]  # down across the lips, but the corners
# Around the mouth from the wings of the nose to the chin; cheeks, nose and forehead above.
_AROUND = [18, 199, 200, 57, 287, 164, 92, 322, 43, 273, 186, 410, 106, 335, 182, 406]
_ABOVE = [50, 280, 6, 9, 151, 117, 346, 107, 336, 197]


@dataclass(frozen=True)
class MouthSigns:
    """What tells a mouth that is seen from one that is not; colours in units of CIE L*a*b*.

    Attributes:
        seen: geometric mean of how far the lips' colour is from the skin's about them, how their
            tone varies, and how much darker it is where it is darkest; more of it counts where
            the edges of the eyes, too, are soft.
        off: how far that place lies from where the lips meet, in heights of the mouth.
        unlike: how far the hue about the mouth is from that of cheeks, nose and forehead.
    """

    seen: float
    off: float
    unlike: float

    @property
    def covered(self) -> bool:
        """Whether something lies before the mouth."""
        strange = self.off > _OFF or self.unlike > _UNLIKE
        return self.seen < (_PLAINER if strange else _PLAIN)


def mouth_signs(image: NDArray[np.uint8], points: NDArray[np.float32]) -> MouthSigns:
    """What is seen of a mouth.

    Args:
        image: (H, W, 3) RGB.
        points: (478, 3) the face's mesh in its pixels.
    """
    view, placed = _view(image, points)
    unit = view.astype(np.float32) / 255
    colours = np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), np.float32)
    light = colours[..., 0]
    whole, hollow = (_filled(placed[ring]) for ring in (_OUTER, _INNER))
    lips = whole & ~hollow
    if not lips.any():  # a mesh that has collapsed
        return MouthSigns(0.0, 0.0, 0.0)
    near, far = (cv2.dilate(whole.astype(np.uint8), np.ones((n, n), np.uint8)) for n in (7, 21))
    skin = (far > 0) & (near == 0)
    contrast = np.linalg.norm(np.median(colours[lips], 0) - np.median(colours[skin], 0))
    off, depth = _seam(np.asarray(cv2.GaussianBlur(light, (0, 0), 0.8), np.float32), placed)
    three = np.maximum([contrast, light[lips].std(), depth], _FAINT)
    three *= max(1.0, _STEEP / max(_steepest(light, placed), _FAINT))
    around, above = (_colour(colours, placed[group]) for group in (_AROUND, _ABOVE))
    unlike = np.linalg.norm((around - above)[1:])  # lower faces are darker, and so are beards
    return MouthSigns(float(np.prod(three) ** (1 / 3)), off, float(unlike))


def _view(
    image: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The face, upright in a square of its own, and its points in there, (478, 2)."""
    across = points[topology.LEFT_EYE_OUTER, :2] - points[topology.RIGHT_EYE_OUTER, :2]
    length = max(float(np.linalg.norm(across)), 1e-6)
    x, y = across / length
    turn = _EYES / length * np.array([[x, y], [-y, x]])
    middle = points[topology.FACE_OVAL, :2].mean(0)
    shift = np.full(2, (_SIDE - 1) / 2) - turn @ middle
    view = cut_out(image, np.column_stack([turn, shift]), (_SIDE, _SIDE))
    return view, (points[:, :2] @ turn.T + shift).astype(np.float32)


def _filled(outline: NDArray[np.float32]) -> NDArray[np.bool_]:
    blank = np.zeros((_SIDE, _SIDE), np.uint8)
    return np.asarray(cv2.fillPoly(blank, [outline.round().astype(np.int32)], 1), np.bool_)


def _seam(light: NDArray[np.float32], placed: NDArray[np.float32]) -> tuple[float, float]:
    """How far from where the lips meet it is darkest, and how much darker, on ways across them."""
    top, upper, lower, bottom = placed[_WAYS]
    steps = np.linspace(0, 1, _STEPS)[:, None, None]
    ways = (top + (bottom - top) * steps).astype(np.float32)
    tones = cv2.remap(light, ways[..., 0], ways[..., 1], cv2.INTER_LINEAR)
    height = np.maximum(np.linalg.norm(bottom - top, axis=-1), 1e-6)
    meet = np.linalg.norm((upper + lower) / 2 - top, axis=-1) / height
    off = np.abs(tones.argmin(0) / (_STEPS - 1) - meet)
    return float(off.mean()), float((np.median(tones, 0) - tones.min(0)).mean())


def _steepest(light: NDArray[np.float32], placed: NDArray[np.float32]) -> float:
    """How steep the edges about the eyes are, in units of lightness a pixel."""
    corners = placed[[topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER]].round().astype(int)
    left, right = corners[:, 0]
    middle, around = int(corners[:, 1].mean()), _EYES // 6
    down, across = np.gradient(light[middle - around : middle + around, left:right])
    return float(np.percentile(np.hypot(across, down), 98))


def _colour(colours: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean colour of patches at places in the view."""
    found = []
    for x, y in np.clip(places.round().astype(int), _PATCH, _SIDE - 1 - _PATCH):
        patch = colours[y - _PATCH : y + _PATCH + 1, x - _PATCH : x + _PATCH + 1]
        found.append(np.median(patch.reshape(-1, 3), 0))
    return np.asarray(np.mean(found, 0), np.float32)
