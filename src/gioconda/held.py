"""What is held near the face: a bottle, a telephone, a cup, and the hand that holds it.

The matte counts it as the person, and on the sheet it would bend between the head, which moves,
and the body, which does not. So it is found and left where it is. It is what has none of the
colours of face, neck and hair, begins beside or before the lower face and goes on down from there;
collars and clothes begin below the chin, hats and veils above the eyes.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.pose import HeadPose
from gioconda.media import Picture, cut_out

_UNIT: Final = 40  # pixels of the inter-ocular distance in the view that is looked at
_WIDTH, _HEIGHT, _EYES = 240, 200, 76  # of the view; the eyes lie so far under its upper edge
# Lengths in inter-ocular distances, heights under the eyes.
_TOP: Final = 0.2  # what begins higher belongs to the head
_CHIN: Final = 0.95  # what begins lower is worn
_DOWN: Final = 1.4  # and goes on down to here at least
_WIDE: Final = 1.3  # above that height what is wider is worn, or lies behind
_AREA: Final = 0.12  # of what is large enough to be seen bending, squared
_BESIDE: Final = 0.06  # from the face's oval
_REACH: Final = 0.1  # from what is held to the hand that holds it
_NECK: Final = 0.5  # from its middle: skin farther out is no neck
_SKIN: Final = 14.0  # units of CIE L*a*b*, lightness halved, from the cheeks: is skin
_GAPS: Final = 0.1  # letters and shines of such a width belong to what they are on
_APART: Final = 14.0  # units of CIE L*a*b* from any colour of the head
_EDGE: Final = 20.0  # ... across its border, in the median: things have edges, shaded hair has none
_COLOURS: Final = 8  # of a head
_RARE: Final = 0.03  # of a head: shines and ear-rings
_EVERY: Final = 4  # pixels, that one is looked at for them
_SOFT: Final = 0.02  # width of the mask's edge
_AROUND: Final = 0.35  # so far about a thing what it hides of the person is shown as it stands


def find_held(
    colours: Picture, matte: NDArray[np.float32], points: NDArray[np.floating], head: HeadPose
) -> NDArray[np.float32] | None:
    """How much of each pixel is a thing that is held before the person, (H, W), 0 to 1.

    Args:
        colours: (H, W, 3) the picture.
        matte: (H, W) how much of each pixel is the person, 0 to 1.
        points: (478, 3) the face's mesh in its pixels.
        head: where the head is in the picture.

    Returns:
        None where nothing is held.
    """
    scale = _UNIT / float(head.size[0])
    along = points[topology.LEFT_EYE_OUTER, :2] - points[topology.RIGHT_EYE_OUTER, :2]
    x, y = along / max(float(np.linalg.norm(along)), 1e-6)
    turn = scale * np.array([[x, y], [-y, x]])
    shift = np.array([_WIDTH / 2, _EYES]) - turn @ head.centre[0]
    matrix = np.column_stack([turn, shift])
    view = cut_out(colours, matrix, (_WIDTH, _HEIGHT)).astype(np.float32) / 255
    tones = cv2.cvtColor(cv2.bilateralFilter(view, 5, 0.1, 2), cv2.COLOR_RGB2LAB)
    person = cv2.warpAffine(matte, matrix, (_WIDTH, _HEIGHT)) > 0.5
    found = _things(np.asarray(tones), person, points[:, :2] @ turn.T + shift)
    if not found.any():
        return None
    size = colours.shape[1::-1]
    mask = cv2.warpAffine(
        found.astype(np.float32), matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, _SOFT * float(head.size[0])))
    return np.asarray(np.clip(2 * soft - 0.5, 0, 1), np.float32)


def set_apart(
    colours: Picture,
    plate: Picture,
    alpha: NDArray[np.uint8],
    held: NDArray[np.float32],
    unit: float,
) -> tuple[Picture, NDArray[np.uint8]]:
    """The plate (H, W, 3) and alpha (H, W) without what is held (H, W).

    It does not go with the person. Beside it the plate has the photo, so what a head that moves
    uncovers there is more of its hair.

    Args:
        colours: (H, W, 3) the picture.
        plate, alpha: as `gioconda.plate.paint_plate` gives them.
        held: as `find_held` gives it, or other people.
        unit: the inter-ocular distance in pixels.
    """
    side = 2 * round(_AROUND * unit) + 1
    near = cv2.dilate((held > 0).astype(np.float32), np.ones((side, side), np.uint8))
    share = np.maximum(cv2.GaussianBlur(near, (0, 0), _AROUND * unit / 4), held > 0)[..., None]
    behind = np.rint(plate + share * (colours.astype(np.float32) - plate))
    return behind.astype(np.uint8), np.rint(alpha * (1 - held)).astype(np.uint8)


def _things(
    tones: NDArray[np.float32], person: NDArray[np.bool_], placed: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """What is held, in the view; `tones` are CIE L*a*b*, `placed` the mesh."""
    oval = np.rint(placed[topology.FACE_OVAL]).astype(np.int32)
    face = np.zeros(person.shape, np.uint8)
    cv2.fillPoly(face, [oval], (1,))
    down = ((np.arange(_HEIGHT) - _EYES) / _UNIT)[:, None]
    beside = _grown(face, _BESIDE) == 0
    for group in (topology.LIPS, *topology.LIDS.reshape(2, -1)):  # teeth and whites are no skin
        hull = cv2.convexHull(np.rint(placed[group]).astype(np.int32))
        cv2.fillConvexPoly(face, hull, (0,))
    known = (face > 0) | (person & beside & (down < _TOP))
    strange = _from_head(tones, known) > _APART
    zone = person & beside & (down > _TOP - 0.1)
    things = np.zeros_like(person)
    candidates = cv2.morphologyEx(
        (strange & zone).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    candidates = _shrunk(_grown(np.asarray(candidates, np.uint8), _GAPS), _GAPS)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates)
    for i in range(1, count):
        top = (stats[i, cv2.CC_STAT_TOP] - _EYES) / _UNIT
        bottom = top + stats[i, cv2.CC_STAT_HEIGHT] / _UNIT
        part = labels == i
        if (
            _TOP < top < _CHIN
            and bottom > _DOWN
            and np.ptp(np.nonzero(part & (down < _DOWN))[1]) < _WIDE * _UNIT
            and part.sum() > _AREA * _UNIT**2
            and _edge(tones, part, person) > _EDGE
        ):
            things |= part
    return things | _hand(tones, things, zone & ~things, placed) if things.any() else things


def _hand(
    tones: NDArray[np.float32],
    things: NDArray[np.bool_],
    free: NDArray[np.bool_],
    placed: NDArray[np.floating],
) -> NDArray[np.bool_]:
    """The skin beside things that is not the neck's."""
    bare = placed[topology.BARE_SKIN[:4]].astype(int).clip(0, [_WIDTH - 1, _HEIGHT - 1])
    cheeks = np.median(tones[bare[:, 1], bare[:, 0]], 0)
    skin = np.linalg.norm((tones - cheeks) * np.array([0.5, 1, 1]), axis=-1) < _SKIN
    aside = np.abs(np.arange(_WIDTH) - placed[topology.CHIN, 0]) > _NECK * _UNIT
    low = (np.arange(_HEIGHT) > placed[topology.LOWER_LIP_BOTTOM, 1])[:, None]
    _, labels = cv2.connectedComponents((skin & free & aside & low).astype(np.uint8))
    beside = np.unique(labels[_grown(things.astype(np.uint8), _REACH) > 0])
    return np.isin(labels, beside[beside > 0])


