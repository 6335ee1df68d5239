"""Recipe: learn to hear speech as lips move to it.

1. Windows of clips (sound and lips in step) and of sentences spoken by machines (phones and
   their times), the sound changed in every way that users bring it (`augmentation.py`); and
   windows of music and noise, without a voice.
2. The features are taught by three heads (phones, voice, what the mouth does) and by a sync
   embedding: of all moments of its clip, and of all other clips, a sound has to find its own lips.
3. From the finished features the mouth is read anew, and where the lips meet: a second schedule
   of a minute, run whole each time (`reader.py`).
4. The encoder is written as an ONNX file: features, voice, the mouth, and its closing.

The sync judge of the evaluation is the same recipe with `judge=True`: on other people, and
what is written is the sync embedding.

`gioconda train speech SET --spoken SPOKEN --checkpoint FILE --minutes N -o speech.onnx`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.training.people import for_judge
from gioconda.training.report import Report, silent
from gioconda.training.speech.examples import SpeechSet, Windows
from gioconda.training.speech.export import write_encoder, write_judge
from gioconda.training.speech.losses import SpeechLoss
from gioconda.training.speech.network import SpeechNet
from gioconda.training.speech.reader import ReaderRecipe, teach_reader
from gioconda.training.speech.teacher import Wav2Vec
from gioconda.training.steps import (
    Trainer,
    cosine,
    running_mean,
    warm_up,
    weighted,
)


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        judge: train the sync judge, on the people who are kept for it.
        teacher: the folder of a wav2vec 2.0 model, whose features are to be predicted too.
        steps: of the whole schedule.
        clips, sentences, unvoiced: windows of each kind in a batch.
        speeds: slowest and fastest of a window.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        weights: of the losses.
        reader: the second schedule, which the judge does without.
        held_out_batches: on which the held-out losses are measured.
    """

    judge: bool = False
    teacher: Path | None = None
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
            "teacher": 1.0,
        }
    )
    reader: ReaderRecipe = field(default_factory=ReaderRecipe)
    held_out_batches: int = 40


def train_speech(
    data: SpeechSet,
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    held_out: SpeechSet | None = None,
    report: Report = silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        data: clips of the training split, of all people, and sentences.
        recipe: what can be set.
        output: the .onnx file: features, voice and mouth of a sound; for the judge, the sync
            embedding.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        held_out: clips and sentences of people and voices that are not learned from, to measure
            the losses on.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the losses' means over the last steps, and those of `held_out`; of
        20 moments of a clip a sound finds its own in the share `right`.

    Raises:
        GiocondaError: if no clip serves, or there is no such teacher.
    """
    chosen = data.of_people(lambda person: for_judge(person) == recipe.judge)
    if not chosen.performances:
        raise GiocondaError("no clip has a second of speech that belongs to its face")
    net, results = _train(chosen, recipe, checkpoint, minutes, report)
    results["clips"] = len(chosen.performances)
    if recipe.judge:
        write_judge(net, output)
    else:
        reader, losses = teach_reader(net, chosen.performances, recipe.reader)
        write_encoder(net, reader, output)
        results |= losses
    if held_out is not None:
        results |= _held_out_losses(net, held_out, recipe)
    return results


def _train(
    data: SpeechSet, recipe: Recipe, checkpoint: Path, minutes: float, report: Report
) -> tuple[SpeechNet, dict[str, float]]:
    """The running mean of the network, and steps and losses."""
    basis = released_basis()
    teacher = Wav2Vec(recipe.teacher) if recipe.teacher else None
    net = SpeechNet(basis.parts[2], teacher.size if teacher else 0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=0.05)
    average = running_mean(net, recipe.decay, buffers=True)
    rate = warm_up(recipe.rate, recipe.warm_up, cosine)
    trainer = Trainer(net, average, optimizer, rate, checkpoint, recipe.steps, minutes, report)
    torch.manual_seed(trainer.step)
    loss = SpeechLoss(basis, teacher)
    batches = DataLoader(
        _windows(data, recipe, trainer.step),
        batch_size=None,
        num_workers=1,
        worker_init_fn=lambda _: torch.set_num_threads(1),
        prefetch_factor=4,
    )
    for _, batch in zip(trainer, batches, strict=False):
        losses = loss(net, batch)
        trainer.descend(weighted(losses, recipe.weights))
        trainer.note(losses)
    return average.module.eval(), trainer.results()


def _windows(data: SpeechSet, recipe: Recipe, seed: int) -> Windows:
    counts = recipe.clips, recipe.sentences, recipe.unvoiced
    return Windows(data, counts, recipe.speeds, seed)


@torch.no_grad()
def _held_out_losses(net: SpeechNet, held_out: SpeechSet, recipe: Recipe) -> dict[str, float]:
    """Mean losses over some batches of people and voices not learned from."""
    usable = held_out.of_people(lambda person: True)
    if not usable.performances or not usable.utterances:
        raise GiocondaError("no held-out clip or sentence has a second of speech")
    torch.manual_seed(0)
    loss = SpeechLoss(released_basis(), None)
    batches = islice(_windows(usable, recipe, 0), recipe.held_out_batches)
    rows = [loss(net, batch) for batch in batches]
    return {
        f"held-out {name}": float(np.mean([float(row[name]) for row in rows])) for name in rows[0]
    }
