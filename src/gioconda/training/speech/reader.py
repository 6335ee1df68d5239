"""The second schedule: a reader of the mouth for features that no longer change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gioconda.data.samples.performances import Performance
from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_gap
from gioconda.speech import LOOK_AHEAD, MELS, SILENCE, SPECTRA, listen
from gioconda.speech.encoder import BEFORE, HISTORY
from gioconda.training import augmentation
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.speech.examples import WINDOW
from gioconda.training.speech.network import MouthReader, SpeechNet
from gioconda.training.steps import descend, set_rate, settling, warm_up, weighted

_CLOSED: Final = 0.008  # inter-ocular distances: lips that are no further apart meet


@dataclass(frozen=True)
class ReaderRecipe:
    """What can be set.

    Attributes:
        steps: of the schedule.
        copies: of each clip, all but one with their sound changed.
        batch: windows in a batch.
        rate: of learning, before it settles.
        settling: the last part of the schedule, in which the rate falls to nothing.
        weights: of the losses.
    """

    steps: int = 500
    copies: int = 3
    batch: int = 64
    rate: float = 1e-3
    settling: float = 0.4
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "points": 1.0,
            "speed": 1.0,
            "gap": 1.0,
            "shape": 2.0,
            "spread": 1.0,
            "meet": 0.3,
        }
    )


def teach_reader(
    net: SpeechNet, performances: list[Performance], recipe: ReaderRecipe
) -> tuple[MouthReader, dict[str, float]]:
    """The reader, and its last losses.

    Args:
        net: encoder and heads, taught.
        performances: whose lips may be learned.
        recipe: what can be set.
    """
    basis = released_basis()
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    inputs = [_inputs(net, one, recipe.copies, rng) for one in performances]
    reader = MouthReader(inputs[0].shape[2], basis.parts[2])
    optimizer = torch.optim.AdamW(reader.parameters(), lr=recipe.rate, weight_decay=0.05)
    rate = warm_up(recipe.rate, 1, settling(recipe.settling))
    chance = np.array([len(one) for one in performances], float)
    chance /= chance.sum()
    mouth_loss = MouthLoss(basis)
    gap_of = torch.from_numpy(lip_gap(basis.dynamics[basis.lower]).astype(np.float32))
    losses: dict[str, Tensor] = {}
    for step in range(recipe.steps):
        set_rate(optimizer, rate(step, step / recipe.steps))
        chosen = rng.choice(len(inputs), recipe.batch, p=chance)
        windows, target, neutral = _batch(inputs, performances, chosen, rng)
        prediction, meet = reader(windows)
        losses = mouth_loss(prediction, target, neutral)
        met = (target @ gap_of + neutral[:, None] < _CLOSED).float()
        losses["meet"] = F.binary_cross_entropy_with_logits(meet, met)
        descend(weighted(losses, recipe.weights), reader, optimizer)
    return reader.eval(), {f"read {name}": float(loss.detach()) for name, loss in losses.items()}


def _batch(
    inputs: list[Tensor],
    performances: list[Performance],
    chosen: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (N, BEFORE + T, I), the lower face (N, T, C), and the gap (N,) of neutral faces."""
    windows, lower, gaps = [], [], []
    for i in chosen:
        one = performances[i]
        start = int(rng.integers(len(one) - WINDOW + 1))
        copy = inputs[i][int(rng.integers(len(inputs[i])))]
        windows.append(copy[start : start + BEFORE + WINDOW])
        lower.append(one.motion.dynamics[start : start + WINDOW, released_basis().lower])
        gaps.append(lip_gap(one.neutral))
    return (
        torch.stack(windows),
        torch.from_numpy(np.stack(lower)),
        torch.from_numpy(np.array(gaps, np.float32)),
    )


@torch.no_grad()
def _inputs(net: SpeechNet, one: Performance, copies: int, rng: np.random.Generator) -> Tensor:
    """What the reader gets of a clip as it is and of copies of it, (copies, BEFORE + T, I)."""
    sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
    pcm = one.pcm.astype(np.float64)
    sounds = [one.pcm, *(augmentation.augmented(pcm, rng) for _ in range(copies - 1))]
    mels = [np.concatenate([sides[0], listen(s.astype(np.float32)).mel, sides[1]]) for s in sounds]
    features = net.encoder(torch.from_numpy(np.stack(mels)).flatten(1, 2))
    return net.heads.reader_inputs(features)
