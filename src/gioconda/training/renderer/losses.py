"""The losses: what pulls at the pixels that the net draws."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.training.renderer.batches import Batch


@dataclass(frozen=True)
class LossWeights:
    """What pulls at the pixels is the sum of the losses times these, and the critic."""

    pixels: float = 1.0
    gradients: float = 1.0
    change: float = 0.5
    match: float = 0.15


def compare(drawn: Tensor, real: Tensor, weight: Tensor, scenes: int) -> dict[str, Tensor]:
    """Differences of pixels and gradients over scales, and of the change between frames.

    Frames of one scene are compared each with the one before it in the batch, which is its
    neighbour or far off: a constant error costs nothing, lips that come and go do.

    Args:
        drawn, real: (N T, 3, h, w).
        weight: (N T, 1, h, w).
        scenes: N.
    """
    off = drawn - real
    weight = weight / weight.mean()
    pixels = [(weight * off.abs()).mean()]
    gradients = [_slopes(off, weight)]
    change = off.unflatten(0, (scenes, -1)).diff(dim=1)
    each = weight.unflatten(0, (scenes, -1))
    both = torch.minimum(each[:, 1:], each[:, :-1])
    scaled, scaled_weight = off, weight
    for _ in range(2):
        scaled, scaled_weight = F.avg_pool2d(scaled, 2), F.avg_pool2d(scaled_weight, 2)
        pixels.append((scaled_weight * scaled.abs()).mean())
        gradients.append(_slopes(scaled, scaled_weight))
    return {
        "pixels": torch.stack(pixels).sum(),
        "gradients": torch.stack(gradients).sum(),
        "change": (both * change.abs()).mean(),
    }


def _slopes(off: Tensor, weight: Tensor) -> Tensor:
    across = (weight[..., 1:] * (off[..., 1:] - off[..., :-1]).abs()).mean()
    down = (weight[..., 1:, :] * (off[..., 1:, :] - off[..., :-1, :]).abs()).mean()
    return across + down


def shut(mask: Tensor, weight: Tensor) -> Tensor:
    """The mask, where neither mouth nor eyes are; beyond the face it costs most."""
    price = torch.where(weight < 1, 5.0, torch.where(weight > 1, 0.0, 1.0))
    return (price * mask).mean()


def critique(critic: nn.Module, drawn: Tensor, batch: Batch) -> dict[str, Tensor]:
    """What the critic has against drawn pixels and, where they have a target, how far what its
    layers see is from what they see in that.

    Args:
        critic: its weights are left alone.
        drawn: (N T, 3, h, w).
        batch: what they are drawn for.
    """
    fake, seen = critic(*_beside(drawn, batch.masks))
    losses = {"critic": -(judged(batch.masks, batch.weight) * fake.float()).mean()}
    if batch.paired:
        with torch.no_grad():
            _, wanted = critic(*_beside(batch.real, batch.real_masks))
        off = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp(min=1e-3)
            for a, b in zip(seen, wanted, strict=True)
        ]
        losses["match"] = torch.stack(off).mean()
    return losses


def hinge(critic: nn.Module, drawn: Tensor, batch: Batch) -> Tensor:
    """The critic's own loss: it is to tell drawn from real frames."""
    masks = torch.cat([batch.masks, batch.real_masks])
    verdict, _ = critic(*_beside(torch.cat([drawn, batch.real]), masks))
    fake, true = verdict.float().chunk(2)
    lies = judged(batch.masks, batch.weight) * F.relu(1 + fake)
    return (lies + judged(batch.real_masks, batch.real_weight) * F.relu(1 - true)).mean()


def _beside(pictures: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures whose mouths are black, for the net draws nothing there; and their masks."""
    return pictures * (1 - masks[:, :1]), masks


def judged(masks: Tensor, weight: Tensor) -> Tensor:
    """How much each patch's verdict counts, (N, 1, h/8, w/8), 1 in the mean: lips and eyes."""
    weight = F.avg_pool2d((weight > 1) * (1 - masks[:, :1]), 8)
    return weight / weight.mean().clamp(min=1e-3)  # there may be neither mouth nor eye


def pull_of(
    losses: Mapping[str, Tensor],
    weights: Mapping[str, float],
    drawn: Tensor,
    usual: Tensor | None,
    strength: float,
) -> tuple[Tensor, Tensor]:
    """Where all losses together pull the drawn pixels, and how hard all but the critic do.

    Each is followed back to the pixels once. The critic pulls `strength` times as hard as the rest.

    Args:
        losses: by name; the critic's is "critic".
        weights: of the rest, by name.
        drawn: (N, 3, h, w).
        usual: how hard the rest pulls elsewhere, where there is no target; else None.
        strength: the critic's.

    Returns:
        The gradient (N, 3, h, w), and the norm of the rest's.
    """
    rest = [weight * losses[name] for name, weight in weights.items() if name in losses]
    gradient = _gradient(torch.stack(rest).sum(), drawn) if rest else torch.zeros_like(drawn)
    norm = gradient.norm() if usual is None else usual
    if "critic" in losses:
        critics = _gradient(losses["critic"], drawn)
        gradient = gradient + strength * norm / critics.norm().clamp(min=1e-8) * critics
    return gradient, norm


def _gradient(loss: Tensor, drawn: Tensor) -> Tensor:
    return torch.autograd.grad(loss, drawn, retain_graph=True)[0].float()
