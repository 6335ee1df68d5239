"""Named facial actions: the 52 blendshapes of ARKit as movements of the face mesh.

Each action is a displacement of the 478 points in the head frame (`gioconda.face.pose`: x to the
image's right, y down, z away from the camera, unit the inter-ocular distance), to be added to a
neutral face; 1 is the action at its full strength. Left and right are the person's own.

A few handles say how far lips, lids or brows travel; the skin between follows as a thin plate
would, and what is farther than about `_REACH` is left alone. The names are those of Apple's
`ARFaceAnchor.BlendShapeLocation`; what moves follows the descriptions there and the Facial Action
Coding System (Ekman and Friesen, 1978). The movements themselves are our own.

`tongueOut` is 0 everywhere: the mesh has no tongue.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import Basis, point_weights, released_basis

Field = NDArray[np.float64]
# Points that go together, and how far: outward from the middle of the face, up, forward.
Handle = tuple[list[int], tuple[float, float, float]]

# In the order of Apple's documentation, which Live Link Face writes too.
ACTIONS: Final = (
    *("eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft"),
    *("eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight"),
    *("eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward"),
    *("jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight"),
    *("mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft"),
    *("mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft"),
    *("mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft"),
    *("browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft"),
    *("noseSneerRight", "tongueOut"),
)
_REACH: Final = 0.12  # how far skin is pulled along, in inter-ocular distances
_LOOK: Final = 0.053  # travel of an iris that turns by 27 degrees, 0.117 from the turning point
_MEET: Final = 0.12  # where the lids meet, of the way from the lower to the upper
_JAW_HINGE: Final = (0.25, 0.75)  # y and z of the axis that the jaw turns about
_JAW_FLAT: Final = 0.35  # the mesh sees less of the way back than there is
_JAW_ANGLE: Final = 0.40  # radians that open the mouth wide: a gap of a third

# Points of the right half, each group from the outside to the middle.
_BROW_IN, _BROW_MID, _BROW_OUT = [107, 55], [66, 65, 105, 52], [63, 53, 70, 46]
_LID_UP, _LID_LOW = [160, 159, 158], [144, 145, 153]
_CREASE = [247, 30, 29, 27, 28, 56, 190]
_CORNER = [61, 76, 62, 78]
_UP_SIDE, _LOW_SIDE = [40, 74, 42, 80], [91, 90, 96, 88]  # a third of the way to the middle
_UP_NEAR, _LOW_NEAR = [37, 72, 38, 82], [84, 85, 86, 87]
_UP_MID, _LOW_MID = [0, 11, 12, 13], [17, 16, 15, 14]
_CHIN = [152, 175, 199, 148, 176]
_CHEEK = [50, 101, 36, 205]
_CHEEK_LOW = [187, 207, 206]
_WING = [48, 64, 49, 102, 129, 98]
_UNDER_EYE = [117, 118, 119, 120, 229, 230, 231]

# On one side of the face; the midline, where it is named, goes half as far.
_SIDED: Final[dict[str, list[Handle]]] = {
    "eyeSquint": [
        (_LID_LOW, (0, 0.026, 0)),
        (_LID_UP, (0, -0.012, 0)),
        (_UNDER_EYE, (0, 0.016, 0.004)),
    ],
    "eyeWide": [(_LID_UP, (0, 0.028, 0.006)), (_CREASE[2:5], (0, 0.022, 0))],
    "mouthSmile": [
        (_CORNER, (0.085, 0.085, -0.04)),
        (_UP_SIDE, (0.04, 0.03, -0.015)),
        (_LOW_SIDE, (0.04, 0.025, -0.01)),
        (_UP_MID + _LOW_MID, (0, 0, -0.01)),
        (_CHEEK, (0.015, 0.035, 0.015)),
        (_CHEEK_LOW, (0.05, 0.05, 0)),
    ],
    "mouthFrown": [
        (_CORNER, (0.015, -0.06, -0.01)),
        (_LOW_SIDE, (0.01, -0.03, 0)),
        (_UP_SIDE, (0.005, -0.025, 0)),
        (_UP_MID + _LOW_MID, (0, 0, 0)),
        (_CHEEK_LOW, (0, -0.015, 0)),
    ],
    "mouthDimple": [
        (_CORNER, (0.05, 0.01, -0.06)),
        (_UP_SIDE, (0.02, 0.005, -0.02)),
        (_LOW_SIDE, (0.02, 0.005, -0.02)),
        (_UP_MID + _LOW_MID, (0, 0, 0)),
    ],
    "mouthStretch": [
        (_CORNER, (0.085, -0.025, -0.03)),
        (_UP_SIDE, (0.04, -0.01, -0.01)),
        (_LOW_SIDE, (0.045, -0.025, -0.01)),
        (_UP_MID + _LOW_MID, (0, 0, 0)),
        (_CHEEK_LOW, (0.04, -0.01, 0)),
    ],
    "mouthPress": [
        (_CORNER, (0.01, 0.005, -0.015)),
        ([40, 39], (0, -0.022, -0.012)),
        ([37], (0, -0.015, -0.01)),
        ([91, 181], (0, 0.028, -0.012)),
        ([84], (0, 0.02, -0.01)),
        ([80, 81, 88, 178, 13, 14], (0, 0, 0)),
    ],
    "mouthLowerDown": [
        (_CORNER, (0.01, -0.008, 0)),
        (_LOW_SIDE, (0.02, -0.06, 0)),
        (_LOW_NEAR, (0.01, -0.07, 0)),
        (_LOW_MID, (0, -0.07, 0)),
        (_UP_SIDE + _UP_MID, (0, 0, 0)),
        (_CHIN, (0, 0, 0)),
    ],
    "mouthUpperUp": [
        (_CORNER, (0.005, 0.012, 0)),
        (_UP_SIDE, (0.01, 0.05, 0)),
        (_UP_NEAR, (0.005, 0.055, 0)),
        (_UP_MID, (0, 0.05, 0)),
        (_LOW_SIDE + _LOW_MID, (0, 0, 0)),
        (_WING, (0.008, 0.012, 0)),
        ([203, 206, 165, 92], (0.01, 0.04, 0.01)),
    ],
    "browDown": [
        (_BROW_IN, (-0.034, -0.05, 0.01)),
        (_BROW_MID, (-0.022, -0.042, 0.005)),
        (_BROW_OUT, (0, -0.015, 0)),
        ([108, 69], (-0.005, -0.025, 0)),
        ([9, 8], (0, -0.05, 0)),
        (_CREASE[2:], (0, -0.022, 0)),
        (_LID_UP, (0, -0.008, 0)),
        (_LID_LOW, (0, 0, 0)),
    ],
    "browOuterUp": [
        (_BROW_OUT, (0.005, 0.06, 0)),
        ([105, 52], (0, 0.055, 0)),
        ([66, 65], (0, 0.03, 0)),
        (_BROW_IN, (0, 0.01, 0)),
        ([71, 68, 104], (0, 0.03, 0)),
        (_CREASE[:4], (0, 0.02, 0)),
        (_LID_UP + _LID_LOW, (0, 0, 0)),
    ],
    "cheekSquint": [
        (_CHEEK, (0.005, 0.035, 0.02)),
        (_UNDER_EYE, (0, 0.022, 0.008)),
        (_LID_LOW, (0, 0.012, 0)),
        (_CORNER, (0, 0.01, 0)),
        (_LID_UP, (0, 0, 0)),
    ],
    "noseSneer": [
        (_WING, (0.01, 0.038, 0)),
        ([203, 206, 165], (0.005, 0.03, 0.01)),
        (_UP_SIDE, (0, 0.015, 0)),
        (_UP_NEAR, (0, 0.022, 0)),
        (_UP_MID, (0, 0.02, 0)),
        (_LOW_SIDE + _LOW_MID, (0, 0, 0)),
        ([188, 196, 174], (0, 0.015, 0)),
        (_BROW_IN, (-0.008, -0.015, 0)),
        (_CORNER, (0, 0.004, 0)),
    ],
}
# On both sides alike.
_BOTH: Final[dict[str, list[Handle]]] = {
    "jawForward": [(_CHIN, (0, 0, 0.07)), (_LOW_MID + _LOW_SIDE, (0, 0, 0.05))],
    "mouthFunnel": [
        (_CORNER, (-0.075, 0, 0.03)),
        (_UP_SIDE, (-0.035, 0.03, 0.05)),
        (_LOW_SIDE, (-0.035, -0.04, 0.05)),
        (_UP_MID, (0, 0.04, 0.06)),
        (_LOW_MID, (0, -0.055, 0.06)),
    ],
    "mouthPucker": [
        (_CORNER, (-0.11, 0, 0.04)),
        (_UP_SIDE, (-0.055, 0.005, 0.07)),
        (_LOW_SIDE, (-0.055, -0.005, 0.07)),
        ([0, 11], (0, 0.01, 0.08)),
        ([17, 16], (0, -0.015, 0.08)),
        ([12, 13, 14, 15], (0, 0, 0.08)),
    ],
    "mouthRollLower": [
        (_CORNER, (0, 0, -0.005)),
        ([17, 84, 181, 91], (0, 0.05, -0.03)),
        ([16, 85, 180, 90], (0, 0.03, -0.04)),
        ([14, 87, 178, 88, 13, 82, 81, 80], (0, 0, -0.01)),
        (_CHIN, (0, 0.01, 0)),
    ],
    "mouthRollUpper": [
        (_CORNER, (0, 0, -0.005)),
        ([0, 37, 39, 40], (0, -0.04, -0.03)),
        ([11, 72, 73, 74], (0, -0.025, -0.04)),
        ([14, 87, 178, 88, 13, 82, 81, 80], (0, 0, -0.01)),
    ],
    "mouthShrugLower": [
        (_CORNER, (0, -0.01, 0)),
        (_CHIN, (0, 0.05, 0.02)),
        ([17, 84, 16, 85], (0, 0.05, 0.03)),
        ([14, 87, 15, 86], (0, 0.03, 0.02)),
        ([13, 82, 12, 38], (0, 0.03, 0.02)),
        ([0, 37, 11, 72], (0, 0.02, 0.01)),
    ],
    "mouthShrugUpper": [
        (_CORNER, (0, 0, 0)),
        (_UP_SIDE, (0, 0.02, 0.01)),
        (_UP_NEAR + _UP_MID, (0, 0.035, 0.025)),
        ([14, 87], (0, 0.025, 0.01)),
        ([17, 84], (0, 0.005, 0)),
    ],
    "browInnerUp": [
        (_BROW_IN, (-0.006, 0.07, 0)),
        ([66, 65], (-0.003, 0.055, 0)),
        ([105, 52], (0, 0.025, 0)),
        (_BROW_OUT, (0, 0, 0)),
        ([9, 108], (0, 0.045, 0)),
        ([151, 69], (0, 0.025, 0)),
        (_CREASE[3:], (0, 0.02, 0)),
        (_LID_UP + _LID_LOW, (0, 0, 0)),
    ],
    "cheekPuff": [
        ([187, 207, 205, 216, 192, 214], (0.05, 0, 0.09)),
        (_CORNER, (-0.01, 0, 0.01)),
        (_UP_MID + _LOW_MID, (0, 0, 0.02)),
    ],
}


@cache
def fields() -> Field:
    """The displacement of every action, (52, 478, 3), in the order of `ACTIONS`."""
    found = np.zeros((len(ACTIONS), topology.POINTS, 3))
    for name, handles in _SIDED.items():
        right = _spread(_placed(handles, half=True))
        found[ACTIONS.index(name + "Right")] = right
        found[ACTIONS.index(name + "Left")] = _mirrored(right)
    for name, handles in _BOTH.items():
        found[ACTIONS.index(name)] = _spread(_placed(handles + _other_side(handles)))
    for name, right in {**_eyes(), "mouth": _sideways(lips=True), "jaw": _sideways()}.items():
        found[ACTIONS.index(name + "Right")] = right
        found[ACTIONS.index(name + "Left")] = _mirrored(right)
    found[ACTIONS.index("jawOpen")] = jaw = _jaw_open()
    found[ACTIONS.index("mouthClose")] = _mouth_close(jaw)
    found.flags.writeable = False
    return found


def face(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Displacement (..., 478, 3) of weights (..., 52)."""
    return np.asarray(np.tensordot(weights, fields(), 1))


