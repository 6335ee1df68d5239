"""Recipe: learn to hear what Whisper hears, 80 ms after it was said, whatever lies over it.

1. Sounds: clips with lips, sentences with phones, speech of which nothing is known, music and
   noise. Each is there as it came and once by another voice (`another`); the teacher hears it
   to the end (`teacher.py`). Copies are disturbed; the encoder hears one of them, never the
   future beyond `LOOK_AHEAD`. All of this is made once and kept (`examples.py`).
2. The features are taught by the teacher's, by phones, by whether a voice sounds, by what the
   mouth does, and by meeting the lips: of all moments of its clip a sound has to find its own.
3. What is written is the running mean of the weights, in half precision: the encoder as it runs,
   and all weights, for another training to start from.

People of the sync judge teach neither lips nor sync; `val` people and voices teach nothing.

`gioconda train hearing SET --spoken SPOKEN --teacher WHISPER --examples FOLDER
--checkpoint FILE --minutes N -o speech.onnx`
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.speech import LOOK_AHEAD, SILENCE
from gioconda.speech.encoder import FEATURES
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.disturber import Disturber, read_sounds
from gioconda.training.export import halved, to_onnx
from gioconda.training.hearing.examples import (
    UNKNOWN,
    Examples,
    load_examples,
    make_examples,
    of_clips,
    of_nobody,
    of_recordings,
    of_sentences,
    save_examples,
)
from gioconda.training.hearing.frequency_warp import with_reading
from gioconda.training.hearing.network import LABELS, Hearing, Step
from gioconda.training.hearing.teacher import Projection, Whisper
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.steps import (
    Report,
    Trainer,
    cosine,
    half_precision,
    running_mean,
    silent,
    warm_up,
    weighted,
)

_PROJECTION: Final = "projection.safetensors"
_NEAR: Final = -1e4  # logit of a moment's neighbours, which are neither right nor wrong

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """All that can be set.

    Attributes:
        window: frames of a training window.
        clips, sentences, speech, nobody: windows of each kind in a batch.
        settled: frames of a window that begins in the midst of a sound before it counts.
        told: frames at a window's end that lips are learned from; the others are only heard.
        rate: of learning, after `warm` steps.
        averaged: how slowly the running mean of the weights follows.
        decay: of weights.
        projected: numbers of the teacher that are learned, of its 1024.
        flatten: how far they are made as large as each other.
        copies: disturbed ones of each sound.
        masked: how often a band of a window's spectrum is levelled.
        sure: share of a window's frames in which lips have to be known.
        blend: where another training's weights were the start: how far what is written goes from
            them to what was learned. Halfway it knows what both know, and has learned fewer
            lips by heart (Wortsman et al., 2022).
        losses, mouth: weights of the losses.
    """

    window: int = 50
    clips: int = 20
    sentences: int = 10
    speech: int = 6
    nobody: int = 4
    settled: int = 8
    told: int = 28
    rate: float = 1e-3
    warm: int = 100
    averaged: float = 0.998
    decay: float = 0.03
    projected: int = 256
    flatten: float = 0.6
    copies: int = 2
    masked: float = 0.5
    sure: float = 0.55
    blend: float = 0.5
    losses: tuple[tuple[str, float], ...] = (
        ("teacher", 2.0),
        ("phones", 1.0),
        ("voice", 1.0),
        ("mouth", 0.25),
        ("sync", 1.0),
    )
    mouth: tuple[tuple[str, float], ...] = (
        ("points", 1.0),
        ("speed", 1.0),
        ("gap", 1.0),
        ("shape", 2.0),
        ("spread", 1.0),
    )


# --- examples ---


def prepare_examples(
    folder: Path,
    performances: Callable[[], Iterable[Performance]],
    utterances: Callable[[], Iterable[Utterance]],
    teacher: Path,
    recipe: Recipe,
    speech: Path | None = None,
    music: Path | None = None,
) -> dict[str, Examples]:
    """The examples by kind; what is in the folder already is not made again.

    Args:
        folder: where they are kept; each kind is a file.
        performances: gives the clips; asked only if they are needed.
        utterances: gives the sentences.
        teacher: the folder of Whisper-base.
        recipe: how many of what.
        speech: a folder of recordings of which nothing is known.
        music: a folder of recordings without a voice.

    Raises:
        GiocondaError: if a folder holds no sound, or the teacher is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    basis = released_basis()
    rng = np.random.default_rng(0)
    files = {name: folder / f"{name}.safetensors" for name in ("clips", "sentences", "nobody")}
    if speech is not None:
        files["speech"] = folder / "speech.safetensors"
    missing = [name for name, file in files.items() if not file.exists()]
    if missing:
        model = Whisper(teacher)
        recordings = read_sounds(speech) if speech is not None else []
        disturber = Disturber(read_sounds(music) if music is not None else [], recordings)
        projection = _projection(folder, performances, utterances, model, recipe)
        sources = {
            "clips": lambda: of_clips(performances(), basis, lips=False),
            "sentences": lambda: of_sentences(utterances()),
            "speech": lambda: of_recordings(recordings),
            "nobody": lambda: of_nobody(disturber, rng),
        }
        for name in missing:
            made = make_examples(
                sources[name](),
                model,
                projection,
                disturber,
                basis.parts[2],
                rng,
                recipe.copies,
            )
            save_examples(made, files[name])
    return {name: load_examples(file) for name, file in files.items()}


