"""Recipe: learn what lips and jaw do to speech.

1. Each clip is speech features of its sound (as it is; and by another voice, slower and faster,
   sung, whispered, with music and noise), the lips that were tracked, and how far this person's
   lips move, which is a condition.
2. One answer a frame, and no sampling: a mean would mumble, so losses ask that opening, width and
   advance go with the real ones and move as far, besides where lips and jaw are
   (`mouth_loss.py`).
3. Lips that move far teach more often than lips that mumble. People of the sync judge teach
   nothing.

`gioconda train lips SET --checkpoint FILE --minutes N -o lips.onnx`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gioconda.data.samples.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import Conditions
from gioconda.motion import POSE
from gioconda.training import steps
from gioconda.training.disturber import Disturber
from gioconda.training.examples import Copies, Example, chances, read_examples
from gioconda.training.export import halved, motion_facts, to_onnx
from gioconda.training.mouth_loss import MouthLoss

_BEFORE: Final = 20  # frames that a window hears before its own
_LONGEST: Final = 250  # frames of a clip from which it is not drawn more often
_SPEECH: Final = Conditions.SPEECH.stop  # numbers that tell the speech of a frame
_OWN: Final = 0.9  # of a clip's frames in which its sound has to be its face's

State = list[Tensor]


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        window: frames of a training window.
        batch: windows.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        width, layers: of the network.
        dropout: of features, and in each layer.
        unknown: how often the condition is left at the median.
        copies: of each clip; their sound is changed and disturbed.
        weights: of the losses.
    """

    steps: int = 600
    window: int = 30
    batch: int = 64
    rate: float = 1e-3
    warm_up: int = 50
    decay: float = 0.995
    width: int = 256
    layers: int = 4
    dropout: float = 0.3
    unknown: float = 0.15
    copies: int = 3
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "points": 0.5,
            "speed": 0.5,
            "gap": 0.5,
            "shape": 0.5,
            "spread": 0.3,
        }
    )


# --- the network ---


class LipNet(nn.Module):
    """Speech and articulation to coordinates of the lower face, by causal convolutions.

    Args:
        inputs: numbers that tell the speech of a frame.
        coordinates: of the lower face.
    """

    def __init__(
        self, inputs: int, coordinates: int, width: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.dropout = nn.Dropout(dropout)
        self.inlet = nn.Linear(inputs + 1, width)
        self.blocks = nn.ModuleList(_Block(width, 2 ** (i % 3), dropout) for i in range(layers))
        self.outlet = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, coordinates))

    def fit(self, speech: NDArray[np.float32]) -> None:
        """Take the units of the inputs from examples (F, inputs)."""
        self.mean[:] = torch.from_numpy(speech.mean(0))
        self.scale[:] = torch.from_numpy(speech.std(0) + 1e-3)

    def forward(self, speech: Tensor, articulation: Tensor, heard: Tensor) -> Tensor:
        """Coordinates (N, T, C).

        Args:
            speech: (N, T, inputs).
            articulation: (N,) logarithm of how far the lips move against people's median.
            heard: (N, T) 0 before the speech begins, else 1.
        """
        start = [one.expand(len(speech), -1, -1) for one in self.start()]
        return self.step(speech, articulation, start, heard[..., None])[0]

    def start(self) -> State:
        """The state before any speech."""
        width = self.inlet.out_features
        return [torch.zeros(1, block.past, width) for block in self.blocks]

    def step(
        self, speech: Tensor, articulation: Tensor, state: State, heard: Tensor | float = 1.0
    ) -> tuple[Tensor, State]:
        """Coordinates of the next frames, and the state after them."""
        known = self.dropout((speech - self.mean) / self.scale)
        level = articulation[:, None, None].expand(-1, speech.shape[1], 1)
        x, after = self.inlet(torch.cat([known, level], -1)), []
        for block, before in zip(self.blocks, state, strict=True):
            x, latest = block(x, before, heard)
            after.append(latest)
        return self.outlet(x), after


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float, taps: int = 5) -> None:
        super().__init__()
        self.past = (taps - 1) * dilation
        self.norm = nn.LayerNorm(width)
        self.inlet = nn.Conv1d(width, width, taps, dilation=dilation)
        self.outlet = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, x: Tensor, before: Tensor, heard: Tensor | float) -> tuple[Tensor, Tensor]:
        """(N, T, width) after what came before, (N, past, width); and the latest of both."""
        known = torch.cat([before.to(x.dtype), self.norm(x) * heard], 1)
        y = self.outlet(self.inlet(known.transpose(1, 2)).transpose(1, 2))
        return x + y, known[:, known.shape[1] - self.past :]


