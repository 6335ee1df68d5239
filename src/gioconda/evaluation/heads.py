"""What the synthetic heads' shapes are in the basis of faces, and how well the tracker sees them.

Each head is drawn from the front at rest and in each shape, tracked as any video, and compared with
itself at rest; beside it stands what its mesh has exactly. docs/heads.md says what is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.heads import VISEMES, Camera, Head, Look, Pose, draw, read_head
from gioconda.data.heads.expressions import both
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, counted, silent
from gioconda.face import measure, topology
from gioconda.face.basis import released_basis
from gioconda.face.tracker import track

MEASURES: Final = ("opening", "width", "protrusion", "forward", "brow", "lids")
WEIGHTS: Final = (0.25, 0.5, 0.75, 1.0)
# The mouth's shapes beside the visemes, then brows and lids.
SHAPES: Final[Mapping[str, Mapping[str, float]]] = {
    **{name: {name: 1.0} for name in VISEMES},
    "MouthOpen": {"MouthOpen": 1.0},
    "Shout": {"Shout": 1.0},
    "Kiss": {"Kiss": 1.0},
    "smile shut": both({"smileClose": 1.0}),
    "smile open": both({"smileOpen": 1.0}),
    "mouth sad": both({"mouthSad": 1.0}),
    "disgust": both({"disgust": 1.0}),
    "brows up": {**both({"browUp": 1.0}), "RRbrowUp": 1.0, "LLbrowUp": 1.0},
    "brows down": {**both({"browDown": 1.0}), "RRbrowDown": 1.0, "LLbrowDown": 1.0},
    "inner brows up": both({"pityful": 1.0}),
    "lids shut": both({"eyeClose": 1.0}),
    "lids wide": both({"eyeOpen": 1.0}),
    "squint": both({"squint": 0.5}),
}
# Places of the skin's texture, in texels of 2048.
_CORNERS: Final = ((541.0, 735.0), (792.0, 735.0))
_MIDDLE: Final = 666.5
_EDGES: Final = (694.0, 740.0, 800.0)  # upper lip's top, where the lips part, lower lip's bottom


@dataclass(frozen=True)
class Anchors:
    """Shapes of H heads at W weights, each against the same head at rest.

    Attributes:
        names: of the N shapes.
        weights: (W,).
        heads: names of the H heads.
        dynamics: (H, N, W, D) change of the dynamics as tracked.
        moved: (H, N, W, 478, 3) how the tracked points move in the head frame, float16; more than
            the basis can show.
        tracked: (H, N, W, 6) change of the tracked `MEASURES`, inter-ocular distances. Protrusion
            is how far the middle of the lips stands before their corners, forward how far it stands
            before the eyes' corners, brow the brows' height over these, and the lids' opening
            height over width.
        exact: (H, N, W, 4) change of opening, width, protrusion and forward of the mesh, in the
            same unit; opening is that between the lips' rims as seen from the front.
        rest: (H, 6) the tracked `MEASURES` at rest.
        rest_exact: (H, 4) the exact ones at rest.
        basis: whose coordinates the dynamics are.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    heads: tuple[str, ...]
    dynamics: NDArray[np.float32]
    moved: NDArray[np.float16]
    tracked: NDArray[np.float32]
    exact: NDArray[np.float32]
    rest: NDArray[np.float32]
    rest_exact: NDArray[np.float32]
    basis: str

    def save(self, path: Path) -> None:
        """Write them as npz, with mean and spread over heads.

        Keys: those of the attributes, and `offset` (N, W, D), `spread` (N, W, D), the mean and the
        standard deviation over heads of `dynamics`; `tracked_mean` (N, W, 6), `exact_mean`
        (N, W, 4); `measures`, the names of the six.
        """
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items()}
        np.savez_compressed(
            path,
            **arrays,
            offset=self.dynamics.mean(0),
            spread=self.dynamics.std(0),
            tracked_mean=self.tracked.mean(0),
            exact_mean=self.exact.mean(0),
            measures=np.array(MEASURES),
        )