def _projection(
    folder: Path,
    performances: Callable[[], Iterable[Performance]],
    utterances: Callable[[], Iterable[Utterance]],
    teacher: Whisper,
    recipe: Recipe,
) -> Projection:
    """That of the folder, or a new one from every eighth clip and sentence."""
    file = folder / _PROJECTION
    if not file.exists():
        sounds = [one.pcm for one in list(performances())[::8]]
        sounds += [one.pcm for one in list(utterances())[::8]]
        heard = np.concatenate([teacher(pcm)[::3] for pcm in sounds])
        Projection.fit(heard, recipe.projected, recipe.flatten).save(file)
    return Projection.load(file)


# --- batches ---


class Windows:
    """Batches of windows, drawn anew each time.

    Args:
        examples: by kind.
        recipe: how many windows of each kind.
        rng: of all that comes by chance.
    """

    def __init__(
        self, examples: dict[str, Examples], recipe: Recipe, rng: np.random.Generator
    ) -> None:
        self._examples, self._recipe, self._rng = examples, recipe, rng
        self._chance = {}
        for name, found in examples.items():
            length = np.diff(found.start).astype(float)
            chance = np.minimum(length, 3 * recipe.window) ** 0.7
            self._chance[name] = chance / chance.sum()

    def __iter__(self) -> Iterator[Batch]:
        counts = {name: getattr(self._recipe, name) for name in self._examples}
        while True:
            windows = [
                self._window(self._examples[name], int(i))
                for name, count in counts.items()
                for i in self._rng.choice(len(self._chance[name]), count, p=self._chance[name])
            ]
            yield {
                name: torch.from_numpy(np.stack([one[name] for one in windows]))
                for name in windows[0]
            }

    def _window(self, of: Examples, i: int) -> dict[str, NDArray[Any]]:
        """One window, at the end of what is heard if the example is shorter."""
        size = self._recipe.window
        first, end = int(of.start[i]), int(of.start[i + 1])
        start = first + int(self._rng.integers(max(0, end - first - size) + 1))
        stop = min(end, start + size)
        off = size - (stop - start)  # frames of silence before a short example
        mel = np.full((size + LOOK_AHEAD, SPECTRA * MELS), SILENCE, np.float32)
        heard = min(end, stop + LOOK_AHEAD)
        mel[off : off + heard - start] = of.mel[self._rng.integers(len(of.mel)), start:heard]
        if self._rng.random() < self._recipe.masked:
            band = slice(low := int(self._rng.integers(64)), low + int(self._rng.integers(2, 16)))
            spectra = mel.reshape(-1, MELS)
            spectra[:, band] = spectra[:, band].mean()

        def padded(values: NDArray[Any], fill: float, kind: type) -> NDArray[Any]:
            out = np.full((size, *values.shape[1:]), fill, kind)
            out[off:] = values[start:stop]
            return out

        counts = np.zeros(size, np.float32)
        counts[off + (self._recipe.settled if start > first else 0) :] = 1
        lower = padded(of.lower, 0, np.float32)
        lower[:off] = lower[off]
        return {
            "mel": mel.reshape(-1, MELS),
            "counts": counts,
            "teacher": padded(of.teacher, 0, np.float32),
            "taught": padded(of.taught, 0, np.float32),
            "voice": padded(of.voice, 0, np.float32),
            "phones": padded(of.phones, UNKNOWN, np.int64),
            "lower": lower,
            "own": padded(of.own, 0, np.float32),
            "gap": of.gap[i],
        }


# --- losses ---


def losses_of(net: Hearing, batch: Batch, mouth_loss: MouthLoss, recipe: Recipe) -> Batch:
    """The losses, and under "... right" the shares that are right."""
    with half_precision():
        features = net.encoder(batch["mel"]).float()
    counts = batch["counts"]
    taught = counts * batch["taught"]
    found = net.teacher(features)
    apart = 1 - F.cosine_similarity(found, batch["teacher"], dim=-1)
    error = F.smooth_l1_loss(found, batch["teacher"], reduction="none").mean(-1)
    phones = net.read_phones(features).reshape(-1, LABELS)
    labels = batch["phones"].masked_fill(counts[..., None] == 0, UNKNOWN).reshape(-1)
    voice = F.binary_cross_entropy_with_logits(
        net.voice(features)[..., 0], batch["voice"], reduction="none"
    )
    losses = {
        "teacher": _mean(apart + error, taught),
        "phones": F.cross_entropy(phones, labels, ignore_index=UNKNOWN, label_smoothing=0.05),
        "voice": _mean(voice, counts),
        "cosine": 1 - _mean(apart, taught),
        "phones right": (phones.argmax(1) == labels)[labels != UNKNOWN].float().mean(),
    }
    known = batch["own"].mean(1) > recipe.sure
    if known.any():
        lower = batch["lower"][known][:, -recipe.told :]
        losses |= _lips(net, features[known], lower, batch["gap"][known], mouth_loss, recipe)
    return losses


