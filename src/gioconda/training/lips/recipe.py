"""Recipe: learn what lips and jaw do to speech.

1. Each clip is speech features of its sound (as it is; and by another voice, slower and faster,
   sung, whispered, with music and noise), the lips that were tracked, and how far this person's
   lips move and are apart, which are conditions.
2. One answer a frame, and no sampling: a mean would mumble, so losses ask that opening, width and
   advance go with the real ones and move as far, besides where lips and jaw are
   (`mouth_loss.py`).
3. Sentences of machines have no face, but their phones are known: lips meet on p, b and m, come
   near on f and v, and stay apart on vowels (`contacts.py`).
4. The network also says how surely lips meet, of which all clips teach it; and how surely a voice
   sounds, of which sounds without one teach it: music, noise, silence. By this the voice gate shuts
   the mouth.
5. Half of the windows hear their frame and some ahead, as a recording can; the others only what
   came before, as live.
6. Lips that move far teach more often than lips that mumble. People of the sync judge teach
   nothing.

`gioconda train lips SET --spoken SPOKEN --checkpoint FILE --minutes N -o lips.onnx`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.lips import CERTAIN, EARLIER
from gioconda.generator.network import Conditions
from gioconda.training import steps
from gioconda.training.disturber import Disturber
from gioconda.training.examples import Copies, read_examples
from gioconda.training.lips.batches import BEFORE, SPEECH, Batches, Windows
from gioconda.training.lips.contacts import ContactLoss
from gioconda.training.lips.network import LipNet, write_lips
from gioconda.training.lips.sounds import read_sentences, read_voiceless
from gioconda.training.mouth_loss import MouthLoss

_OWN: Final = 0.9  # of a clip's frames in which its sound has to be its face's


@dataclass(frozen=True)
class Recipe:
    """What can be set.

    Attributes:
        steps: of the whole schedule.
        windows: of a batch.
        rate: of learning, after `warm_up` steps.
        decay: of the running mean of the weights, which is what is released.
        width, layers: of the network.
        dropout: of features, and in each layer.
        copies: of each clip; their sound is changed and disturbed.
        sentences: that are heard, evenly spread over those that there are.
        voiceless: sounds without a voice.
        short: how many times as bad a mouth is that opens less far than the real one, not farther.
        weights: of the losses.
    """

    steps: int = 800
    windows: Windows = field(default_factory=Windows)
    rate: float = 1e-3
    warm_up: int = 50
    decay: float = 0.995
    width: int = 256
    layers: int = 4
    dropout: float = 0.3
    copies: int = 3
    sentences: int = 600
    voiceless: int = 400
    short: float = 3.0
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "points": 0.5,
            "speed": 0.5,
            "gap": 0.5,
            "shape": 0.5,
            "spread": 0.8,
            "meeting": 0.1,
            "touching": 0.05,
            "apart": 0.15,
            "voice": 0.2,
            "meet": 0.1,
            "thickness": 0.2,
            "pressing": 0.2,
        }
    )


def train_lips(
    performances: list[Performance],
    utterances: Sequence[Utterance],
    disturber: Disturber,
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: steps.Report = steps.silent,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until all steps are done.

    Args:
        performances: of training clips; of the sync judge's people nothing is learned.
        utterances: of training voices; none leaves closures to the clips.
        disturber: of the sounds.
        recipe: what can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Steps done in all, the number of clips, and the losses' means over the last steps.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    clips = _with_lips(read_examples(performances, recipe.copies, disturber, Calibration(), report))
    every = max(1, len(utterances) // recipe.sentences)
    sentences = read_sentences(utterances[::every], disturber, report)
    voiceless = read_voiceless(recipe.voiceless, disturber, report)
    net = LipNet(SPEECH, basis.parts[2], recipe.width, recipe.layers, recipe.dropout)
    net.fit(np.concatenate([one.conditions[:, Conditions.SPEECH] for one, *_ in clips]))
    trainer, average = steps.scheduled(net, recipe, checkpoint, minutes, report)
    torch.manual_seed(trainer.step)
    rng = np.random.default_rng(trainer.step)
    batches = Batches(clips, sentences, voiceless, recipe.windows, rng)
    of_clips, of_phones = MouthLoss(basis, recipe.short), ContactLoss(basis)
    for _ in trainer:
        batch = batches.draw()
        with steps.half_precision():
            lower, certain = net(batch.speech, batch.manner, batch.heard, batch.ahead)
        lower, certain = (one.float()[:, BEFORE - EARLIER :] for one in (lower, certain))
        own = lower[: len(batch.lower)]
        losses = of_clips(own, batch.lower, batch.neutral_gap[: len(own)], batch.counts)
        losses |= of_phones(lower, batch.neutral_gap, batch.spans)
        losses |= {
            name: _certainty_loss(certain[..., i], getattr(batch, name))
            for i, name in enumerate(CERTAIN)
        }
        trainer.descend(steps.weighted(losses, recipe.weights))
        trainer.note(losses)
    write_lips(cast(LipNet, average.module), output)
    return {"clips": len(clips), **trainer.results()}


def _certainty_loss(certain: Tensor, true: Tensor) -> Tensor:
    """Where it is known (not NaN) whether it is true, each of both counting as much."""
    losses = [
        F.binary_cross_entropy_with_logits(certain[chosen], true[chosen])
        for chosen in (true == 0, true == 1)
        if chosen.any()
    ]
    return torch.stack([*losses, torch.zeros(())]).sum() / 2


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
