"""The losses: what pulls at the pixels that the net draws."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.renderer.geometry import MASKS
from gioconda.training.renderer.batches import Batch


@dataclass(frozen=True)
class LossWeights:
    """What pulls at the pixels is the sum of the losses times these, and the critic."""

    pixels: float = 1.0
    gradients: float = 1.0
    change: float = 0.5
    match: float = 0.15
    mixture: float = 0.2
    detail: float = 40.0
    tone: float = 2.0


def compare(
    drawn: Tensor, real: Tensor, weight: Tensor, inside: Tensor, scenes: int
) -> dict[str, Tensor]:
    """Differences of pixels and gradients over scales, and of the change between frames.

    Frames of one scene are compared each with the one before it in the batch, which is its
    neighbour or far off: a constant error costs nothing, teeth that come and go do. Inside the
    mouth single pixels are not compared: nobody knows where exactly a tooth ends, and the mean of
    all places is fog.

    Args:
        drawn, real: (N T, 3, h, w).
        weight: (N T, 1, h, w).
        inside: (N T, 1, h, w) the inside of the mouth, 0 to 1.
        scenes: N.
    """
    off = drawn - real
    weight = weight / weight.mean()
    beside = (1 - inside) * weight
    pixels = [(beside * off.abs()).mean()]
    gradients = [_slopes(off, beside)]
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


def detail(drawn: Tensor, base: Tensor, masks: Tensor, weight: Tensor) -> Tensor:
    """How far the slopes on teeth are from those of the first guess, where all are even and whole.

    Args:
        drawn, base: (N, 3, h, w).
        masks: (N, MASKS + INSIDE, h, w).
        weight: (N, 1, h, w) of pixels, whose mean is the measure.
    """
    teeth = masks[:, MASKS : MASKS + 2].sum(1, keepdim=True)
    return _slopes(drawn - base, teeth / weight.mean())


def mixture(drawn: Tensor, real: Tensor, inside: Tensor, tile: int) -> Tensor:
    """Wasserstein-1 distance of each channel inside the mouth, in tiles, by sorting; 0 to 1.

    Teeth a little beside where they are cost nothing here; a mean of teeth and dark does.

    Args:
        drawn, real: (N, 3, h, w), 0 to 1.
        inside: (N, 1, h, w) the inside of the mouth, 0 to 1.
        tile: its side in steps of two pixels; h / 2 and w / 2 are multiples of it.
    """
    inside = F.avg_pool2d(inside, 2) > 0.5
    mixtures = []
    for picture in (drawn, real):
        only = torch.where(inside, F.avg_pool2d(picture, 2), 2.0)  # the rest is the last of each
        tiles = F.pixel_unshuffle(only, tile).unflatten(1, (3, -1))
        mixtures.append(tiles.sort(2).values)
    # where less than a tile is open, it counts less
    return (mixtures[0] - mixtures[1]).abs().sum() / (3 * inside.sum().clamp(min=tile**2))


def tone(drawn: Tensor, real: Tensor, inside: Tensor, tile: int) -> Tensor:
    """Difference of the mean colours inside the mouth, 0 to 1, in tiles and of all of it.

    Dark and teeth may lie anywhere in a tile, but there is to be as much light in it. Frames
    count the same, less where less than half a tile is open.

    Args:
        drawn, real: (N, 3, h, w), 0 to 1.
        inside: (N, 1, h, w) the inside of the mouth, 0 to 1.
        tile: its side in pixels; h and w are multiples of it.
    """
    off = F.avg_pool2d(inside * (drawn - real), tile, divisor_override=1)
    open_ = inside.sum((1, 2, 3)).clamp(min=tile**2 / 2)
    both = off.abs().sum((1, 2, 3)) + off.sum((2, 3)).abs().sum(1)
    return (both / (6 * open_)).mean()


def shut(mask: Tensor, weight: Tensor, inside: Tensor) -> Tensor:
    """The mask, where neither mouth nor eyes are; beyond the face it costs most."""
    price = torch.where(weight < 1, 5.0, torch.where(weight > 1, 0.0, 1.0))
    return ((1 - inside) * price * mask).mean()


def critique(critic: nn.Module, drawn: Tensor, batch: Batch) -> dict[str, Tensor]:
    """What the critic has against drawn pixels and, where they have a target, how far what its
    layers see is from what they see in that.

    Args:
        critic: its weights are left alone.
        drawn: (N T, 3, h, w).
        batch: what they are drawn for.
    """
    fake, seen = critic(drawn, batch.masks)
    losses = {"critic": -(judged(batch.masks, batch.weight) * fake.float()).mean()}
    if batch.paired:
        with torch.no_grad():
            _, wanted = critic(batch.real, batch.real_masks)
        off = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp(min=1e-3)
            for a, b in zip(seen, wanted, strict=True)
        ]
        losses["match"] = torch.stack(off).mean()
    return losses


def hinge(critic: nn.Module, drawn: Tensor, batch: Batch) -> Tensor:
    """The critic's own loss: it is to tell drawn from real frames."""
    masks = torch.cat([batch.masks, batch.real_masks])
    verdict, _ = critic(torch.cat([drawn, batch.real]), masks)
    fake, true = verdict.float().chunk(2)
    lies = judged(batch.masks, batch.weight) * F.relu(1 + fake)
    return (lies + judged(batch.real_masks, batch.real_weight) * F.relu(1 - true)).mean()


def judged(masks: Tensor, weight: Tensor) -> Tensor:
    """How much each patch's verdict counts, (N, 1, h/8, w/8), 1 in the mean.

    Only mouths and eyes do, the inside of the mouth most: there the other losses ask for the mean
    of all that may be there, which is fog.
    """
    inside = masks[:, :1]
    weight = F.avg_pool2d(torch.maximum((weight > 1).float(), inside) + 2 * inside, 8)
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
    gradient = _gradient(torch.stack(rest).sum(), drawn)
    norm = gradient.norm() if usual is None else usual
    if "critic" in losses:
        critics = _gradient(losses["critic"], drawn)
        gradient = gradient + strength * norm / critics.norm().clamp(min=1e-8) * critics
    return gradient, norm


def _gradient(loss: Tensor, drawn: Tensor) -> Tensor:
    return torch.autograd.grad(loss, drawn, retain_graph=True)[0].float()