def _lips(
    net: Hearing,
    features: Tensor,
    lower: Tensor,
    gap: Tensor,
    mouth_loss: MouthLoss,
    recipe: Recipe,
) -> Batch:
    """Losses of windows whose lips are known, on their last frames."""
    read = net.read_mouth(features)[:, -recipe.told :]
    mouth = mouth_loss(read, lower, gap)
    heard, seen = net.sync(features[:, -recipe.told :], lower)
    scale = net.sync.sharpness.clamp(0, 4).exp()
    likeness = scale * torch.einsum("ntc,nsc->nts", heard, seen)
    moments = torch.arange(likeness.shape[1])
    near = (moments[:, None] - moments).abs() == 1
    likeness = likeness.masked_fill(near, _NEAR)
    own = moments.expand(len(likeness), -1)
    return {
        "mouth": weighted(mouth, dict(recipe.mouth)),
        "shape": mouth["shape"],
        "sync": (F.cross_entropy(likeness, own) + F.cross_entropy(likeness.mT, own)) / 2,
        "sync right": (likeness.argmax(2) == own).float().mean(),
    }


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)


# --- training ---


def train_hearing(
    examples: dict[str, Examples],
    recipe: Recipe,
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: Report = silent,
    start: Path | None = None,
    weights: Path | None = None,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the weights as they are now.

    The learning rate falls to nothing over the minutes of this call. Called again with the same
    checkpoint it goes on from there, with a new fall.

    Args:
        examples: of `prepare_examples`.
        recipe: all that can be set.
        output: the .onnx file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.
        start: weights that another training left, to begin with if there is no checkpoint.
        weights: a .safetensors file for all weights, for another training to begin with.

    Returns:
        Steps done in all, and the losses' means over the last steps.

    Raises:
        GiocondaError: if the checkpoint or the start is of another net.
    """
    torch.manual_seed(0)
    basis = released_basis()
    net = Hearing(examples["clips"].teacher.shape[1], basis.parts[2])
    if start is not None:
        read_weights(net, start)
    average = running_mean(net, recipe.averaged, buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    falling = warm_up(recipe.rate, recipe.warm, cosine)
    trainer = Trainer(net, average, optimizer, falling, checkpoint, None, minutes, report)
    mouth_loss = MouthLoss(basis)
    batches = iter(Windows(examples, recipe, np.random.default_rng(trainer.step)))
    for _ in trainer:
        losses = losses_of(net, next(batches), mouth_loss, recipe)
        trainer.descend(weighted(losses, dict(recipe.losses)))
        trainer.note(losses)
    learned = cast(Hearing, average.module).eval()
    if start is not None:
        _blend(learned, net, start, recipe.blend)
    write_encoder(learned, output)
    if weights is not None:
        write_weights(learned, weights)
    return trainer.results()


@torch.no_grad()
def _blend(learned: Hearing, other: Hearing, start: Path, part: float) -> None:
    """Take a net's weights back towards those of the start, which the other net takes on."""
    read_weights(other, start)
    before = other.state_dict()
    for name, value in learned.state_dict().items():
        if value.is_floating_point():
            value.lerp_(before[name], 1 - part)


# --- weights ---


def write_weights(net: Hearing, file: Path) -> None:
    """All weights, in half precision."""
    save_file(
        {
            name: (x.half() if x.is_floating_point() else x).contiguous()
            for name, x in net.state_dict().items()
        },
        file,
    )


def read_weights(net: Hearing, file: Path) -> None:
    """Give a net the weights of a file.

    Raises:
        GiocondaError: if the file is missing or of another net.
    """
    try:
        state = {
            name: (x.float() if x.is_floating_point() else x) for name, x in load_file(file).items()
        }
        net.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise GiocondaError(f"{file} has no weights of a hearing encoder ({error})") from error


def load_hearing(file: Path) -> Hearing:
    """The net of a file that `write_weights` wrote.

    Raises:
        GiocondaError: if the file is missing or of another net.
    """
    try:
        taught = load_file(file)["teacher.bias"].shape[0]
    except (OSError, SafetensorError, KeyError) as error:
        raise GiocondaError(f"{file} has no weights of a hearing encoder ({error})") from error
    net = Hearing(taught, released_basis().parts[2])
    read_weights(net, file)
    return net.eval()


# --- export ---


def write_encoder(net: Hearing, file: Path) -> None:
    """Write what `gioconda.speech.SpeechEncoder` reads, the weights in half precision.

    Of how high a voice lies it knows nothing yet: `train_frequency_warp` teaches it.
    """
    step = Step(net).eval()
    names = ("mel", "state"), ("features", "voice", "closing", "touching", "next")
    free = {name: {0: "frames"} for name in ("mel", *names[1][:-1])}
    content = halved(to_onnx(step, step.example(), *names, free))
    file.write_bytes(with_reading(content, np.zeros(FEATURES + 1, np.float32)))
