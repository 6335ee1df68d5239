"""Recipe: learn which voice moves a head, to judge whether generated heads listen.

1. Windows of clips whose sound is the face's own speech: the pose, and the prosody of the sound.
   Only people of whose heads the generator learns nothing, or little, see `judges_heads`.
2. Two small towers of convolutions, one a head's and one a sound's, which meet in unit vectors;
   those of one window agree. A window has to be told from others of its own person, which share
   face, room and manner, from those of other people, and from itself moved in time.
3. Both are written as an ONNX file, `assets/head_judge.onnx`.

After the contrastive audio-pose score of VASA-1 (CAPP; Xu et al., 2024), with what data there are.

`gioconda train head-judge SET --checkpoint FILE --minutes N -o head_judge.onnx`
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.data.people import judges_heads
from gioconda.data.samples.performances import Performance
from gioconda.data.samples.prosody import BANDS, CHANNELS, prosody
from gioconda.errors import GiocondaError
from gioconda.generator.bank import MIRRORED_POSE
from gioconda.motion import POSE
from gioconda.speech.features import SAMPLES
from gioconda.training import steps
from gioconda.training.export import to_onnx
from gioconda.training.targets import resampled

_GROUP: Final = 4  # windows of one person in a batch
_APART: Final = 13  # frames by which a window is moved at least, and what is left at its end
_MOVES: Final = 6  # frames from one moved window to the next
_BLUR: Final = 2.0  # frames; what is quicker than a nod is the tracker's trembling, and the jaw's
_SCALES: Final = (10.0, 10.0, 10.0, 10.0, 10.0, 20.0)  # of the pose, so that all count alike
_SPEED: Final = 5.0
_SHARPEST: Final = 4.0  # logarithm of the inverse temperature

_Array = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        windows: in a batch, of one length.
        lengths: of windows in frames, in turn; short ones are for clips of presenters.
        speeds: slowest and fastest of a window, as logarithms.
        width, size: of the towers' layers, and of what they give.
        dropout: in the towers.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        amplitude, noise, colour: by how much the head's motion (logarithm), the sound and its
            bands are changed at random.
        most: frames from which on a person counts no more, in proportion to their root.
    """

    steps: int = 300
    windows: int = 32
    lengths: tuple[int, ...] = (75, 30)
    speeds: tuple[float, float] = (-0.12, 0.12)
    width: int = 32
    size: int = 16
    dropout: float = 0.2
    rate: float = 2e-3
    warm_up: int = 50
    decay: float = 0.99
    amplitude: float = 0.3
    noise: float = 0.05
    colour: float = 0.2
    most: int = 1500


@dataclass(frozen=True)
class _Talk:
    """Speech of one person without a break: pose (T, 6) and prosody (T, 12)."""

    person: str
    pose: _Array
    prosody: _Array


