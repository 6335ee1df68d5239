"""Recipe: learn to tell jaw and tongue from the face.

1. States are fitted to frames of clips (`fitting.py`), a few clips of each person.
2. Jaw and tongue are linear in what `frame_features` says, and then held to their ranges. The loss
   is what is left of the picture's error in the state that is told, looked up in the grid of those
   that were tried, at the clip's own upper row. So a frame that shows little teaches little.
3. Upper row and tones of mouths that no picture shows are what the recipe says.

`gioconda train mouth-state DATA --cache DIR -o mouth-state.safetensors`
"""

from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn

from gioconda.data.clips import Clip
from gioconda.data.samples.scenes import eye_distance
from gioconda.errors import GiocondaError
from gioconda.renderer.mouth.predictor import TONGUE, StateModel, frame_features
from gioconda.renderer.mouth.trial import JAWS, TONGUES
from gioconda.training import steps
from gioconda.training.mouth_state.fitting import Fitted, fit_clip

_WORST: Final = 1.2  # of a flat colour's error: what fits worse teaches nothing


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        clips: of each person at most, those with the largest faces.
        eyes: least distance between the eyes in pixels.
        steps: of learning.
        batch: frames in each.
        rate: of learning; it falls to nothing.
        decay: of the weights.
        noise: put on what is known of a frame, in its standard deviations.
        drop: of an upper row that no picture shows; as the tones by `benchmarks/mouth_light.py`.
        teeth, soft, dark: tones in grey skin, in parts of its light.
        carved: as of `StateModel`. Of 36 portraits a marble has -4 and a terracotta -3, all others
            and 129 people in clips 9 and more.
    """

    clips: int = 4
    eyes: float = 75.0
    steps: int = 400
    batch: int = 512
    rate: float = 5e-3
    decay: float = 1.0
    noise: float = 0.05
    drop: float = 0.0
    teeth: tuple[float, float, float] = (1.45, 1.37, 1.37)
    soft: tuple[float, float, float] = (1.0, 0.77, 0.8)
    dark: tuple[float, float, float] = (0.3, 0.08, 0.08)
    carved: float = 3.0


def train_mouth(
    clips: list[Clip], recipe: Recipe, output: Path, report: steps.Report = steps.silent
) -> dict[str, float]:
    """Fit states to clips, learn to tell them, and write the model.

    Args:
        clips: training clips.
        recipe: what can be set.
        output: the .safetensors file.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Clips and frames that served, and the mean squared error inside the mouth against that of
        a flat colour, of fitted and of told states.

    Raises:
        GiocondaError: if no clip serves.
    """
    chosen = choose(clips, recipe)
    fits = (fit_clip(clip) for clip in steps.reported(chosen, "fit states", report))
    fitted = [one for one in fits if one and one.error < _WORST]
    if not fitted:
        raise GiocondaError(f"none of the {len(clips)} clips shows enough of a mouth")
    model, told = learn(fitted, recipe)
    save_file({one.name: getattr(model, one.name) for one in fields(model)}, output)
    return {
        "clips": len(fitted),
        "frames": sum(len(one.faces) for one in fitted),
        "fitted": float(np.mean([one.error for one in fitted])),
        "told": told,
    }


def choose(clips: list[Clip], recipe: Recipe) -> list[Clip]:
    """The largest faces of each person."""
    people: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for i, clip in enumerate(clips):
        track = clip.track()
        if track.seen.sum() >= 12 and (apart := eye_distance(track)) >= recipe.eyes:
            people[clip.source, clip.person].append((-apart, i))
    kept = sorted(i for group in people.values() for _, i in sorted(group)[: recipe.clips])
    return [clips[i] for i in kept]


def learn(fitted: list[Fitted], recipe: Recipe) -> tuple[StateModel, float]:
    """The model, and the error of what it tells against that of a flat colour."""
    torch.manual_seed(0)
    counts = [len(one.faces) for one in fitted]
    features = np.concatenate(
        [frame_features(f.dynamics, f.faces, f.neutral, f.turns) for f in fitted]
    )
    mean, scale = features.mean(0), features.std(0) + 1e-6
    x = _tensor((features - mean) / scale)
    e = _tensor(np.concatenate([one.at_own_row() / one.flat for one in fitted]))
    weight = np.repeat(1 / np.array(counts), counts)
    w = _tensor(weight / weight.sum())
    net = nn.Linear(x.shape[1], 2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = recipe.rate * (1 - step / recipe.steps)
        k = torch.randperm(len(x))[: recipe.batch]
        seen = x[k] + recipe.noise * torch.randn_like(x[k])
        loss = (error_at(e[k], *_ranged(net(seen))) * w[k]).sum() / w[k].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        told = float((error_at(e, *_ranged(net(x))) * w).sum())
    arrays = {
        "drop": np.array([recipe.drop]),
        "tones": np.array([recipe.teeth, recipe.soft, recipe.dark]),
        "carved": np.array([recipe.carved]),
        "mean": mean,
        "scale": scale,
        "pose": net.weight.detach().numpy().T,
        "pose_bias": net.bias.detach().numpy(),
    }
    kept = {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
    return StateModel(**kept), told


def error_at(errors: Tensor, jaw: Tensor, tongue: Tensor) -> Tensor:
    """What was tried, (N, jaws, tongues), at states (N,) between, bilinearly, (N,)."""
    n = torch.arange(len(errors))
    (low_jaw, jaw), (low_tongue, tongue) = _between(jaw, JAWS), _between(tongue, TONGUES)
    total = torch.zeros(len(errors))
    for i, j in np.ndindex(2, 2):
        weight = (jaw if i else 1 - jaw) * (tongue if j else 1 - tongue)
        total = total + weight * errors[n, low_jaw + i, low_tongue + j]
    return total


def _ranged(raw: Tensor) -> tuple[Tensor, Tensor]:
    """As `predictor.ranged`."""
    jaw = nn.functional.softplus(8 * (0.2 * raw[:, 0] + 0.15)) / 8
    return jaw, TONGUE * torch.sigmoid(2 * raw[:, 1])


def _between(x: Tensor, grid: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """The place on a grid that each lies above, and how far towards the next, 0 to 1."""
    marks = _tensor(grid)
    x = x.clamp(float(grid[0]) + 1e-4, float(grid[-1]) - 1e-4)
    low = (torch.bucketize(x.detach(), marks) - 1).clamp(0, len(grid) - 2)
    return low, (x - marks[low]) / (marks[low + 1] - marks[low])


def _tensor(array: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
