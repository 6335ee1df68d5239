"""Recipe: learn to draw what the warp cannot know.

1. Scenes (`gioconda.data.samples.scenes`): a frame of a clip is the portrait, others are to be
   drawn. A pool of scenes is renewed while the net learns from it.
2. A batch is a window of the view over a few scenes: the mouth, the eyes, or all of it.
3. The drawn frame is warp + mask (pixels - warp). Losses: differences and differences of
   gradients at several scales, the eyes and lips weighted up; the colours inside the mouth,
   wherever near by they lie, and how much light there is in all; the change from one frame of a
   scene to another; the mask itself, so that it stays shut where the warp is right; and,
   `HEARD_AFTER` steps after it began to learn, a critic that judges mouths and eyes, with feature
   matching. The critic alone judges nobody's batches: faces that others have moved, their mouths a
   mixture of two people's.
4. The running mean of the weights is written as ONNX files and compared with itself in OpenVINO.

`gioconda train renderer DATA --cache DIR --checkpoint FILE --minutes N -o renderer.zip`, the same
on a CPU, a GPU or, through torchrun, on many.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from gioconda.data.clips import Clip
from gioconda.data.samples.scenes import SHARP_PART, Scenes
from gioconda.errors import GiocondaError
from gioconda.renderer.light import gains, middle
from gioconda.renderer.view import CELL
from gioconda.training.renderer.export import export_renderer
from gioconda.training.renderer.network import SIDES, Critic, RendererNet
from gioconda.training.steps import keep, resume

GPU_IS_FULL: Final = torch.OutOfMemoryError
STEPS: Final = 20000  # of the whole schedule
RATE: Final = 5e-4
SETTLING: Final = 0.4  # the last part of the schedule, in which the net's rate falls to nothing
CRITIC_RATE: Final = 0.8  # the critic's, against the net's
CRITIC_FROM: Final = 1000  # it starts to learn,
HEARD_AFTER: Final = 200  # and so many steps later to be heard
MASK_FROM: Final = 400  # the mask is free before, and has its full price at twice as many steps
AVERAGED: Final = 0.998  # the released weights are a running mean, this slow in the end
SCENES: Final = 3  # in a batch
POOL: Final = 160  # scenes to draw from
USES: Final = 9  # of a scene, in the mean, before it gives way to a new one
# What pulls at the pixels is the sum of the losses times these, and the critic.
WEIGHTS: Final = {
    "pixels": 1.0,
    "gradients": 1.0,
    "change": 0.5,
    "match": 0.15,
    "mixture": 0.2,
    "tone": 1.0,
}
CRITIC: Final = 0.5  # the critic's pull, against that of all of them together
MASK: Final = 0.002  # the price of the mask
IMAGINED: Final = 0.35  # part of the judged batches that show what only the critic can judge
# Side of what "mixture" sorts and "tone" adds up, in steps of two pixels of a view 256 wide.
TILE: Final = 8
# Weights of a pixel; the rest of the face has 1. Inside the mouth, where several things may be,
# the critic is to decide, not the mean of all of them.
MOUTH, LIPS, EYES, OUTSIDE = 1.0, 5.0, 5.0, 0.1
_MIRRORED: Final = (-1, 1, 1, -1, 1, 1, -1, 1, -1, 1, -1, 1)  # signs of the guides in a mirror
_KEEP_EVERY: Final = 240.0  # seconds from one checkpoint to the next


class Window(NamedTuple):
    """A part of the view, in pixels of a view that is 256 wide.

    Attributes:
        chance: how often it is the batch.
        height, width: its size.
        top, left: the middle of where its corner lies.
        jitter: how far the corner strays from there.
        pairs: pairs of frames of each scene.
        judged: whether the critic looks at it.
    """

    chance: float
    height: int
    width: int
    top: int
    left: int
    jitter: int
    pairs: int
    judged: bool


WINDOWS: Final = (
    Window(0.75, 80, 112, 116, 72, 12, 2, True),  # mouth
    Window(0.2, 64, 160, 48, 48, 8, 2, True),  # eyes
    Window(0.05, 256, 256, 0, 0, 0, 1, False),
)


class Batch(NamedTuple):
    """Windows of N scenes, T frames of each; pictures 0 to 1."""

    source: Tensor  # (N, 3, S, S)
    source_masks: Tensor  # (N, MASKS, S, S)
    source_jaws: Tensor  # (N, 4, S/4, S/4)
    warped: Tensor  # (N T, 3, h, w)
    real: Tensor  # (N T, 3, h, w)
    masks: Tensor  # (N T, MASKS, h, w)
    real_masks: Tensor  # those of the real frames, which may be others
    guides: Tensor  # (N T, GUIDES, h/4, w/4)
    origin: Tensor  # (N T, 3, h/4, w/4, 2)
    weight: Tensor  # (N T, 1, h, w)
    real_weight: Tensor
    corner: tuple[int, int]  # in cells


def train_renderer(
    clips: list[Clip],
    checkpoint: Path,
    minutes: float,
    output: Path,
    size: str = "small",
    steps: int = STEPS,
    workers: int = 0,
    start: Path | None = None,
    report: Callable[[str, float], None] = lambda stage, part: None,
    last: bool = False,
    batch_size: int = SCENES,
    pool_size: int = POOL,
    uses: int = USES,
    rate: float = RATE,
    make: Callable[[], RendererNet] = RendererNet,
    critic_from: float | None = None,
    sharp: float | None = SHARP_PART,
    imagined: float = IMAGINED,
    weights: Mapping[str, float] = WEIGHTS,
) -> dict[str, float]:
    """Train for a while and keep the state.

    Called again with the same checkpoint it goes on where it stopped, until `steps` are done.
    Beside the checkpoint a log is kept, a line of losses for every 50 steps, and at the end a
    .safetensors file of the weights alone, in 16 bits, with which another training can start.

    Args:
        clips: of the training split.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        output: the .zip file of the averaged net.
        size: "small" or "base".
        steps: of the whole schedule.
        workers: processes that prepare scenes; 0 to prepare them in between.
        start: weights to begin with where there is no checkpoint yet.
        report: called with what is being done and how much of it is done, from 0 to 1.
        last: whether the schedule ends with this call's minutes, however many steps that are,
            and not with `steps`: for a machine that is lent for a while.
        batch_size: scenes in a batch, at least 1.
        pool_size: scenes to draw from, at least `batch_size`, kept where the net is; a scene
            takes 10 MB as `small` and 40 as `base`.
        uses: how often a scene is drawn, in the mean, before it gives way to a new one; at least 1.
        rate: the net's, before it settles, and by `CRITIC_RATE` the critic's; small batches after
            large ones want less.
        make: makes the net, by default the released architecture.
        critic_from: the step from which the critic learns; None for `CRITIC_FROM`, or at once
            where it comes with `start`.
        sharp: the part of scenes from sharp clips; None for as many as there are.
        imagined: the part of the judged batches that show what only the critic can judge.
        weights: of the losses but the critic's and the mask's, by the names in `WEIGHTS`.

    Returns:
        Steps done in all, the losses' means over the last steps, and the largest difference
        between the net in torch and the file in OpenVINO, 0 to 255.

    Raises:
        GiocondaError: if no clip serves, `start` is no such file, or `checkpoint` one of a
            training of another net.
    """
    fabric = _fabric()
    torch.manual_seed(0)
    net, critic = make(), Critic()
    average = AveragedModel(net)
    fabric.to_device(average)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01)
    judging = torch.optim.AdamW(critic.parameters(), lr=CRITIC_RATE * rate, betas=(0.5, 0.99))
    net = net.to(memory_format=torch.channels_last)
    drawer, optimizer = fabric.setup(net, optimizer)
    judge, judging = fabric.setup(critic, judging)
    parts = {"average": average, "optimizer": optimizer, "judging": judging}
    parts |= {"net": net, "critic": critic}  # the bare ones, whatever Fabric wraps them in
    step, usual = 0, CRITIC_FROM
    if state := resume(checkpoint, **parts):
        step, usual = state["step"], state["critic_from"]
    elif start is not None:
        _begin(start, net, average.module, critic)
        usual = 0  # it has learned already
    critic_from = usual if critic_from is None else critic_from
    rng = np.random.default_rng([step, fabric.global_rank])
    torch.manual_seed(int(rng.integers(2**31)))  # of what is left out
    seed = [1, step, fabric.global_rank]
    scenes = _scenes(_Endless(clips, SIDES[size], sharp, seed), workers)
    pool = Pool(pool_size, fabric.device)
    wanted = max(batch_size, pool_size // 4)  # the first batches need not wait for all of the pool
    recent: dict[str, Tensor] = {}
    pulled: Tensor | None = None  # how hard all losses but the critic pull, a running mean
    started = kept = time.monotonic()
    first = step
    # the first process says for all how late it is
    while (late := fabric.broadcast(_part(started, minutes))) < 1 and (last or step < steps):
        done = late if last else step / steps
        while pool.added < wanted + (step - first) * batch_size / uses:
            pool.add(next(scenes))
        warming = min(1, (step + 1) / 200)
        settling = min(1, (1 - done) / SETTLING)
        # the critic stays ahead of a net that settles
        for one, now in ((optimizer, rate * warming * settling), (judging, CRITIC_RATE * rate)):
            for group in one.param_groups:
                group["lr"] = now
        # the same in all processes, or some would wait for a critic that others do not ask
        chance = np.random.default_rng([2, step])
        window = WINDOWS[chance.choice(len(WINDOWS), p=[w.chance for w in WINDOWS])]
        asked = window.judged and step >= critic_from
        heard = asked and step >= critic_from + HEARD_AFTER
        nobodys = pulled is not None and heard and bool(chance.random() < imagined)
        batch = _batch(pool, batch_size, window, SIDES[size], rng, nobodys)
        drawn, mask = _draw(drawer, batch, float(chance.uniform(0.2, 0.8)) if nobodys else 0.0)
        inside = batch.masks[:, :1]
        losses: dict[str, Tensor] = {}
        if not nobodys:
            losses |= compare(drawn, batch.real, batch.weight, batch_size)
            losses["mixture"] = mixture(drawn, batch.real, inside, TILE * SIDES[size] // 256)
            losses["tone"] = tone(drawn, batch.real, inside, 2 * TILE * SIDES[size] // 256)
        if heard:
            critic.requires_grad_(False)
            with fabric.autocast():  # the bare critic: its gradients are nobody's business here
                losses |= _critique(critic, drawn, batch, matched=not nobodys)
            critic.requires_grad_(True)
        pull, others = pull_of(losses, weights, drawn, pulled)
        if heard:
            pulled = others if pulled is None else pulled.lerp(others, 0.1)
        losses = {name: loss.detach() for name, loss in losses.items()}
        mask_loss = shut(mask, batch.weight, inside)
        # as long as nothing is drawn, only the price pulls at the mask
        price = MASK * float(np.clip(step / MASK_FROM - 1, 0, 1))
        optimizer.zero_grad()
        fabric.backward((pull * drawn).sum() + price * mask_loss)
        losses["mask"] = mask_loss.detach()
        fabric.clip_gradients(drawer, optimizer, max_norm=1.0)
        optimizer.step()
        # early on the mean must not lag behind what is learned quickly
        average.multi_avg_fn = get_ema_multi_avg_fn(min(AVERAGED, 1 - 10 / (step + 11)))
        average.update_parameters(net)
        if asked:
            verdict = _hinge(judge, drawn.detach(), batch)
            judging.zero_grad()
            fabric.backward(verdict)
            losses["judge"] = verdict.detach()
            judging.step()
        step += 1
        if not nobodys:
            warp = compare(batch.warped, batch.real, batch.weight, batch_size)
            losses["warp"] = warp["pixels"]
        for name, loss in losses.items():
            recent[name] = recent.get(name, loss).lerp(loss, 0.02)
        if step % 50 == 0 and fabric.is_global_zero:
            with open(checkpoint.with_suffix(".log"), "a") as log:
                facts = " ".join(f"{name} {float(value):.4f}" for name, value in recent.items())
                log.write(f"{step} {time.monotonic() - started:.0f}s pool {len(pool)} {facts}\n")
        if fabric.is_global_zero and time.monotonic() - kept > _KEEP_EVERY:
            kept = time.monotonic()
            keep(checkpoint, {"step": step, "critic_from": critic_from}, **parts)
        report(f"step {step}", done)
    result = {"steps": float(step)} | {name: float(value) for name, value in recent.items()}
    if fabric.is_global_zero:
        keep(checkpoint, {"step": step, "critic_from": critic_from}, **parts)
        _leave(checkpoint.with_suffix(".safetensors"), average.module, critic)
        result["export_error"] = export_renderer(average.module.cpu(), SIDES[size], output)
    fabric.barrier()
    return result


# --- losses ---


def compare(drawn: Tensor, real: Tensor, weight: Tensor, scenes: int) -> dict[str, Tensor]:
    """Differences of pixels and gradients over scales, and of the change between frames.

    Frames of one scene are compared each with the one before it in the batch, which is its
    neighbour or far off: a constant error costs nothing, teeth that come and go do.

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