def project(field: NDArray[np.floating], basis: Basis) -> NDArray[np.float64]:
    """The dynamics (..., D) that come nearest to displacements (..., 478, 3).

    Least squares, the points weighted as in `Basis.encode` but nothing held back, so that a
    strong action stays strong.
    """
    root = np.sqrt(point_weights()).ravel()
    directions = basis.dynamics.reshape(len(basis.dynamics), -1).astype(np.float64) * root
    projection = np.linalg.pinv(directions) * root[:, None]  # (478 * 3, D)
    return np.asarray(field.reshape(*field.shape[:-2], -1) @ projection)


def _placed(handles: list[Handle], half: bool = False) -> dict[int, NDArray[np.float64]]:
    """Displacements in the head frame of points of the right half, (3,) each."""
    middle = np.flatnonzero(mirror() == np.arange(topology.POINTS))
    sides = np.sign(_mean()[:, 0])
    placed = {}
    for points, (out, up, forward) in handles:
        for point in points:
            central = point in middle
            move = np.array([0.0 if central else sides[point] * out, -up, -forward])
            placed[point] = move / 2 if central and half else move
    return placed


def _other_side(handles: list[Handle]) -> list[Handle]:
    return [([int(mirror()[point]) for point in points], move) for points, move in handles]


def _mirrored(field: Field) -> Field:
    return field[mirror()] * [-1, 1, 1]


