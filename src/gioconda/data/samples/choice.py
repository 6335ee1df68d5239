"""Which frames of a clip: one to be the portrait, and pairs that differ from it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.face import measure
from gioconda.face.encode import jumps
from gioconda.face.pose import HeadPose, angles

_TURN: Final = np.radians(40)  # no real frame is turned further from the portrait than this
_NEARER: Final = 0.4  # nor is its head nearer or farther, logarithm of the scale
_SHUT: Final = 0.5  # part of the portraits that are chosen for their shut mouth
_ORDINARY: Final = 0.3  # least weight of a frame that shows nothing special


def choose_frames(
    rng: np.random.Generator,
    points: NDArray[np.floating],
    seen: NDArray[np.bool_],
    head: HeadPose,
    pairs: int,
) -> tuple[int, list[int]] | None:
    """A source and pairs of targets that follow each other, or None where a clip has too few.

    Args:
        rng: decides.
        points: (T, 478, 3) the meshes.
        seen: (T,) whether the face was seen.
        head: of the T frames.
        pairs: how many.
    """
    mouth = measure.lip_distances(points)[:, 1] / head.size
    lids = (measure.lid_distances(points)[..., 1] / head.size[:, None]).sum(1)
    chance = np.where(seen, 1.0, 0.0)
    if rng.random() < _SHUT:
        chance *= np.exp(-mouth / 0.03) + 0.01
    if chance.sum() <= 0:
        return None
    source = int(rng.choice(len(points), p=chance / chance.sum()))
    turn = angles(head.rotation)
    far = np.abs(turn[:, :2] - turn[source, :2]).max(1)
    run = np.concatenate([[0], np.cumsum(jumps(points))])  # which stretch between cuts
    use = seen & (run == run[source]) & (far < _TURN)
    use &= np.abs(np.log(head.size / head.size[source])) < _NEARER
    ahead = use[:-1] & use[1:] & (np.arange(len(points) - 1) != source)
    if ahead.sum() < pairs:
        return None
    widest = max(float(np.quantile(mouth, 0.95)), 0.03)
    special = np.maximum(0.5 * mouth, np.abs(mouth - mouth[source])) / widest
    special = special + 0.7 * np.clip((lids[source] - lids) / 0.12, 0, 1) + 2 * far
    special = special * np.clip(np.abs(np.arange(len(points)) - source) / 10, 0.3, 1)
    weight = np.where(ahead, _ORDINARY + special[:-1], 0)
    first = rng.choice(len(weight), pairs, replace=False, p=weight / weight.sum())
    return source, [int(k) for i in first for k in (i, i + 1)]