def _critique(judge: nn.Module, drawn: Tensor, batch: Batch, matched: bool) -> dict[str, Tensor]:
    fake, seen = judge(drawn, batch.masks)
    losses = {"critic": -(judged(batch.masks, batch.weight) * fake.float()).mean()}
    if matched:
        with torch.no_grad():
            _, wanted = judge(batch.real, batch.real_masks)
        off = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp(min=1e-3)
            for a, b in zip(seen, wanted, strict=True)
        ]
        losses["match"] = torch.stack(off).mean()
    return losses


def _hinge(judge: nn.Module, drawn: Tensor, batch: Batch) -> Tensor:
    masks = torch.cat([batch.masks, batch.real_masks])
    verdict, _ = judge(torch.cat([drawn, batch.real]), masks)
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
) -> tuple[Tensor, Tensor]:
    """Where all losses together pull the drawn pixels, and how hard all but the critic do.

    Each is followed back to the pixels once. The critic pulls `CRITIC` times as hard as the rest.

    Args:
        losses: by name; the critic's is "critic".
        weights: of the rest, by name.
        drawn: (N, 3, h, w).
        usual: how hard the rest pulls elsewhere, for where there is only the critic.

    Returns:
        The gradient (N, 3, h, w), and the norm of the rest's.
    """
    rest = [weight * losses[name] for name, weight in weights.items() if name in losses]
    if rest:
        gradient = _gradient(torch.stack(rest).sum(), drawn)
        norm = gradient.norm()
    else:
        gradient = torch.zeros_like(drawn)
        norm = gradient.new_zeros(()) if usual is None else usual
    if "critic" in losses:
        critics = _gradient(losses["critic"], drawn)
        gradient = gradient + CRITIC * norm / critics.norm().clamp(min=1e-8) * critics
    return gradient, norm