@cache
def mirror() -> NDArray[np.int64]:
    """Of each point the one on the other side of the face, (478,)."""
    mean = _mean()
    distance = np.linalg.norm(mean[:, None] * [-1, 1, 1] - mean, axis=-1)
    iris = np.arange(topology.POINTS) >= topology.FACE_POINTS
    distance[iris[:, None] != iris] = np.inf
    return np.asarray(distance.argmin(1), np.int64)


def _mean() -> NDArray[np.float64]:
    return released_basis().mean.astype(np.float64)


def _spread(handles: dict[int, NDArray[np.float64]]) -> Field:
    """Carry the handles' displacements over the skin: a plate held down by springs.

    Minimises |(1 - reach² Laplacian) u|² with u given at the handles.
    """
    field = np.zeros((topology.POINTS, 3))
    points = np.array(list(handles))
    field[points] = np.array(list(handles.values()))
    give = _give()[:, points]
    field[: topology.FACE_POINTS] = give @ np.linalg.solve(give[points], field[points])
    return field


@cache
def _give() -> NDArray[np.float64]:
    """How far each point of the skin goes when one is pushed, (468, 468)."""
    mean, triangles = _mean(), released_basis().triangles
    count = topology.FACE_POINTS
    laplacian = np.zeros((count, count))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        i, j = triangles[:, a], triangles[:, b]
        # on a grid of equal triangles this is the Laplacian of the surface
        weight = (2 / 3) / np.sum((mean[i] - mean[j]) ** 2, 1)
        laplacian[i, j] = laplacian[j, i] = weight
    laplacian -= np.diag(laplacian.sum(1))
    plate = np.eye(count) - _REACH**2 * laplacian
    return np.asarray(np.linalg.inv(plate @ plate), np.float64)


