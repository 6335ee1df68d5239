"""Recipe: learn to draw what the warp cannot know.

1. Scenes (`gioconda.data.samples.scenes`): a frame of a clip is the portrait, others are to be
   drawn. A pool of scenes is renewed while the net learns from it.
2. A batch is a window of the view over a few scenes: the mouth, the eyes, or all of it.
3. The drawn frame is base + mask (pixels - base), and the base between the lips. Losses:
   differences and differences of gradients at several scales, the eyes and lips weighted up; the
   change from one frame of a scene to another; the mask itself, so that it stays shut where the
   warp is right; and, some time after it began to learn, a critic that judges lips and eyes, with
   feature matching. The critic alone judges unpaired batches: faces that others have moved.
4. The running mean of the weights is written as ONNX files and compared with itself in OpenVINO.

`gioconda train renderer DATA --cache DIR --checkpoint FILE --minutes N -o renderer.zip`, the same
on a CPU, a GPU or, through torchrun, on many.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from lightning_fabric import Fabric

from gioconda.data.clips import Clip
from gioconda.data.samples.scenes import SHARP_PART
from gioconda.renderer.calibration import RendererCalibration
from gioconda.training.renderer.batches import ALL, EYES, MOUTH, Batches, BatchWindow, PixelWeights
from gioconda.training.renderer.examples import Pool, endless_scenes
from gioconda.training.renderer.export import export_renderer
from gioconda.training.renderer.learner import Learner, Plan, launch
from gioconda.training.renderer.losses import LossWeights
from gioconda.training.renderer.network import SIDES, RendererNet
from gioconda.training.steps import Report, Trainer, settling, silent, warm_up

GPU_IS_FULL: Final = torch.OutOfMemoryError
_WARM_UP: Final = 200  # steps
_USUAL: Final = 1000  # the step from which a critic learns


_WEIGHTS: Final = LossWeights()
_PIXELS: Final = PixelWeights()
_CALIBRATION: Final = RendererCalibration(
    sharper_eyes=0.3,
    finer_than=1.5,
    face_colours=(1.34, 0.88, 0.78),
    light_part=0.6,
    least_gain=0.5,
    most_gain=2.0,
)


@dataclass(frozen=True)
class Recipe:
    """Every number that can be set."""

    size: Literal["small", "base"] = "small"  # decides the side of the view
    make: Callable[[], RendererNet] = RendererNet
    start: Path | None = None  # .safetensors to begin with where there is no checkpoint yet
    steps: int = 20000  # of the whole schedule
    # The schedule ends with the call's minutes, however many steps that are, and not with
    # `steps`: for a machine that is lent for a while.
    last: bool = False
    rate: float = 5e-4  # before it settles; small batches after large ones want less
    settling: float = 0.4  # the last part of the schedule, in which that rate falls to nothing
    averaged: float = 0.998  # the released weights are a running mean, this slow in the end
    batch: int = 3  # scenes in a batch, at least 1
    # Scenes to draw from, at least `batch`, kept where the net is; a scene takes 10 MB as "small"
    # and 40 as "base".
    pool: int = 160
    uses: float = 9  # of a scene, in the mean, before it gives way to a new one; at least 1
    workers: int = 0  # processes that prepare scenes; 0 to prepare them in between
    sharp: float | None = SHARP_PART  # of the scenes, from sharp clips; None as many as there are
    unpaired: float = 0.35  # part of the judged batches whose target nobody knows
    windows: tuple[BatchWindow, ...] = (MOUTH, EYES, ALL)
    weights: LossWeights = _WEIGHTS
    pixels: PixelWeights = _PIXELS
    critic: float = 0.5  # its pull, against that of all other losses together
    critic_rate: float = 0.8  # its learning rate, against the net's
    critic_from: float | None = None  # the step; None for 1000, or at once with `start`
    adversarial_after: int = 200  # so many steps later the critic pulls at what is drawn
    mask: float = 0.002  # the price of the mask
    mask_from: int = 400  # before it is free; it has its full price at twice as many steps
    calibration: RendererCalibration = _CALIBRATION

    @property
    def side(self) -> int:
        """S of the views."""
        return SIDES[self.size]

    def plan(self, step: int, critic_from: float, unpaired: bool) -> Plan:
        """What a step does; the same in all processes, or some would wait for a critic that
        others do not ask.

        Args:
            step: its number.
            critic_from: the step from which the critic learns.
            unpaired: whether a batch without a target can be judged yet.
        """
        chance = np.random.default_rng([2, step])
        window = self.windows[chance.choice(len(self.windows), p=[w.chance for w in self.windows])]
        critic = window.judged and step >= critic_from
        adversarial = critic and step >= critic_from + self.adversarial_after
        alone = unpaired and adversarial and bool(chance.random() < self.unpaired)
        return Plan(
            window,
            critic,
            adversarial,
            paired=not alone,
            # as long as nothing is drawn, only the price pulls at the mask
            mask=self.mask * float(np.clip(step / self.mask_from - 1, 0, 1)),
            # early on the mean must not lag behind what is learned quickly
            decay=min(self.averaged, 1 - 10 / (step + 11)),
        )


def train_renderer(
    clips: list[Clip],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: Report = silent,
) -> dict[str, float]:
    """Train for a while and keep the state.

    Called again with the same checkpoint it goes on where it stopped, until `recipe.steps` are
    done. Beside the checkpoint a log is kept, a line of losses for every 50 steps, and at the end
    a .safetensors file of the weights alone, in 16 bits, with which another training can start.

    Args:
        clips: of the training split.
        recipe: every number that can be set.
        output: the .zip file of the averaged net.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and the largest difference
        between the net in torch and the file in OpenVINO, 0 to 255.

    Raises:
        GiocondaError: if no clip serves, `recipe.start` is no such file, or `checkpoint` one of a
            training of another net.
    """
    fabric = launch()
    torch.manual_seed(0)
    learner, trainer = _set_up(fabric, recipe, checkpoint, minutes, report)
    first, rank = trainer.step, fabric.global_rank
    rng = np.random.default_rng([first, rank])
    torch.manual_seed(int(rng.integers(2**31)))  # of what is left out
    scenes = endless_scenes(clips, recipe.side, recipe.sharp, [1, first, rank], recipe.workers)
    pool = Pool(recipe.pool, fabric.device)
    wanted = max(recipe.batch, recipe.pool // 4)  # the first batches need not wait for all of it
    batches = Batches(pool, recipe.batch, recipe.side, recipe.pixels, recipe.calibration, rng)
    for step in trainer:
        while pool.added < wanted + (step - first) * recipe.batch / recipe.uses:
            pool.add(next(scenes))
        plan = recipe.plan(step, trainer.facts["critic_from"], learner.pulled is not None)
        batch = batches.draw(plan.window, plan.paired)
        trainer.note(learner.learn(batch, plan, trainer.descend))
    result = trainer.results()
    if fabric.is_global_zero:
        learner.write_weights(checkpoint.with_suffix(".safetensors"))
        net = learner.average.module.cpu()
        result["export_error"] = export_renderer(net, recipe.side, output, recipe.calibration)
    fabric.barrier()
    return result


def _set_up(
    fabric: Fabric, recipe: Recipe, checkpoint: Path, minutes: float, report: Report
) -> tuple[Learner, Trainer]:
    """As the checkpoint has it, or at the beginning."""
    learner = Learner(
        fabric,
        recipe.make(),
        recipe.rate,
        recipe.critic_rate * recipe.rate,
        recipe.weights,
        recipe.critic,
    )
    rate = warm_up(recipe.rate, _WARM_UP, settling(recipe.settling))
    steps = None if recipe.last else recipe.steps
    parts = learner.net, learner.average, learner.optimizer
    critic = {"judging": learner.judging, "critic": learner.critic}
    trainer = Trainer(*parts, rate, checkpoint, steps, minutes, report, fabric, **critic)
    usual = trainer.facts.get("critic_from", _USUAL)
    if recipe.start is not None and not trainer.resumed:
        learner.read_weights(recipe.start)
        usual = 0  # it has learned already
    critic_from = usual if recipe.critic_from is None else recipe.critic_from
    trainer.facts["critic_from"] = critic_from
    return learner, trainer
