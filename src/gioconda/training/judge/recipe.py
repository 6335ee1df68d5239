"""Recipe: learn to tell whether a sound belongs to lips, for the evaluation.

1. Windows of clips (sound and lips in step) and of sentences spoken by machines (phones and
   their times), the sound changed in every way that users bring it (`augmentation.py`); and
   windows of music and noise, without a voice.
2. The features are taught by three heads (phones, voice, what the mouth does) and by a sync
   embedding: of all moments of its clip, and of all other clips, a sound has to find its own lips.
3. What is written is the sync embedding.

Only people who are kept for it teach it; no lips of theirs teach encoder or generator.

`gioconda train judge SET --spoken SPOKEN --checkpoint FILE --minutes N -o judge.onnx`
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gioconda.data.people import for_judge
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.training import steps
from gioconda.training.judge import network
from gioconda.training.judge.examples import UNKNOWN, SpeechSet, Windows
from gioconda.training.mouth_loss import MouthLoss

_SMOOTHING: Final = 0.05  # of the phones' labels: their borders are not exact
_FAR: Final = -1e4  # in place of the score of a moment that does not count
_SHARPEST: Final = 4.0  # logarithm of the inverse temperature


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        clips, sentences, unvoiced: windows of each kind in a batch.
        speeds: slowest and fastest of a window.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        weights: of the losses.
        held_out_batches: on which the held-out losses are measured.
    """

    steps: int = 3000
    clips: int = 32
    sentences: int = 24
    unvoiced: int = 8
    speeds: tuple[float, float] = (0.88, 1.14)
    rate: float = 1e-3
    warm_up: int = 100
    decay: float = 0.998
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "mouth": 0.3,
            "phones": 1.0,
            "voice": 1.0,
            "within": 1.0,
            "across": 0.3,
        }
    )
    held_out_batches: int = 40


def train_judge(
    data: SpeechSet,
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    held_out: SpeechSet | None = None,
    report: steps.Report = steps.silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        data: clips of the training split, of all people, and sentences.
        recipe: what can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        held_out: clips and sentences of people and voices that are not learned from, to measure
            the losses on.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and those of `held_out`; of
        20 moments of a clip a sound finds its own in the share `right`.

    Raises:
        GiocondaError: if no clip serves.
    """
    chosen = data.of_people(for_judge)
    if not chosen.performances:
        raise GiocondaError("no clip has a second of speech that belongs to its face")
    basis = released_basis()
    net = network.SpeechNet(basis.parts[2])
    trainer, average = steps.scheduled(net, recipe, checkpoint, minutes, report, buffers=True)
    torch.manual_seed(trainer.step)
    mouth_loss = MouthLoss(basis)
    for _, batch in zip(trainer, _batches(chosen, recipe, trainer.step), strict=False):
        losses = speech_losses(net, batch, mouth_loss)
        trainer.descend(steps.weighted(losses, recipe.weights))
        trainer.note(losses)
    net = average.module.eval()
    results = trainer.results() | {"clips": len(chosen.performances)}
    network.write_judge(net, output)
    if held_out is not None:
        results |= _held_out_losses(net, held_out, recipe)
    return results


def _batches(data: SpeechSet, recipe: Recipe, seed: int) -> Iterable[Any]:
    return DataLoader(
        _windows(data, recipe, seed),
        batch_size=None,
        num_workers=1,
        worker_init_fn=lambda _: torch.set_num_threads(1),
        prefetch_factor=4,
    )


def _windows(data: SpeechSet, recipe: Recipe, seed: int) -> Windows:
    counts = recipe.clips, recipe.sentences, recipe.unvoiced
    return Windows(data, counts, recipe.speeds, seed)


@torch.no_grad()
def _held_out_losses(
    net: network.SpeechNet, held_out: SpeechSet, recipe: Recipe
) -> dict[str, float]:
    """Mean losses over some batches of people and voices not learned from."""
    usable = held_out.of_people(lambda person: True)
    if not usable.performances or not usable.utterances:
        raise GiocondaError("no held-out clip or sentence has a second of speech")
    torch.manual_seed(0)
    mouth_loss = MouthLoss(released_basis())
    batches = islice(_windows(usable, recipe, 0), recipe.held_out_batches)
    rows = [speech_losses(net, batch, mouth_loss) for batch in batches]
    return {
        f"held-out {name}": float(np.mean([float(row[name]) for row in rows])) for name in rows[0]
    }


# --- losses ---


def speech_losses(
    net: network.SpeechNet, batch: dict[str, Tensor], mouth_loss: MouthLoss
) -> dict[str, Tensor]:
    """Losses of a batch of `Windows`, and shares that are right, by name."""
    with steps.half_precision():
        features = net.encoder(batch["mel"]).float()  # (N, T, F)
    phones = net.heads.phones(features).reshape(-1, network.LABELS)
    labels = batch["phones"].reshape(-1)
    voice = net.heads.voice(features)[..., 0]
    lower = batch["lower"]  # of the first windows, those of clips
    of_clips = features[: len(lower)]
    mouth = mouth_loss(net.heads.mouth(of_clips), lower, batch["gap"])
    sync = sync_losses(net.sync, of_clips, lower)
    return {
        "mouth": sum(mouth.values(), torch.zeros(())),
        "phones": F.cross_entropy(phones, labels, ignore_index=UNKNOWN, label_smoothing=_SMOOTHING),
        "voice": F.binary_cross_entropy_with_logits(voice, batch["voice"].float()),
        **sync,
        "phones right": (phones.argmax(1) == labels)[labels != UNKNOWN].float().mean(),
    }


def sync_losses(sync: network.SyncEmbedding, features: Tensor, lower: Tensor) -> dict[str, Tensor]:
    """A sound finds its own lips, and lips their sound: among the moments of their clip, but for
    the two next to it; and among those of other clips at one moment.

    Args:
        sync: the embedding.
        features: (N, T, F).
        lower: (N, T, C).
    """
    sound, lips = sync(features, lower)
    scale = sync.sharpness.clamp(0, _SHARPEST).exp()
    within = scale * torch.einsum("ntc,nsc->nts", sound, lips)
    frames = torch.arange(within.shape[1])
    near = (frames[:, None] - frames).abs() == 1
    within = within.masked_fill(near, _FAR)
    own = frames.expand(len(within), -1)
    k = int(torch.randint(len(frames), ()))
    across = scale * sound[:, k] @ lips[:, k].T
    mine = torch.arange(len(across))
    return {
        "within": (F.cross_entropy(within, own) + F.cross_entropy(within.mT, own)) / 2,
        "across": (F.cross_entropy(across, mine) + F.cross_entropy(across.T, mine)) / 2,
        "right": (within.argmax(2) == own).float().mean(),
    }