def train_head_judge(
    performances: Sequence[Performance],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: steps.Report = steps.silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        performances: clips of the training split, of all people.
        recipe: what can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and how many people and seconds
        taught.

    Raises:
        GiocondaError: if no clip serves.
    """
    talks = [talk for one in kept_for_judge(performances) for talk in _talks(one, recipe)]
    if not talks:
        raise GiocondaError(
            f"no clip of the head judge's people has {min(recipe.lengths)} frames of speech"
        )
    torch.manual_seed(0)
    net = HeadJudgeNet(recipe)
    trainer, average = steps.scheduled(
        net, recipe, checkpoint, minutes, report, weight_decay=0.1, buffers=True
    )
    torch.manual_seed(trainer.step)
    for _, batch in zip(trainer, _batches(talks, recipe, trainer.step), strict=False):
        losses = head_losses(net, *batch)
        trainer.descend(sum(losses.values(), torch.zeros(())))
        trainer.note(losses)
    write_head_judge(average.module.eval(), output)
    return trainer.results() | {
        "people": len({talk.person for talk in talks}),
        "seconds": sum(len(talk.pose) for talk in talks) / 25,
    }


# --- what it learns from ---


def kept_for_judge(performances: Sequence[Performance]) -> list[Performance]:
    """The clips of the head judge's people."""
    seen: dict[str, bool] = defaultdict(bool)
    for one in performances:
        seen[one.clip.person] |= one.long
    return [one for one in performances if judges_heads(one.clip.person, seen[one.clip.person])]


def _talks(one: Performance, recipe: Recipe) -> list[_Talk]:
    edges = np.flatnonzero(np.diff(one.own.astype(int), prepend=0, append=0)).reshape(-1, 2)
    return [
        _Talk(
            one.clip.person,
            one.motion.pose[start:stop],
            prosody(one.pcm[start * SAMPLES : stop * SAMPLES]),
        )
        for start, stop in edges.tolist()
        if stop - start >= min(recipe.lengths)
    ]


def _batches(talks: Sequence[_Talk], recipe: Recipe, first: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Poses (N, T, 6) and prosody (N, T, 12), four windows of a person each."""
    rng = np.random.default_rng(first)
    lengths = [n for n in recipe.lengths if any(len(talk.pose) >= n for talk in talks)]
    groups = {n: _by_person([t for t in talks if len(t.pose) >= n]) for n in lengths}
    for step in range(first, recipe.steps):
        length = lengths[step % len(lengths)]
        people = groups[length]
        frames = np.array([sum(len(t.pose) for t in found) for found in people], float)
        chance = np.sqrt(np.minimum(frames, recipe.most))
        rows = []
        for i in rng.choice(len(people), recipe.windows // _GROUP, p=chance / chance.sum()):
            sizes = np.array([len(talk.pose) for talk in people[i]], float)
            for k in rng.choice(len(sizes), _GROUP, p=sizes / sizes.sum()):
                rows.append(_window(people[i][k], length, recipe, rng))
        poses, sounds = (np.stack(part) for part in zip(*rows, strict=True))
        yield torch.from_numpy(poses), torch.from_numpy(sounds)


def _by_person(talks: Sequence[_Talk]) -> list[list[_Talk]]:
    found: dict[str, list[_Talk]] = defaultdict(list)
    for talk in talks:
        found[talk.person].append(talk)
    return list(found.values())


def _window(
    talk: _Talk, length: int, recipe: Recipe, rng: np.random.Generator
) -> tuple[_Array, _Array]:
    """A window at another speed, mirrored or not, with noise."""
    frames = len(talk.pose)
    speed = min(float(np.exp(rng.uniform(*recipe.speeds))), (frames - 1) / (length - 1))
    start = rng.uniform(0, max(0.0, frames - 1 - (length - 1) * speed))  # rounding may go under 0
    at = np.minimum(start + speed * np.arange(length), frames - 1)
    pose, sound = resampled(talk.pose, at), resampled(talk.prosody, at)
    amount = np.exp(rng.normal(0, recipe.amplitude))
    mirror = MIRRORED_POSE if rng.random() < 0.5 else np.ones(len(POSE))
    noise = rng.normal(0, recipe.noise, sound.shape)
    noise[:, -BANDS:] += rng.normal(0, recipe.colour, BANDS)
    return (pose * amount * mirror).astype(np.float32), (sound + noise).astype(np.float32)


# --- network and losses ---


class HeadJudgeNet(nn.Module):
    """Poses (N, T, 6) and prosody (M, T, 12) → unit vectors (N, T - 20, E) and (M, T - 20, E)."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.head = _tower(2 * len(POSE), recipe)
        self.sound = _tower(CHANNELS, recipe)
        self.sharpness = nn.Parameter(torch.tensor(2.0))  # logarithm of the inverse temperature
        reach = round(3 * _BLUR)
        weights = torch.exp(-((torch.arange(-reach, reach + 1) / _BLUR) ** 2) / 2)
        self.register_buffer("blur", (weights / weights.sum()).expand(len(POSE), 1, -1).clone())
        self.register_buffer("scales", torch.tensor(_SCALES))

    def forward(self, pose: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        reach = self.blur.shape[2] // 2
        padded = F.pad((pose * self.scales).transpose(1, 2), (reach, reach), mode="replicate")
        place = F.conv1d(padded, self.blur, groups=len(POSE))  # (N, 6, T)
        place = place - place.mean(2, keepdim=True)
        speed = _SPEED * (place[..., 1:] - place[..., :-1])
        head = torch.cat([place, F.pad(speed, (1, 0))], 1)
        bands = sound[..., -BANDS:]
        heard = torch.cat([sound[..., :-BANDS], bands - bands.mean(1, keepdim=True)], -1)
        found = self.head(head), self.sound(heard.transpose(1, 2))
        head, sound = (F.normalize(each.transpose(1, 2), dim=-1) for each in found)
        return head, sound


def _tower(channels: int, recipe: Recipe) -> nn.Sequential:
    """Sees 10 frames to both sides."""
    width = recipe.width
    return nn.Sequential(
        nn.Conv1d(channels, width, 5),
        nn.BatchNorm1d(width),
        nn.SiLU(),
        nn.Dropout(recipe.dropout),
        nn.Conv1d(width, width, 5, dilation=2),
        nn.BatchNorm1d(width),
        nn.SiLU(),
        nn.Dropout(recipe.dropout),
        nn.Conv1d(width, width, 3, dilation=4),
        nn.BatchNorm1d(width),
        nn.SiLU(),
        nn.Conv1d(width, recipe.size, 1),
    )


def head_losses(net: HeadJudgeNet, pose: Tensor, sound: Tensor) -> dict[str, Tensor]:
    """A window finds its own among all of the batch, and among itself moved in time.

    Args:
        net: the two towers.
        pose: (N, T, 6).
        sound: (N, T, 12).
    """
    heads, sounds = net(pose, sound)
    scale = 2 * net.sharpness.clamp(0, _SHARPEST).exp()
    moments = heads.shape[1]
    table = scale * torch.einsum("nte,mte->nm", heads, sounds) / moments
    own = torch.arange(len(table))
    losses = {"across": (F.cross_entropy(table, own) + F.cross_entropy(table.T, own)) / 2}
    moves = [0, *range(_APART, moments - _APART + 1, _MOVES)]
    if len(moves) > 1:
        moved = [(sounds.roll(n, 1) * heads).sum(2).mean(1) for n in moves]
        losses["moved"] = F.cross_entropy(scale * torch.stack(moved, 1), torch.zeros_like(own))
    return losses


def write_head_judge(net: nn.Module, output: Path) -> None:
    """ONNX: pose (N, T, 6) and prosody (M, T, 12) → unit vectors of both; N, M and T are free."""
    inputs = torch.zeros(2, 75, len(POSE)), torch.zeros(3, 75, CHANNELS)
    free = {
        "pose": {0: "heads", 1: "frames"},
        "prosody": {0: "voices", 1: "frames"},
        "head": {0: "heads", 1: "moments"},
        "sound": {0: "voices", 1: "moments"},
    }
    output.write_bytes(to_onnx(net, inputs, ["pose", "prosody"], ["head", "sound"], free))
