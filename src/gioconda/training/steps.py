"""A training in slices: learning rates, steps until the time is up, running means, a checkpoint.

A recipe's loop is::

    trainer = Trainer(net, average, optimizer, rate, checkpoint, steps, minutes)
    for step in trainer:
        losses = ...
        trainer.descend(weighted(losses, weights))
        trainer.note(losses)
    write(average.module.eval())

What is made is the running mean of the weights.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Report: TypeAlias = Callable[[str, float], None]  # what is being done; how much is, 0 to 1
_Item = TypeVar("_Item")
Part: TypeAlias = nn.Module | torch.optim.Optimizer
Curve: TypeAlias = Callable[[float], float]  # part of the full rate, of the part of the schedule
Rate: TypeAlias = Callable[[int, float], float]  # of the step and the part of the schedule

_KEEP_EVERY: Final = 240.0  # seconds from one checkpoint to the next
_LOG_EVERY: Final = 50  # steps
_MOST: Final = 1.0  # norm of a step's gradient
_NEW: Final = 0.02  # weight of a step in the running means of losses


def silent(stage: str, part: float) -> None:
    """Reports nothing."""


def reported(items: Sequence[_Item], stage: str, report: Report) -> Iterator[_Item]:
    """The items, one after another; each is reported when it is done with."""
    for i, item in enumerate(items):
        yield item
        report(stage, (i + 1) / len(items))


# --- learning rates ---


def cosine(done: float) -> float:
    """Falls from 1 to 0 by half a cosine."""
    return 0.5 + 0.5 * float(np.cos(np.pi * min(done, 1)))


def settling(last: float) -> Curve:
    """Stays 1, and falls straight to 0 over the last part of the schedule."""
    return lambda done: min(1, (1 - done) / last)


def warm_up(rate: float, steps: int, curve: Curve) -> Rate:
    """A curve times `rate`, after a straight rise over the first steps."""
    return lambda step, done: rate * min(1, (step + 1) / steps) * curve(done)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


# --- steps ---


def running_mean(net: nn.Module, decay: float, buffers: bool = False) -> AveragedModel:
    """The exponential moving average of a net's weights.

    Args:
        net: what learns.
        decay: below 1; the higher, the slower.
        buffers: average its buffers too, as BatchNorm wants it; else they are copied.
    """
    return AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=buffers)


def weighted(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """The sum of the losses that have a weight, each times it."""
    return sum(
        (weights[name] * loss for name, loss in losses.items() if name in weights),
        torch.zeros(()),
    )


def descend(
    loss: Tensor,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    backward: Callable[[Tensor], None] = Tensor.backward,
) -> None:
    """One step down the gradient of a loss, which is shortened where it is too long.

    Raises:
        RuntimeError: if it is not finite, so that no such step reaches the checkpoint.
    """
    optimizer.zero_grad()
    backward(loss)
    nn.utils.clip_grad_norm_(net.parameters(), _MOST, error_if_nonfinite=True)
    optimizer.step()


def half_precision() -> torch.autocast:
    """bfloat16, where the processor has it: emulated it takes eight times as long."""
    known = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=known)


class Trainer:
    """Iterates over the steps that are left, as long as the minutes last.

    Before each step it sets the learning rate; after each it updates the running mean of the
    weights. Every few minutes and at the end it keeps the checkpoint, and every 50 steps a line
    of losses in a log beside it. Where there is a checkpoint, it goes on from there.

    Args:
        net: what learns.
        average: the running mean of its weights.
        optimizer: of the net.
        rate: the learning rate.
        checkpoint: the file of the training's state.
        steps: of the whole schedule; None if it ends with this call's minutes.
        minutes: of this call.
        report: called after each step.
        fabric: where several processes train one net: the first says for all how late it is, and
            writes.
        more: what else is kept in the checkpoint, by name.

    Attributes:
        step: steps done in all.
        resumed: whether there was a checkpoint.
        facts: numbers of the recipe that are kept in the checkpoint.

    Raises:
        GiocondaError: if the checkpoint is none, or is of another net.
    """

    def __init__(
        self,
        net: nn.Module,
        average: AveragedModel,
        optimizer: torch.optim.Optimizer,
        rate: Rate,
        checkpoint: Path,
        steps: int | None,
        minutes: float,
        report: Report = silent,
        fabric: "Fabric | None" = None,
        **more: Part,
    ) -> None:
        self._net, self._average, self._optimizer, self._rate = net, average, optimizer, rate
        self._checkpoint, self._steps, self._seconds = checkpoint, steps, 60 * minutes
        self._report, self._fabric = report, fabric
        self._writes = fabric is None or fabric.is_global_zero
        self._means: dict[str, Tensor] = {}
        self._parts = {"net": net, "average": average, "optimizer": optimizer, **more}
        state = resume(checkpoint, **self._parts)
        self.resumed = state is not None
        self.facts: dict[str, float] = {
            name: value for name, value in (state or {}).items() if name not in self._parts
        }
        self.step = int(self.facts.pop("step", 0))

    def __iter__(self) -> Iterator[int]:
        started = kept = time.monotonic()
        last = np.inf if self._steps is None else self._steps
        while (late := self.late(time.monotonic() - started)) < 1 and self.step < last:
            set_rate(self._optimizer, self._rate(self.step, self._done(late)))
            yield self.step
            self._average.update_parameters(self._net)
            self.step += 1
            if self.step % _LOG_EVERY == 0:
                self._log(time.monotonic() - started)
            if time.monotonic() - kept > _KEEP_EVERY:
                kept = time.monotonic()
                self.keep()
            self._report(f"step {self.step}", self._done(late))
        self.keep()

    def _done(self, late: float) -> float:
        """The part of the schedule that is done."""
        return late if self._steps is None else self.step / self._steps

    def late(self, seconds: float) -> float:
        """The part of the minutes that so many seconds are."""
        part = seconds / self._seconds if self._seconds > 0 else 1.0
        return part if self._fabric is None else self._fabric.broadcast(part)

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a loss."""
        backward = Tensor.backward if self._fabric is None else self._fabric.backward
        descend(loss, self._net, self._optimizer, backward)

    def note(self, losses: Mapping[str, Tensor]) -> None:
        """Add a step's losses to the running means."""
        for name, loss in losses.items():
            value = loss.detach()  # stays on the device: to read it is to wait for it
            self._means[name] = self._means.get(name, value).lerp(value, _NEW)

    def results(self) -> dict[str, float]:
        """Steps done in all, and the running means of the losses."""
        return {"steps": self.step} | {name: float(mean) for name, mean in self._means.items()}

    def keep(self) -> None:
        """Write the checkpoint."""
        if self._writes:
            keep(self._checkpoint, {"step": self.step, **self.facts}, **self._parts)

    def _log(self, seconds: float) -> None:
        if not self._writes:
            return
        means = " ".join(f"{name} {float(mean):.4f}" for name, mean in self._means.items())
        with open(self._checkpoint.with_suffix(".log"), "a") as log:
            log.write(f"{self.step} {seconds:.0f}s {means}\n")


