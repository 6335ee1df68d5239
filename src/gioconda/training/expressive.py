"""Recipe: append to the basis what emotions move and speech does not.

People who speak move their brows up and down as one. Of a sad brow, whose inner ends alone rise, a
basis learned from them keeps a tenth. What it misses of emotions is taken from two sources that
know them: the synthetic heads (docs/heads.md) and the facial actions of FACS.

1. The movements, both sides alike, without irises and lips.
2. What the basis cannot show of each, scaled to length 1, points weighted as in a fit.
3. Their principal directions, so orthogonal to the basis: its own coordinates keep their meaning,
   and networks that speak in them need not be trained anew.
4. Scaled to mean square 1 over clips, as all dynamics are.

`gioconda train expressive SET --anchors emotion-anchors.npz -o basis.safetensors`
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.face import actions
from gioconda.face.basis import Basis, point_weights, released_basis
from gioconda.training.basis import regions
from gioconda.training.steps import Report, reported, silent

_Faces = NDArray[np.float64]
_ACTIONS: Final = ("browInnerUp", "browDown", "browOuterUp", "cheekSquint", "noseSneer")


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        count: number of coordinates to append.
        clips: over which they are scaled.
        frames: of each.
    """

    count: int = 6
    clips: int = 150
    frames: int = 24


def train_expressive(
    clips: list[Clip], anchors: Path, recipe: Recipe, output: Path, report: Report = silent
) -> dict[str, float]:
    """Write the basis in use with expressive coordinates, in place of those that it has.

    Args:
        clips: training clips.
        anchors: what `benchmarks/head_anchors.py --emotions` wrote.
        recipe: what can be set.
        output: the .safetensors file.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        What part of the square of the movements the basis kept before, and with them.

    Raises:
        GiocondaError: if the file has no such anchors.
    """
    basis, root = released_basis(), np.sqrt(point_weights())
    spoken = basis.dynamics[: basis.expressive.start].astype(np.float64)
    away = np.linalg.qr((spoken * root).reshape(len(spoken), -1).T)[0]  # (478 * 3, spoken)
    moved = np.concatenate([_of_heads(anchors), _of_actions()])
    upper = regions(basis.mean.astype(np.float64))[1]  # (478, 1)
    wanted = (moved * upper * root).reshape(len(moved), -1)
    missed = wanted - wanted @ away @ away.T
    unit = missed / np.linalg.norm(missed, axis=1, keepdims=True)
    directions = np.linalg.svd(unit, full_matrices=False)[2][: recipe.count]
    left = missed - missed @ directions.T @ directions
    size = _spread(clips, basis, root, directions, recipe, report)
    appended = (directions * size[:, None]).reshape(-1, *basis.mean.shape)
    # irises have no weight in depth, nor do the directions move them
    appended = np.divide(appended, root, out=np.zeros_like(appended), where=root > 0)
    _write(basis, appended, output)
    whole = float((wanted**2).sum())
    return {
        "kept before": 1 - float((missed**2).sum()) / whole,
        "kept": 1 - float((left**2).sum()) / whole,
    }


def _of_heads(anchors: Path) -> _Faces:
    """How heads move in emotions at their full weight, in the mean over heads, (N, 478, 3)."""
    try:
        with np.load(anchors, allow_pickle=False) as file:
            moved = file["moved"][:, :, -1].astype(np.float64).mean(0)
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise GiocondaError(
            f"{anchors} has no anchors of heads ({error}); make them with "
            "benchmarks/head_anchors.py --emotions"
        ) from error
    return np.asarray((moved + moved[:, actions.mirror()] * [-1, 1, 1]) / 2)


def _of_actions() -> _Faces:
    """How brows, cheeks and nose move by FACS, both sides alike, (N, 478, 3)."""
    fields = actions.fields()
    return np.stack(
        [
            np.sum(
                [fields[i] for i, full in enumerate(actions.ACTIONS) if full.startswith(name)],
                axis=0,
            )
            for name in _ACTIONS
        ]
    )


def _spread(
    clips: list[Clip],
    basis: Basis,
    root: _Faces,
    directions: NDArray[np.float64],
    recipe: Recipe,
    report: Report,
) -> NDArray[np.float64]:
    """Root mean square (K,) of clips' faces along unit directions (K, 478 * 3)."""
    chosen = clips[:: max(1, len(clips) // recipe.clips)]
    squares = []
    for clip in reported(chosen, "reading clips", report):
        track = clip.track()
        seen = track.points[track.seen]
        if not len(seen):
            continue
        points = seen[:: max(1, len(seen) // recipe.frames)]
        neutral = basis.identify(points)
        head, _ = basis.pose(points, neutral)
        off = (head.to_head(points) - neutral) * root
        squares.append((off.reshape(len(off), -1) @ directions.T) ** 2)
    if not squares:
        raise GiocondaError(f"no face is seen in the {len(clips)} clips; choose other clips")
    return np.asarray(np.sqrt(np.concatenate(squares).mean(0)))


def _write(basis: Basis, appended: _Faces, output: Path) -> None:
    start = basis.expressive.start
    dynamics = np.concatenate([basis.dynamics[:start], appended.astype(np.float32)])
    parts = (*basis.parts[:3], len(appended))
    save_file(
        {
            "mean": basis.mean,
            "identity": basis.identity,
            "dynamics": np.ascontiguousarray(dynamics),
            "triangles": basis.triangles,
        },
        output,
        metadata={
            "name": basis.name,
            "parts": ",".join(map(str, parts)),
            "noise": f"{basis.noise:.6f}",
        },
    )
