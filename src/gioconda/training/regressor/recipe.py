"""Recipe: learn to move the mouth from speech.

1. Each clip gives sound and motion in step (`evaluation/speech.py` says by how much each
   family is shifted) and the person's neutral face.
2. A batch is short windows of clips, their sound changed in gain, colour, noise and speed.
3. The loss looks at what shows: points of lips and jaw, their speed, the gap between the lips.
   A window's mean expression cannot be heard, so most of it is forgiven.
4. The net is written as an ONNX file and compared with itself in OpenVINO.

`gioconda train regressor DATA --cache DIR --checkpoint FILE --minutes N -o regressor.onnx`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from gioconda.data.clips import Clip
from gioconda.face.basis import released_basis
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.regressor.examples import batch_of, chances, read_talks
from gioconda.training.regressor.export import export_error, write_model
from gioconda.training.regressor.network import MouthNet
from gioconda.training.report import Report, silent
from gioconda.training.steps import (
    Trainer,
    cosine,
    running_mean,
    warm_up,
    weighted,
)


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        batch: windows in a batch.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        weights: of the losses.
    """

    steps: int = 2500
    batch: int = 48
    rate: float = 1.5e-3
    warm_up: int = 100
    decay: float = 0.995
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "points": 1.0,
            "speed": 1.0,
            "gap": 1.0,
            "shape": 1.0,
            "spread": 0.2,
        }
    )


def train_regressor(
    clips: list[Clip],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: Report = silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        clips: training clips; those without speech are left out.
        recipe: what can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and the largest difference
        between the model in torch and the file in OpenVINO.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    talks = read_talks(clips, basis, report)
    net = MouthNet(basis.parts[2])
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=0.05)
    average = running_mean(net, recipe.decay, buffers=True)
    rate = warm_up(recipe.rate, recipe.warm_up, cosine)
    trainer = Trainer(net, average, optimizer, rate, checkpoint, recipe.steps, minutes, report)
    rng = np.random.default_rng(trainer.step)
    torch.manual_seed(trainer.step)
    loss, chance = MouthLoss(basis), chances(talks)
    for _ in trainer:
        chosen = rng.choice(len(talks), recipe.batch, p=chance)
        mel, target, gap = batch_of([talks[i] for i in chosen], basis, rng)
        losses = loss(net(mel), target, gap)
        trainer.descend(weighted(losses, recipe.weights))
        trainer.note(losses)
    net = average.module.eval()
    write_model(net, output)
    return {**trainer.results(), "export_error": export_error(net, output)}
