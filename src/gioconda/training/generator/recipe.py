"""Recipe: learn all of a face's motion from speech and the other conditions.

1. Each clip is motion, speech features of its sound (as it is; and changed as users bring it,
   slower and faster), and the conditions as they were measured: where the eyes rest, how much the
   head moves, when the lids go down and up.
2. A window of frames comes twice: as history, with a little noise or hidden and never with its
   mouth; and as the residual of each frame, at a noise level of its own.
3. Windows of a second tell lips and lids, but not where a head's middle is: only those of long
   clips teach the pose. Batches of both kinds take turns.

`gioconda train generator SET --checkpoint FILE --minutes N -o generator.zip`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from gioconda.data.samples.performances import Performance
from gioconda.face.basis import Basis, released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import HISTORY, Channels
from gioconda.training import steps
from gioconda.training.generator.batches import Batch, Batches, Windows
from gioconda.training.generator.examples import read_examples
from gioconda.training.generator.export import write_model
from gioconda.training.generator.network import MotionNet

_LIPS: Final = 2.0  # how much more an error of the lower face counts
_PERCENT: Final = 100.0  # of the inter-ocular distance
_CLOSED: Final = 1.5  # percent: under this lips are closed
_LEAST_SEEN: Final = 0.05  # of a residual's variance


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        width: of the network; the published size is 512, with 8 layers and 8 heads.
        layers: of the network.
        heads: of its attention.
        speeds: of the copies of each clip whose sound is changed.
        windows: what a batch is made of.
        weights: of the losses.
        calibration: written beside the networks; its units are what the network learns in.
    """

    steps: int = 2400
    rate: float = 6e-4
    warm_up: int = 200
    decay: float = 0.998
    width: int = 192
    layers: int = 6
    heads: int = 4
    speeds: tuple[float, ...] = (1.0, 0.9, 1.1)
    windows: Windows = field(default_factory=Windows)
    weights: Mapping[str, float] = field(
        default_factory=lambda: {"position": 1.0, "speed": 1.0, "gap": 0.05}
    )
    calibration: Calibration = field(default_factory=Calibration)


def train_generator(
    performances: list[Performance],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: steps.Report = steps.silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        performances: of training clips; of the sync judge's people lips are not learned.
        recipe: what can be set.
        output: the .zip file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the number of clips, and the losses' means over the last steps.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    channels = Channels(basis)
    long, short = read_examples(performances, recipe.speeds, recipe.calibration, report)
    net = MotionNet(channels.count, HISTORY + 1, recipe.width, recipe.layers, recipe.heads)
    net.prediction.fit([copies[0].motion for copies in long or short], channels.seen)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=0.05)
    average = steps.running_mean(net, recipe.decay)
    rate = steps.warm_up(recipe.rate, recipe.warm_up, steps.cosine)
    trainer = steps.Trainer(
        net, average, optimizer, rate, checkpoint, recipe.steps, minutes, report
    )
    torch.manual_seed(trainer.step)
    rng = np.random.default_rng(trainer.step)
    batches = Batches(long, short, recipe.windows, channels, net.prediction, rng)
    loss = MotionLoss(basis, channels)
    for step in trainer:
        batch = batches.draw(step)
        with torch.autocast("cpu", torch.bfloat16):
            prediction = net(*batch.inputs)
        losses = loss(prediction.float(), batch)
        trainer.descend(steps.weighted(losses, recipe.weights))
        trainer.note(losses)
    write_model(average.module.eval(), recipe.calibration, output)
    return {"clips": len(long) + len(short), **trainer.results()}


class MotionLoss:
    """Losses of residuals (N, T, C): "position", "speed" of the lips, "gap" between the lips."""

    def __init__(self, basis: Basis, channels: Channels) -> None:
        shows = np.linalg.norm(basis.dynamics[..., :2].reshape(sum(basis.parts), -1), axis=1)
        shows = shows / shows.mean()
        shows[basis.lower] *= _LIPS
        self._weights = torch.from_numpy(np.concatenate([np.ones(6), shows]).astype(np.float32))
        self._pose, self._lower = channels.pose, channels.lower
        self._gap = torch.from_numpy(lip_gap(basis.dynamics[basis.lower]).astype(np.float32))

    def __call__(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        learned, level, lower = batch.learned, batch.level[..., None], self._lower
        weights = self._weights.clone()
        weights[self._pose] *= float(batch.pose)
        error = (prediction - batch.target) * learned
        # head and eyes are as often asked at one level as at another, and there is less to see
        # at the lower ones; of the mouth it is how it ends that counts
        seen = level.square() / ((1 - level).square() + level.square())
        scale = torch.where(weights > 0, seen.clamp(_LEAST_SEEN, 1).rsqrt(), 0)
        scale[..., lower] = 1
        lips = error[..., lower]
        speed = (lips[:, 1:] - lips[:, :-1]) * learned[:, 1:, lower]
        gap, wanted = (
            (motion[..., lower] @ self._gap + batch.neutral_gap[:, None]).relu() * _PERCENT
            for motion in (prediction, batch.target)
        )
        closed = 1 + (wanted < _CLOSED).float()  # closures are few and seen at once
        real = learned[..., -1]
        count = learned.sum()
        return {
            "position": (weights * (scale * error).square()).sum() / count,
            "speed": (weights[lower] * speed.square()).sum() / count,
            "gap": (closed * (gap - wanted).abs() * real).sum() / real.sum(),
        }