def _gradient(loss: Tensor, drawn: Tensor) -> Tensor:
    return torch.autograd.grad(loss, drawn, retain_graph=True)[0].float()


def _draw(drawer: nn.Module, batch: Batch, mixed: float) -> tuple[Tensor, Tensor]:
    pixels, mask = drawer(
        batch.source,
        batch.source_masks,
        batch.source_jaws,
        batch.warped,
        batch.masks,
        batch.guides,
        batch.origin,
        batch.corner,
        mixed,
    )
    mask = mask.float()
    return batch.warped + mask * (pixels.float() - batch.warped), mask


# --- batches ---


class Pool:
    """Scenes side by side on the device, to draw from; the oldest give way to new ones.

    Args:
        most: how many are kept.
        device: where.

    Attributes:
        added: how many there have been.
    """

    def __init__(self, most: int, device: torch.device) -> None:
        self.added = 0
        self._most, self._device = most, device
        self._fields: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return min(self.added, self._most)

    def add(self, scene: dict[str, Tensor]) -> None:
        """Keep a scene; its fields are those of `Scene`."""
        if not self._fields:
            self._fields = {
                name: torch.empty((self._most, *x.shape), dtype=x.dtype, device=self._device)
                for name, x in scene.items()
            }
        for name, field in scene.items():
            self._fields[name][self.added % self._most] = field
        self.added += 1

    def __getitem__(self, name: str) -> Tensor:
        """A field of all scenes that there are, (P, ...), on the device, not copied."""
        return self._fields[name][: len(self)]