def _from_head(tones: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far each pixel's colour is from all colours of face and hair."""
    samples = tones[known][::_EVERY]
    criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 10, 1.0)
    start = np.linspace(0, _COLOURS - 1e-6, len(samples)).astype(np.int32)
    first = np.empty((len(samples), 1), np.int32)
    first[np.argsort(samples[:, 0]), 0] = start
    _, labels, centres = cv2.kmeans(
        samples, _COLOURS, first, criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    share = np.bincount(labels.ravel(), minlength=_COLOURS) / len(samples)
    centres = centres[share > _RARE]
    apart = np.linalg.norm(tones[:, :, None] - centres, axis=-1)
    return np.asarray(apart.min(-1), np.float32)


def _edge(tones: NDArray[np.float32], part: NDArray[np.bool_], person: NDArray[np.bool_]) -> float:
    """The median difference across the border of a part of the person."""
    inside = part.astype(np.float32)
    outside = (person & ~part).astype(np.float32)
    box = (5, 5)
    near = [cv2.blur(weight, box) for weight in (inside, outside)]
    means = [
        cv2.blur(tones * weight[..., None], box) / np.maximum(share, 1e-6)[..., None]
        for weight, share in zip((inside, outside), near, strict=True)
    ]
    border = (near[0] > 0.2) & (near[1] > 0.2)
    if not border.any():
        return 0.0
    return float(np.median(np.linalg.norm(means[0] - means[1], axis=-1)[border]))


def _shrunk(mask: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    return np.asarray(1 - _grown(np.asarray(1 - mask, np.uint8), by), np.uint8)


def _grown(mask: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    side = 2 * round(by * _UNIT) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask, ellipse), np.uint8)