def load_anchors(path: Path) -> Anchors:
    """Read what `Anchors.save` wrote.

    Raises:
        GiocondaError: if the file is missing or has no anchors.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {each.name: file[each.name] for each in fields(Anchors)}
    except (OSError, KeyError, ValueError) as error:
        raise GiocondaError(f"{path} has no anchors of heads ({error})") from error
    for name in ("names", "weights", "heads"):
        found[name] = tuple(found[name].tolist())
    return Anchors(**{**found, "basis": str(found["basis"])})


def measure_shapes(
    files: Sequence[Path],
    shapes: Mapping[str, Mapping[str, float]],
    weights: Sequence[float] = WEIGHTS,
    report: Report = silent,
) -> Anchors:
    """Draw and track shapes of heads.

    Args:
        files: the heads'.
        shapes: weights of morphs by the shape's name.
        weights: by which each shape's are multiplied.
        report: called with heads done and heads in all.
    """
    found = [_one(read_head(path), shapes, weights) for path in counted(files, report)]
    dynamics, faces, tracked, exact = (np.stack(parts) for parts in zip(*found, strict=True))
    grid = (len(files), len(shapes), len(weights))

    def change(values: NDArray[np.floating]) -> NDArray[np.float32]:
        moved = values[:, 1:] - values[:, :1]
        return moved.reshape(grid + values.shape[2:]).astype(np.float32)

    return Anchors(
        names=tuple(shapes),
        weights=tuple(weights),
        heads=tuple(path.stem for path in files),
        dynamics=change(dynamics),
        moved=change(faces).astype(np.float16),
        tracked=change(tracked),
        exact=change(exact),
        rest=tracked[:, 0].astype(np.float32),
        rest_exact=exact[:, 0].astype(np.float32),
        basis=released_basis().name,
    )


def _one(
    head: Head, shapes: Mapping[str, Mapping[str, float]], weights: Sequence[float]
) -> tuple[NDArray[np.floating], ...]:
    """Of 1 + N W poses, rest first: dynamics, faces, tracked measures and exact ones."""
    poses = [Pose()]
    for shape in shapes.values():
        poses += [Pose({name: w * part for name, part in shape.items()}) for w in weights]
    camera, look = Camera(), Look(noise=1.0)
    # the tracker goes on from the frame before, so each shape grows out of a frame at rest
    rest = draw(head, poses[0], look, camera).picture
    frames: list[NDArray[np.uint8]] = []
    shaped: list[bool] = []
    for i, pose in enumerate(poses):
        if i and (i - 1) % len(weights) == 0:
            frames.append(rest)
            shaped.append(False)
        frames.append(draw(head, pose, look, camera).picture)
        shaped.append(True)
    points, basis = track(frames).points, released_basis()
    neutral = basis.identify(points[~np.array(shaped)])
    points = points[shaped]
    at, dynamics = basis.pose(points, neutral)
    faces = at.to_head(points)
    # a picture's inter-ocular distance in the unit of the head
    unit = float(at.size[0]) * camera.view / camera.size
    exact = np.stack([exact_lips(head, pose) for pose in poses]) / unit
    return dynamics, faces, _measured(faces), exact


def _measured(faces: NDArray[np.floating]) -> NDArray[np.float64]:
    """The `MEASURES` of faces in the head frame, (T, 6)."""
    width, _, protrusion = measure.lip_shape(faces).T
    brow = -faces[:, topology.BROWS, 1].mean(1)
    forward = -faces[:, [topology.UPPER_LIP_TOP, topology.LOWER_LIP_BOTTOM], 2].mean(1)
    lids = measure.lid_opening(faces).mean(1)
    return np.stack([measure.lip_gap(faces), width, protrusion, forward, brow, lids], 1)


def exact_lips(head: Head, pose: Pose) -> NDArray[np.float64]:
    """Opening, width, protrusion and forward of the mesh in its own unit, (4,).

    Opening is between the lowest point of the upper lip's middle and the highest of the lower
    one's, as seen from the front; negative where one hides the other.
    """
    at = head.posed(pose, turned=False)["skin"].astype(np.float64)
    right, left = (at[head.at(*place)] for place in _CORNERS)
    top, bottom = (at[head.at(_MIDDLE, row)] for row in (_EDGES[0], _EDGES[2]))
    place = head.parts["skin"].uv * 2048
    middle = np.abs(place[:, 0] - _MIDDLE) < 2
    upper = middle & (place[:, 1] >= _EDGES[0]) & (place[:, 1] < _EDGES[1])
    lower = middle & (place[:, 1] >= _EDGES[1]) & (place[:, 1] <= _EDGES[2])
    opening = at[lower, 1].min() - at[upper, 1].max()
    protrusion = (right[2] + left[2] - top[2] - bottom[2]) / 2
    forward = -(top[2] + bottom[2]) / 2
    return np.array([opening, np.linalg.norm(left - right), protrusion, forward])