def _batch(
    pool: Pool,
    count: int,
    window: Window,
    side: int,
    rng: np.random.Generator,
    imagined: bool,
) -> Batch:
    """A window over some scenes of the pool, with other colours, mirrored half the time.

    What is to be drawn is what the real frames show or, where it is imagined, a driven face.
    """
    scale = side // 256
    corner = [
        (start + int(rng.integers(-window.jitter, window.jitter + 1))) * scale // CELL * CELL
        for start in (window.top, window.left)
    ]
    size = window.height * scale, window.width * scale
    rows, columns = (slice(c, c + n) for c, n in zip(corner, size, strict=True))
    cells = tuple(slice(s.start // CELL, s.stop // CELL) for s in (rows, columns))
    chosen = rng.choice(len(pool), count, replace=False)
    shown, frames = pool["real"].shape[1], 2 * window.pairs
    pairs = np.stack([rng.choice(shown // 2, window.pairs, replace=False) for _ in chosen])
    seen = np.stack([2 * pairs, 2 * pairs + 1], -1).reshape(count, frames)
    at = np.tile(shown + np.arange(frames), (count, 1)) if imagined else seen
    scenes = torch.from_numpy(chosen).to(pool["real"].device)

    def look(field: Tensor, which: NDArray[np.int_]) -> Tensor:
        """These frames (N, T) of a field (P, F, ...): (N T, ...)."""
        index = torch.from_numpy(which).to(field.device)
        return field[scenes[:, None], index].flatten(0, 1).float()

    source, source_masks, source_jaws = (
        pool[name][scenes].float() for name in ("source", "source_masks", "source_jaws")
    )
    warped, real = (
        look(pool[name][:, :, rows, columns], which).permute(0, 3, 1, 2)
        for name, which in (("warped", at), ("real", seen))
    )
    masks, real_masks = (look(pool["masks"][..., rows, columns], which) for which in (at, seen))
    faces = [look(pool["face"][..., *cells], which)[:, None] for which in (at, seen)]
    guides = look(pool["guides"][..., *cells], at)
    origin = look(pool["origin"][:, :, :, *cells], at)
    source = source.permute(0, 3, 1, 2)
    colours = Colours(count, rng, source.device)
    source = colours(source / 255, 1)
    light = _light(source)
    source = (light * source).clamp(0, 1)
    light = light.repeat_interleave(frames, 0)
    warped, real = ((light * colours(x / 255, frames)).clamp(0, 1) for x in (warped, real))
    source_masks, masks, real_masks = (x / 255 for x in (source_masks, masks, real_masks))
    weight, real_weight = (
        weigh(*both) for both in zip((masks, real_masks), (x / 255 for x in faces), strict=True)
    )
    if rng.random() < 0.5:
        corner[1] = side - corner[1] - size[1]
        source, source_masks, source_jaws = (
            x.flip(-1) for x in (source, source_masks, source_jaws)
        )
        warped, real, masks, real_masks, guides, weight, real_weight = (
            x.flip(-1) for x in (warped, real, masks, real_masks, guides, weight, real_weight)
        )
        guides = guides * guides.new_tensor(_MIRRORED)[:, None, None]
        source_jaws = source_jaws * guides.new_tensor(_MIRRORED[-4:])[:, None, None]
        origin = origin.flip(3)
        origin = torch.stack([side - 1 - origin[..., 0], origin[..., 1]], -1)
    source, source_masks, warped, real, masks, real_masks = (
        x.contiguous(memory_format=torch.channels_last)
        for x in (source, source_masks, warped, real, masks, real_masks)
    )
    place = (corner[0] // CELL, corner[1] // CELL)
    return Batch(
        source,
        source_masks,
        source_jaws,
        warped,
        real,
        masks,
        real_masks,
        guides,
        origin,
        weight,
        real_weight,
        place,
    )


def _light(source: Tensor) -> Tensor:
    """What takes the light off pictures (N, 3, S, S), 0 to 1: (N, 3, 1, 1)."""
    rows, columns = middle(source.shape[-1])
    colours = source[:, :, rows, columns].mean((2, 3))
    found = torch.from_numpy(gains(255 * colours.cpu().numpy()))
    return found.to(source.device)[..., None, None]


def weigh(masks: Tensor, face: Tensor) -> Tensor:
    """How much each pixel counts, (N, 1, h, w), of masks and the face's oval in cells."""
    near = F.max_pool2d(masks[:, 1:3], (1, 9), 1, (0, 4))  # lips and eyes and what touches them
    near = F.max_pool2d(near, (9, 1), 1, (4, 0))
    inside = F.interpolate(face, scale_factor=CELL, mode="bilinear", align_corners=False)
    weight = OUTSIDE + (1 - OUTSIDE) * inside
    weight = torch.maximum(weight, LIPS * near[:, :1])
    weight = torch.maximum(weight, EYES * near[:, 1:])
    return weight + masks[:, :1] * (MOUTH - weight)


class Colours:
    """Other light and colours, one for each of N scenes: half are changed as by other cameras,
    half as much more as paint and old film differ."""

    def __init__(self, count: int, rng: np.random.Generator, device: torch.device) -> None:
        much = rng.choice([1.0, 2.5], (count, 1))
        gain = np.exp(much * (rng.normal(0, 0.1, (count, 1)) + rng.normal(0, 0.06, (count, 3))))
        gamma = np.exp(much * rng.normal(0, 0.15, (count, 1)))
        grey = np.minimum(much * rng.uniform(-0.3, 0.4, (count, 1)), 1)
        black = (much - 1) * rng.uniform(0, 0.08, (count, 1))
        tables = (gain, gamma, grey, black)
        self._gain, self._gamma, self._grey, self._black = (
            torch.tensor(t[..., None, None], dtype=torch.float32, device=device) for t in tables
        )

    def __call__(self, x: Tensor, frames: int) -> Tensor:
        """Pictures (N frames, 3, h, w), 0 to 1."""
        gain, gamma, grey, black = (
            t.repeat_interleave(frames, 0)
            for t in (self._gain, self._gamma, self._grey, self._black)
        )
        x = x + grey * (x.mean(1, keepdim=True) - x)
        x = (gain * x.clamp(1e-4, 1) ** gamma).clamp(0, 1)
        return black + (1 - black) * x


# --- scenes, state ---


class _Endless(IterableDataset):
    """Scenes for the workers, each with a seed of its own."""

    def __init__(self, clips: list[Clip], side: int, sharp: float | None, seed: list[int]) -> None:
        self._clips, self._side, self._sharp, self._seed = clips, side, sharp, seed

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        cv2.setNumThreads(1)
        rng = np.random.default_rng([*self._seed, worker.id if worker else 0])
        # as tensors they come from the workers in shared memory
        for scene in Scenes(self._clips, rng, self._side, sharp=self._sharp):
            yield {name: torch.from_numpy(field) for name, field in vars(scene).items()}


def _scenes(endless: _Endless, workers: int) -> Iterator[dict[str, Tensor]]:
    if not workers:
        return iter(endless)
    return iter(DataLoader(endless, batch_size=None, num_workers=workers, prefetch_factor=2))


def _fabric() -> Fabric:
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


def _part(started: float, minutes: float) -> float:
    """The part of the minutes that has passed since `started`, 1 when they are over."""
    return (time.monotonic() - started) / (60 * minutes) if minutes > 0 else 1.0


def _leave(file: Path, net: RendererNet, critic: Critic) -> None:
    """Write what both have learned, in 16 bits."""
    both = nn.ModuleDict({"net": net, "critic": critic})
    weights = {name: part.half() for name, part in both.state_dict().items()}
    save_file({name: part.contiguous() for name, part in weights.items()}, file)


def _begin(file: Path, net: RendererNet, average: RendererNet, critic: Critic) -> None:
    """Give them what `_leave` wrote.

    Raises:
        GiocondaError: if it is no such file.
    """
    try:
        weights = load_file(file)
        for part in (net, average):
            nn.ModuleDict({"net": part, "critic": critic}).load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise GiocondaError(f"{file} holds no weights of the renderer ({error})") from error
