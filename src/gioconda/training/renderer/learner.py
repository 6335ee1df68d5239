"""A step of the renderer's training: net and critic, in one process or in many."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gioconda.errors import GiocondaError
from gioconda.training.renderer import losses
from gioconda.training.renderer.batches import Batch, BatchWindow
from gioconda.training.renderer.network import Critic, RendererNet
from gioconda.training.steps import running_mean, set_rate


class Plan(NamedTuple):
    """What a step does."""

    window: BatchWindow  # that its batch shows
    critic_learns: bool
    adversarial: bool  # whether the critic pulls at what is drawn
    paired: bool
    mask: float  # the price of the mask
    decay: float  # of the running mean of the weights


class Learner:
    """Net and critic, set up to learn.

    Args:
        fabric: where.
        net: what learns to draw.
        rate: the learning rate that it begins with.
        critic_rate: the critic's.
        weights: of the losses.
        strength: the critic's pull, against that of all other losses together.

    Attributes:
        net, critic: the bare ones, whatever Fabric wraps them in.
        average: the running mean of the net's weights.
        optimizer, judging: the net's and the critic's.
        pulled: how hard all losses but the critic pull, a running mean; None until then.
    """

    def __init__(
        self,
        fabric: Fabric,
        net: RendererNet,
        rate: float,
        critic_rate: float,
        weights: losses.LossWeights,
        strength: float,
    ) -> None:
        self.critic = Critic()
        self.average = running_mean(net, 0.0)
        fabric.to_device(self.average)
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01
        )
        judging = torch.optim.AdamW(self.critic.parameters(), lr=critic_rate, betas=(0.5, 0.99))
        self.net = net.to(memory_format=torch.channels_last)
        self._drawer, self.optimizer = fabric.setup(self.net, optimizer)
        self._judge, self.judging = fabric.setup(self.critic, judging)
        self._fabric, self._critic_rate = fabric, critic_rate
        self._weights, self._strength = asdict(weights), strength
        self.pulled: Tensor | None = None

    def learn(
        self, batch: Batch, plan: Plan, descend: Callable[[Tensor], None]
    ) -> dict[str, Tensor]:
        """One step; returns its losses.

        Args:
            batch: what to draw.
            plan: what to do with it.
            descend: takes the net's step down the gradient of a loss.
        """
        drawn, mask = draw(self._drawer, batch)
        found = self._losses(drawn, batch, plan.adversarial)
        usual = None if batch.paired else self.pulled
        pull, others = losses.pull_of(found, self._weights, drawn, usual, self._strength)
        if plan.adversarial:
            self.pulled = others if self.pulled is None else self.pulled.lerp(others, 0.1)
        found["mask"] = losses.shut(mask, batch.weight)
        descend((pull * drawn).sum() + plan.mask * found["mask"])
        self.average.multi_avg_fn = get_ema_multi_avg_fn(plan.decay)
        if plan.critic_learns:
            found["judge"] = self._judge_step(drawn.detach(), batch)
        if batch.paired:
            base = losses.compare(batch.base, batch.real, batch.weight, len(batch.source))
            found["warp"] = base["pixels"]
        return found

    def _losses(self, drawn: Tensor, batch: Batch, adversarial: bool) -> dict[str, Tensor]:
        """What pulls at the pixels."""
        found: dict[str, Tensor] = {}
        if batch.paired:
            found = losses.compare(drawn, batch.real, batch.weight, len(batch.source))
        if adversarial:
            self.critic.requires_grad_(False)
            with self._fabric.autocast():  # the bare critic: it learns nothing here
                found |= losses.critique(self.critic, drawn, batch)
            self.critic.requires_grad_(True)
        return found

    def _judge_step(self, drawn: Tensor, batch: Batch) -> Tensor:
        """The critic's step; returns its loss."""
        set_rate(self.judging, self._critic_rate)  # constant: it stays ahead of a net that settles
        verdict = losses.hinge(self._judge, drawn, batch)
        self.judging.zero_grad()
        self._fabric.backward(verdict)
        self.judging.step()
        return verdict

    def write_weights(self, file: Path) -> None:
        """Write what net and critic have learned, in 16 bits."""
        both = nn.ModuleDict({"net": self.average.module, "critic": self.critic})
        weights = {name: part.half().contiguous() for name, part in both.state_dict().items()}
        save_file(weights, file)

    def read_weights(self, file: Path) -> None:
        """Begin with what `write_weights` wrote.

        Raises:
            GiocondaError: if it is no such file.
        """
        try:
            weights = load_file(file)
            for net in (self.net, self.average.module):
                both = nn.ModuleDict({"net": net, "critic": self.critic})
                both.load_state_dict(weights)
        except (OSError, SafetensorError) as error:
            raise GiocondaError(f"{file} has no weights of the renderer ({error})") from error
        except RuntimeError as error:
            raise GiocondaError(
                f"{file} holds weights of other networks; start from "
                "docs/renderer/small.safetensors or from what this version wrote"
            ) from error


def draw(net: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Pixels (N T, 3, h, w), the base between the lips, and mask (N T, 1, h, w).

    Args:
        net: a `RendererNet`, or what Fabric wraps it in.
        batch: what to draw.
    """
    pixels, mask = net(
        batch.source,
        batch.source_masks,
        batch.base,
        batch.masks,
        batch.guides,
        batch.origin,
        batch.corner,
    )
    mask = mask.float()
    part = (1 - batch.masks[:, :1]) * mask
    return batch.base + part * (pixels.float() - batch.base), mask


def launch() -> Fabric:
    """One process, or those that torchrun has started."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # torchrun sets both
    everywhere = int(os.environ.get("WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator="auto",
        devices=here,
        num_nodes=everywhere // here,
        strategy="ddp" if everywhere > 1 else "auto",
        precision="bf16-mixed",
    )
    fabric.launch()
    return fabric