class _Step(nn.Module):
    """Some frames of a stream, as `gioconda.generator.lips` runs it."""

    def __init__(self, net: LipNet) -> None:
        super().__init__()
        self.net = net
        self.shapes = [tuple(one.shape) for one in net.start()]

    def forward(self, speech: Tensor, articulation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        parts = state.split([past * width for _, past, width in self.shapes])
        before = [part.reshape(size) for part, size in zip(parts, self.shapes, strict=True)]
        lower, after = self.net.step(speech[None], articulation, before)
        return lower[0], torch.cat([one.flatten() for one in after])


def write_lips(net: LipNet, file: Path) -> None:
    """Write what `gioconda.generator.lips` reads, the weights in half precision."""
    step = _Step(net).eval()
    count = sum(past * width for _, past, width in step.shapes)
    inputs = torch.zeros(1, len(net.mean)), torch.zeros(1), torch.zeros(count)
    free = {"speech": {0: "frames"}, "lower": {0: "frames"}}
    names = ("speech", "articulation", "state"), ("lower", "next")
    file.write_bytes(halved(to_onnx(step, inputs, *names, free, motion_facts())))


# --- batches ---


@dataclass(frozen=True)
class Batch:
    """N windows of T frames.

    Attributes:
        speech: (N, `_BEFORE` + T, 258).
        lower: (N, T, C).
        heard: (N, `_BEFORE` + T) 0 before the speech begins, else 1.
        counts: (N, T) 1 where a frame is to be learned.
        articulation, neutral_gap: (N,).
    """

    speech: Tensor
    lower: Tensor
    heard: Tensor
    counts: Tensor
    articulation: Tensor
    neutral_gap: Tensor


class Batches:
    """Draws batches: of each clip one of its copies, each as often in the mirror."""

    def __init__(self, clips: list[Copies], recipe: Recipe, rng: np.random.Generator) -> None:
        self._clips, self._recipe, self._rng = clips, recipe, rng
        self._chances = chances(
            clips, lambda one: np.exp(one.articulation) * min(len(one), _LONGEST)
        )

    def draw(self) -> Batch:
        rng, count = self._rng, self._recipe.batch
        drawn = [self._clips[i] for i in rng.choice(len(self._clips), count, p=self._chances)]
        chosen = [copies[rng.integers(len(copies))] for copies in drawn]
        windows = [self._window(example) for example in chosen]
        speech, lower, heard, counts = (
            torch.from_numpy(np.stack(part)) for part in zip(*windows, strict=True)
        )
        known = rng.random(count) >= self._recipe.unknown
        articulation = np.array([one.articulation for one in chosen], np.float32) * known
        gaps = torch.tensor([one.neutral_gap for one in chosen])
        return Batch(speech, lower, heard, counts, torch.from_numpy(articulation), gaps)

    def _window(self, example: Example) -> tuple[NDArray[np.float32], ...]:
        """Speech, lips, which frames of speech there are, and which of lips count."""
        rng, size = self._rng, self._recipe.window
        lower = (example.mirrored if rng.random() < 0.5 else example.motion)[:, _lower()]
        speech = np.zeros((_BEFORE + size, _SPEECH), np.float32)
        target = np.zeros((size, lower.shape[1]), np.float32)
        heard = np.zeros(len(speech), np.float32)
        counts = np.zeros(size, np.float32)
        start = int(rng.integers(max(1, len(example) - size + 1)))
        end = min(len(example), start + size)
        first = max(0, start - _BEFORE)
        there = slice(first - start + _BEFORE, end - start + _BEFORE)
        speech[there] = example.conditions[first:end, Conditions.SPEECH]
        heard[there] = 1
        target[: end - start] = lower[start:end]
        counts[: end - start] = 1
        return speech, target, heard, counts


def _lower() -> slice:
    """Where an example's motion has the lower face."""
    return slice(len(POSE) + released_basis().lower.start, None)


# --- training ---


def train_lips(
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
        performances: of training clips; of the sync judge's people nothing is learned.
        recipe: what can be set.
        output: the .onnx file.
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
    clips = _with_lips(read_examples(performances, recipe.copies, disturber, Calibration(), report))
    net = LipNet(_SPEECH, basis.parts[2], recipe.width, recipe.layers, recipe.dropout)
    net.fit(np.concatenate([one.conditions[:, Conditions.SPEECH] for one, *_ in clips]))
    trainer, average = steps.scheduled(net, recipe, checkpoint, minutes, report)
    torch.manual_seed(trainer.step)
    batches = Batches(clips, recipe, np.random.default_rng(trainer.step))
    loss = MouthLoss(basis)
    for _ in trainer:
        batch = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            made = net(batch.speech, batch.articulation, batch.heard)
        losses = loss(made.float()[:, _BEFORE:], batch.lower, batch.neutral_gap, batch.counts)
        trainer.descend(steps.weighted(losses, recipe.weights))
        trainer.note(losses)
    write_lips(cast(LipNet, average.module), output)
    return {"clips": len(clips), **trainer.results()}


def _with_lips(examples: tuple[list[Copies], list[Copies]]) -> list[Copies]:
    """Clips whose sound is their face's, and whose lips may be learned."""
    clips = [
        [one for one in copies if one.own.mean() > _OWN]
        for copies in (*examples[0], *examples[1])
        if copies[0].lips
    ]
    found = [copies for copies in clips if copies]
    if not found:
        raise GiocondaError("no clip has lips to learn from; make a set with gioconda prepare")
    return found