class Schedule(Protocol):
    """What a `Recipe` says of its schedule."""

    @property
    def steps(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def warm_up(self) -> int: ...
    @property
    def decay(self) -> float: ...


def scheduled(
    net: nn.Module,
    recipe: Schedule,
    checkpoint: Path,
    minutes: float,
    report: Report = silent,
    weight_decay: float = 0.05,
    buffers: bool = False,
) -> tuple[Trainer, AveragedModel]:
    """The trainer of a whole schedule by AdamW, whose rate falls by a cosine, and the running mean.

    Args:
        net: what learns.
        recipe: steps, the learning rate after `warm_up` steps, the running mean's `decay`.
        checkpoint, minutes, report: as of `Trainer`.
        weight_decay: of AdamW.
        buffers: as of `running_mean`.

    Raises:
        GiocondaError: as `Trainer`.
    """
    average = running_mean(net, recipe.decay, buffers)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=weight_decay)
    rate = warm_up(recipe.rate, recipe.warm_up, cosine)
    trainer = Trainer(net, average, optimizer, rate, checkpoint, recipe.steps, minutes, report)
    return trainer, average


# --- checkpoints ---


def keep(checkpoint: Path, facts: dict[str, float], **parts: Part) -> None:
    """Write the state, facts as "step" among it, whole or not at all."""
    partial = checkpoint.with_suffix(".partial")
    torch.save(facts | {name: part.state_dict() for name, part in parts.items()}, partial)
    partial.rename(checkpoint)


def resume(checkpoint: Path, **parts: Part) -> dict[str, Any] | None:
    """Give the parts the state that `keep` wrote.

    Returns:
        All of the state, or None where there is no file yet.

    Raises:
        GiocondaError: if the file is no checkpoint, or is of another net or an older release.
    """
    if not checkpoint.exists():
        return None
    try:
        state = torch.load(checkpoint, "cpu", weights_only=True)
    except (OSError, EOFError, LookupError, RuntimeError, ValueError, UnpicklingError) as error:
        raise GiocondaError(
            f"{checkpoint} is not a checkpoint; give another --checkpoint"
        ) from error
    try:
        if not isinstance(state, dict) or not all(isinstance(state.get(p), dict) for p in parts):
            raise KeyError
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except torch.OutOfMemoryError:
        raise
    except (KeyError, RuntimeError, ValueError) as error:
        raise GiocondaError(
            f"{checkpoint} is from an older release or from training another network;"
            " give another --checkpoint"
        ) from error
    return state