def _eyes() -> dict[str, Field]:
    """What the right lids and iris do."""
    mean = _mean()
    upper, lower = topology.RIGHT_LID_UPPER[1:-1], topology.RIGHT_LID_LOWER[1:-1]
    gap = mean[upper] - mean[lower]  # (7, 3)
    corners = {topology.RIGHT_EYE_OUTER: np.zeros(3), topology.RIGHT_EYE_INNER: np.zeros(3)}
    still = {point: np.zeros(3) for point in [52, 53, 65, 46, 55, *_UNDER_EYE]}

    def lids(top: float, bottom: float) -> dict[int, NDArray[np.float64]]:
        """The upper lid goes down by `top` of the opening, the lower up by `bottom`."""
        moves = dict(zip(upper, -top * gap, strict=True))
        moves |= dict(zip(lower, bottom * gap, strict=True))
        moves |= dict(zip(_CREASE, -0.4 * top * gap, strict=True))
        return {int(p): move for p, move in moves.items()} | corners | still

    def look(across: float, down: float, top: float = 0, bottom: float = 0) -> Field:
        """The iris goes, and the lids with it."""
        field = _spread(lids(top, bottom)) if top or bottom else np.zeros((topology.POINTS, 3))
        field[topology.RIGHT_IRIS] = [across, down, 0]
        return field

    return {
        "eyeBlink": _spread(lids(1 - _MEET, _MEET)),
        "eyeLookIn": look(_LOOK, 0),
        "eyeLookOut": look(-_LOOK, 0),
        "eyeLookUp": look(0, -_LOOK, top=-0.15, bottom=0.05),
        "eyeLookDown": look(0, _LOOK, top=0.4, bottom=-0.05),
    }


