"""Motion as weights of ARKit's 52 blendshapes, for other people's rigs.

A motion moves the basis' mean face; the weights are those with which the movements of
`gioconda.face.actions` come nearest to that. There are more actions than coordinates, so many
mixtures move the face alike: of these the one is taken that needs the least movement in all,
shows the least of what the basis cannot show, and changes the least from frame to frame.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import actions, measure
from gioconda.face.basis import in_basis, point_weights, released_basis
from gioconda.media import FPS
from gioconda.motion import Motion

_SPARSE: Final = 0.01  # price of movement, against its square
_HIDDEN: Final = 0.1  # how much movement counts that the basis cannot show; 1 as any other
_STEADY: Final = 0.05  # price of change from frame to frame
_STEPS: Final = 300
_PIECE: Final = 1000  # frames rebuilt at a time, so that memory stays bounded

# Live Link Face's columns after the timecode and the count.
COLUMNS: Final = (
    *(name[0].upper() + name[1:] for name in actions.ACTIONS),
    *("HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"),
    *("RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
)


def weights(motion: Motion) -> NDArray[np.float64]:
    """The 52 weights of each frame, (T, 52), 0 to 1, in the order of `actions.ACTIONS`.

    The least of  |x - w F|² + sparseness |w F| + steadiness |change of w F|²  over 0 ≤ w ≤ 1,
    where x is how the mean face moves, the points weighted as in `Basis.encode`. Found with
    the accelerated projected gradient (Beck and Teboulle, SIAM J. Imaging Sciences 2009), started
    anew where it overshoots (O'Donoghue and Candès, FoCM 2015), all frames at once.

    Raises:
        GiocondaError: if the motion is in another basis than the released one.
    """
    motion = in_basis(motion, released_basis())
    return _solve(motion.dynamics.astype(np.float64))


def rotations(motion: Motion) -> NDArray[np.float64]:
    """How head, left eye and right eye are turned, (T, 3, 3): of each yaw, pitch and roll.

    In radians, right-handed about the axes of ARKit's face anchor, which are x to the person's
    left, y up and z out of the face: yaw > 0 to the person's left (the image's right), pitch > 0
    down, roll > 0 towards the person's right shoulder (counterclockwise in the image).
    R = Rz(roll) @ Rx(pitch) @ Ry(yaw). The head is against the camera, the eyes against the
    head; they do not roll.

    Raises:
        GiocondaError: if the motion is in another basis than the released one.
    """
    basis = released_basis()
    motion = in_basis(motion, basis)
    turned = np.zeros((len(motion), 3, 3))
    turned[:, 0] = motion.pose[:, :3] * [1, -1, -1]
    ahead = measure.eye_gaze(basis.mean[None])
    for start in range(0, len(motion), _PIECE):
        piece = slice(start, start + _PIECE)
        faces = basis.rebuild(motion.dynamics[piece], basis.mean)
        gaze = measure.eye_gaze(faces, basis.mean) - ahead
        turned[piece, 1:, :2] = gaze[:, ::-1] * [1, -1]
    return turned


def timecode(frame: int) -> str:
    """Hours, minutes, seconds, frames and thousandths of a frame, at 25 frames a second.

    >>> timecode(25 * 61 + 7)
    '00:01:01:07.000'
    """
    seconds, frames = divmod(frame, FPS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}.000"


def table(motion: Motion) -> str:
    """The motion as text of a CSV file in the layout of Live Link Face.

    Raises:
        GiocondaError: if the motion is in another basis than the released one.
    """
    turned = rotations(motion).reshape(len(motion), -1)
    values = np.concatenate([weights(motion), turned], 1)
    lines = [",".join(("Timecode", "BlendshapeCount", *COLUMNS))]
    for frame, row in enumerate((values.round(6) + 0.0).tolist()):  # + 0.0: no -0
        numbers = ",".join(f"{value:.6f}" for value in row)
        lines.append(f"{timecode(frame)},{len(COLUMNS)},{numbers}")
    return "\n".join(lines) + "\n"


@cache
def _problem() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The actions, each scaled so that the movement that the basis shows of it has length 1.

    Returns:
        (52,) the strength of an action of weight 1; (D, 52) from dynamics to how much they go
        along with each action; (52, 52) how much actions go along with each other.
    """
    basis, root = released_basis(), np.sqrt(point_weights()).ravel()
    fields = actions.fields().astype(np.float64)
    directions = basis.dynamics.reshape(len(basis.dynamics), -1) * root
    moved = fields.reshape(len(fields), -1) * root
    shown = actions.project(fields, basis) @ directions
    length = np.linalg.norm(shown, axis=1)
    length[length == 0] = 1  # the tongue
    shown, hidden = shown / length[:, None], (moved - shown) / length[:, None]
    return length, directions @ shown.T, shown @ shown.T + _HIDDEN * hidden @ hidden.T


def _solve(dynamics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (T, 52) of dynamics (T, D)."""
    most, target, gram = _problem()
    # the longest step that is safe: 4 is the most that a second difference amplifies
    step = 1 / (np.linalg.eigvalsh(gram)[-1] + 4 * _STEADY)
    keep = np.eye(len(most)) - step * gram
    push = step * (dynamics @ target - _SPARSE)
    found = ahead = np.zeros_like(push)
    speed = 1.0
    for _ in range(_STEPS):
        moved = ahead @ keep + push
        change = step * _STEADY * np.diff(ahead, axis=0)
        moved[:-1] += change
        moved[1:] -= change
        moved = np.clip(moved, 0, most)
        if np.vdot(ahead - moved, moved - found) > 0:
            speed = 1.0
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead = moved + (speed - 1) / faster * (moved - found)
        found, speed = moved, faster
    return np.asarray(found / most)
