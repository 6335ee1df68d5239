"""Recipe: learn to move the mouth from speech.

1. Each clip gives sound and motion in step (`evaluation/speech.py` says by how much each
   family is shifted) and the person's neutral face.
2. A batch is short windows of clips, their sound changed in gain, colour, noise and speed.
3. The loss looks at what shows: points of lips and jaw, their speed, the gap between the lips.
   A window's mean expression cannot be heard, so most of it is forgiven.
4. The net is written as an ONNX file and compared with itself in OpenVINO.

`gioconda train regressor DATA --cache DIR --checkpoint FILE --minutes N -o regressor.onnx`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gioconda.data.clips import Clip
from gioconda.data.samples.talks import Talk, read_talk
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.regressor import HISTORY, Regressor
from gioconda.speech import LOOK_AHEAD, MELS, SAMPLES, SILENCE, SPECTRA, listen
from gioconda.training import steps
from gioconda.training.augmentation import equalised
from gioconda.training.blocks import DilatedBlock
from gioconda.training.export import to_onnx
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.targets import resampled, smooth

WINDOW: Final = 22  # frames that a window is judged on
_SPEED: Final = 0.08  # at most so much slower or faster
_LONGEST: Final = 250  # frames of a clip from which it is not drawn more often


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        batch: windows in a batch.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        weights: of the losses.
    """

    steps: int = 2500
    batch: int = 48
    rate: float = 1.5e-3
    warm_up: int = 100
    decay: float = 0.995
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "points": 1.0,
            "speed": 1.0,
            "gap": 1.0,
            "shape": 1.0,
            "spread": 0.2,
        }
    )


def train_regressor(
    clips: list[Clip],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: steps.Report = steps.silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        clips: training clips; those without speech are left out.
        recipe: what can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and the largest difference
        between the model in torch and the file in OpenVINO.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    talks = read_talks(clips, basis, report)
    net = MouthNet(basis.parts[2])
    trainer, average = steps.scheduled(net, recipe, checkpoint, minutes, report, buffers=True)
    rng = np.random.default_rng(trainer.step)
    torch.manual_seed(trainer.step)
    loss, chance = MouthLoss(basis), chances(talks)
    for _ in trainer:
        chosen = rng.choice(len(talks), recipe.batch, p=chance)
        mel, target, gap = batch_of([talks[i] for i in chosen], basis, rng)
        losses = loss(net(mel), target, gap)
        trainer.descend(steps.weighted(losses, recipe.weights))
        trainer.note(losses)
    net = average.module.eval()
    write_model(net, output)
    return {**trainer.results(), "export_error": export_error(net, output)}


# --- examples ---


def read_talks(clips: list[Clip], basis: Basis, report: steps.Report) -> list[Talk]:
    """The clips that serve, in step.

    Raises:
        GiocondaError: if there is none.
    """
    read = [read_talk(clip, basis) for clip in steps.reported(clips, "reading clips", report)]
    talks = [talk for talk in read if talk and len(talk.dynamics) >= WINDOW + LOOK_AHEAD]
    if not talks:
        raise GiocondaError(f"none of the {len(clips)} clips has a second of speech and a face")
    return talks


def chances(talks: list[Talk]) -> NDArray[np.float64]:
    """How often each clip is drawn, by its length."""
    chance = np.array([min(len(talk.dynamics), _LONGEST) for talk in talks], float)
    return np.asarray(chance / chance.sum())


def batch_of(
    talks: list[Talk], basis: Basis, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-mel, coordinates (N, WINDOW, 18), and the neutral gap between the lips (N,)."""
    mels, targets, gaps = [], [], []
    for talk in talks:
        speed = rng.uniform(1 - _SPEED, 1 + _SPEED)
        frames = int(len(talk.dynamics) / speed)
        start = int(rng.integers(0, max(1, frames - WINDOW - LOOK_AHEAD + 1)))
        first = max(0, start - HISTORY)
        at = (start + np.arange(WINDOW)) * speed
        samples = np.arange(first * SAMPLES, (start + WINDOW + LOOK_AHEAD) * SAMPLES) * speed
        pcm = np.interp(samples, np.arange(len(talk.pcm)), talk.pcm)
        mel = listen(_augmented(pcm, rng)).mel
        missing = WINDOW + HISTORY + LOOK_AHEAD - len(mel)
        before = np.full((missing, SPECTRA, MELS), SILENCE, np.float32)
        mels.append(np.concatenate([before, mel]).reshape(-1, MELS))
        targets.append(resampled(smooth(talk.dynamics[:, basis.lower]), at))
        gaps.append(float(lip_gap(talk.neutral)))
    return (
        torch.from_numpy(np.stack(mels)),
        torch.from_numpy(np.stack(targets)),
        torch.tensor(gaps, dtype=torch.float32),
    )


def _augmented(pcm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound with another loudness, colour and room noise."""
    coloured = equalised(pcm, rng)
    loud = float(np.sqrt((coloured**2).mean())) + 1e-6
    noise = rng.normal(0, loud * 10 ** (-rng.uniform(12, 60) / 20), len(pcm))
    level = 10 ** (rng.uniform(-38, -14) / 20)
    changed: NDArray[np.float32] = ((coloured + noise) * level / loud).astype(np.float32)
    return np.clip(changed, -1, 1)


# --- the network and its file ---


class MouthNet(nn.Module):
    """Log-mel (N, 4 (HISTORY + T + LOOK_AHEAD), 80) → coordinates (N, T, coordinates).

    Nothing is padded, so a stream cut into windows gives what the whole gives.
    """

    def __init__(
        self,
        coordinates: int,
        width: int = 192,
        dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 2),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if 2 * sum(dilations) != HISTORY + LOOK_AHEAD:
            raise ValueError(f"dilations {dilations} do not span {HISTORY + LOOK_AHEAD} frames")
        self.inlet = nn.Sequential(
            nn.Conv1d(MELS, width, SPECTRA, stride=SPECTRA), nn.BatchNorm1d(width), nn.SiLU()
        )
        self.blocks = nn.ModuleList(
            DilatedBlock(width, d, dropout, slice(2 * d, None)) for d in dilations
        )
        self.outlet = nn.Conv1d(width, coordinates, 1)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.inlet(mel.transpose(1, 2))  # (N, width, HISTORY + T + LOOK_AHEAD)
        for block in self.blocks:
            x = block(x)
        return self.outlet(x).transpose(1, 2)  # (N, T, coordinates)


def write_model(net: MouthNet, output: Path) -> None:
    """Write the net as ONNX; the time is free."""
    example = torch.zeros(1, SPECTRA * (HISTORY + LOOK_AHEAD + 10), MELS)
    free = {"mel": {1: "time"}, "lower": {1: "frames"}}
    facts = {"basis": released_basis().name}
    output.write_bytes(to_onnx(net, (example,), ["mel"], ["lower"], free, facts))


def export_error(net: MouthNet, output: Path) -> float:
    """The largest difference between the network in torch and its file in OpenVINO."""
    mel = np.random.default_rng(0).uniform(SILENCE, 1, (60, SPECTRA, MELS)).astype(np.float32)
    regressor = Regressor(output)
    written = np.concatenate([regressor.append(mel), regressor.finish()])
    sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
    whole = np.concatenate([sides[0], mel, sides[1]]).reshape(1, -1, MELS)
    with torch.no_grad():
        return float(np.abs(net(torch.from_numpy(whole))[0].numpy() - written).max())