def _jaw_open() -> Field:
    """The jaw turns about its hinge and takes the lower lip along."""
    mean = _mean()
    right_share = {**dict.fromkeys([17, 16, 15, 14, 84, 85, 86, 87], 1.0)}
    right_share |= dict.fromkeys([181, 180, 179, 178], 0.93)
    right_share |= dict.fromkeys([91, 90, 96, 88], 0.78)
    right_share |= dict.fromkeys([146, 77, 89, 95], 0.58)
    right_share |= dict.fromkeys(_CORNER, 0.38)
    right_share |= dict.fromkeys([185, 184, 183, 191, 40, 74, 42, 80, 39, 73, 41, 81], 0.0)
    right_share |= {185: 0.2, 184: 0.2, 183: 0.2, 191: 0.2, 40: 0.08, 74: 0.08, 42: 0.08, 80: 0.08}
    right_share |= dict.fromkeys(_UP_NEAR + _UP_MID, 0.0)
    right_share |= dict.fromkeys([18, 83, 200, 201], 0.9)
    # the mesh's chin lags behind the lip
    right_share |= dict.fromkeys([152, 175, 199, 148, 171, 208, 176], 0.65)
    right_share |= {149: 0.62, 150: 0.6, 136: 0.5, 172: 0.4, 58: 0.25, 132: 0.12, 93: 0, 234: 0}
    right_share |= {50: 0, 205: 0.06, 207: 0.3, 212: 0.5, 216: 0.3, 206: 0.08, 2: 0, 98: 0}
    hinge = np.array([0.0, *_JAW_HINGE])
    cos, sin = np.cos(_JAW_ANGLE), np.sin(_JAW_ANGLE)
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    turned = ((mean - hinge) @ turn.T + hinge - mean) * [1, 1, _JAW_FLAT]
    handles = {}
    for point, share in right_share.items():
        inward = -0.04 * np.sign(mean[point, 0]) * (point in _CORNER)
        for side, p in ((1, point), (-1, int(mirror()[point]))):
            handles[p] = share * turned[p] + [side * inward, 0, 0]
    return _spread(handles)


def _mouth_close(jaw: Field) -> Field:
    """Lips that meet although the jaw is open: with `jaw` at the same weight there is no gap."""
    handles = {}
    for upper, lower in (
        (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER),
        (topology.LIP_OUTER_UPPER, topology.LIP_OUTER_LOWER),
        ([76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306], topology.LIPS[40:51]),
        ([62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292], topology.LIPS[60:71]),
    ):
        for a, b in zip(upper[1:-1], lower[1:-1], strict=True):
            gap = jaw[b] - jaw[a]
            handles[int(a)], handles[int(b)] = 0.3 * gap, -0.7 * gap
        for corner in (upper[0], upper[-1]):
            handles[int(corner)] = np.zeros(3)
    handles |= {point: np.zeros(3) for point in [*_CHIN, *mirror()[_CHIN]]}
    return _spread(handles)


def _sideways(lips: bool = False) -> Field:
    """The lips, or the jaw with the lower lip, go to the person's right."""
    if lips:
        moves = dict.fromkeys(map(int, topology.LIPS), 0.08)
        moves |= dict.fromkeys([152, 148, 377, 1, 2, 98, 327], 0.0)
    else:
        lower = [*topology.LIPS[1:10], *topology.LIPS[21:30], *topology.LIPS[41:50]]
        moves = dict.fromkeys(map(int, [*lower, *topology.LIPS[61:70]]), 0.05)
        moves |= dict.fromkeys([152, 148, 377, 175, 199, 176, 400], 0.08)
        moves |= {150: 0.06, 379: 0.06, 172: 0.03, 397: 0.03, 61: 0.02, 291: 0.02}
        moves |= dict.fromkeys([0, 37, 267, 13, 2], 0.0)
    return _spread({point: np.array([-move, 0.0, 0.0]) for point, move in moves.items()})
