"""Recipe: learn the motion of head, eyes and brows from speech and the other conditions.

1. Each clip is motion, speech features of its sound (as it is; and changed as users bring it,
   slower and faster), and the conditions as they were measured: where the eyes rest, how much the
   head moves, when the lids go down and up.
2. A window of frames comes twice: as history, with a little noise or
   hidden; and as the residual of each frame, at a noise level of its own.
3. Windows of a second tell brows and lids, but not where a head's middle is: only those of long
   clips teach the pose. Batches of both kinds take turns.

`gioconda train generator SET --checkpoint FILE --minutes N -o generator.zip`
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from gioconda.data.samples.performances import Performance
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import HISTORY, Channels
from gioconda.motion import POSE
from gioconda.training import steps
from gioconda.training.disturber import Disturber
from gioconda.training.examples import read_examples
from gioconda.training.generator.batches import Batch, Batches, Windows
from gioconda.training.generator.export import write_model
from gioconda.training.generator.network import MotionNet

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
        copies: of each clip with speech; their sound is changed and disturbed.
        windows: what a batch is made of.
        calibration: written beside the networks; its units are what the network learns in.
    """

    steps: int = 3200
    rate: float = 6e-4
    warm_up: int = 200
    decay: float = 0.998
    width: int = 192
    layers: int = 6
    heads: int = 4
    copies: int = 3
    windows: Windows = field(default_factory=Windows)
    calibration: Calibration = field(default_factory=Calibration)


def train_generator(
    performances: list[Performance],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    disturber: Disturber,
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
        disturber: of the copies' sound.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the number of clips, and the losses' means over the last steps.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    channels = Channels(basis)
    long, short = read_examples(performances, recipe.copies, disturber, recipe.calibration, report)
    net = MotionNet(channels.count, HISTORY + 1, recipe.width, recipe.layers, recipe.heads)
    net.prediction.fit([copies[0].motion[:, : channels.count] for copies in long or short])
    trainer, average = steps.scheduled(net, recipe, checkpoint, minutes, report)
    torch.manual_seed(trainer.step)
    rng = np.random.default_rng(trainer.step)
    batches = Batches(long, short, recipe.windows, channels, net.prediction, rng)
    loss = MotionLoss(basis, channels)
    for step in trainer:
        batch = batches.draw(step)
        with steps.half_precision():
            prediction = net(*batch.inputs)
        losses = loss(prediction.float(), batch)
        trainer.descend(losses["position"])
        trainer.note(losses)
    write_model(average.module.eval(), recipe.calibration, output)
    return {"clips": len(long) + len(short), **trainer.results()}


class MotionLoss:
    """How far residuals (N, T, C) are off, by how much it shows: "position"."""

    def __init__(self, basis: Basis, channels: Channels) -> None:
        spoken = basis.dynamics[: basis.expressive.start, :, :2]
        shows = np.linalg.norm(spoken.reshape(len(spoken), -1), axis=1)
        weights = np.concatenate([np.ones(len(POSE)), shows / shows.mean()])[: channels.count]
        self._weights = torch.from_numpy(weights.astype(np.float32))
        self._pose = channels.pose

    def __call__(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        level = batch.level[..., None]
        weights = self._weights.clone()
        weights[self._pose] *= float(batch.pose)
        error = (prediction - batch.target) * batch.learned
        # they are as often asked at one level as at another, and there is less to see at the
        # lower ones
        seen = (level.square() / ((1 - level).square() + level.square())).clamp(_LEAST_SEEN, 1)
        count = batch.learned.sum() * len(weights)
        return {"position": (weights * error.square() / seen).sum() / count}
