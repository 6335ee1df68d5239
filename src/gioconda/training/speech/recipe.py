"""Recipe: learn to hear speech as lips move to it.

1. Windows of clips (sound and lips in step) and of sentences spoken by machines (phones and
   their times), the sound changed in every way that users bring it (`augmentation.py`); and windows
   of music and noise, in which nobody speaks.
2. The features are taught by three heads (phones, voice, what the mouth does) and by meeting
   the lips: of all moments of its clip, and of all other clips, a sound has to find its own.
3. From the features as they then are the mouth is read anew, and where the lips meet: a second
   schedule of a minute, run whole each time (`teach_reader`).
4. The encoder is written as an ONNX file: features, voice, the mouth, and its closing.

The sync judge of the evaluation is the same recipe with `judge=True`: on other people, and
what is written is where sound and lips meet.

`gioconda train speech SET --spoken SPOKEN --checkpoint FILE --minutes N -o speech.onnx`
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from gioconda.data.phones import CLOSURES, LABEL, TOUCHES
from gioconda.data.phones import SILENCE as PAUSE
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_gap
from gioconda.media import FPS
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.encoder import BEFORE, FIELD, HISTORY, Heard
from gioconda.speech.features import SAMPLES, SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training import augmentation
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.people import for_judge
from gioconda.training.speech.network import (
    HALVES,
    LABELS,
    Heads,
    Meeting,
    MouthReader,
    SpeechEncoder,
)
from gioconda.training.speech.teacher import Wav2Vec
from gioconda.training.steps import cosine, keep, resume
from gioconda.training.targets import smooth

WINDOW: Final = 24  # frames that a training window is judged on
CLIPS, SENTENCES, OTHERS = 32, 24, 8  # windows of each kind in a batch
STEPS: Final = 3000  # of the whole schedule
READING: Final = 500  # steps of the mouth's reader
COPIES: Final = 3  # of each clip that it learns from, all but one with their sound changed
READ: Final = 64  # windows in its batch
RATE: Final = 1e-3
AVERAGED: Final = 0.998
WEIGHTS: Final = {
    "mouth": 0.3,
    "phones": 1.0,
    "voice": 1.0,
    "within": 1.0,
    "across": 0.3,
    "teacher": 1.0,
}
READER_WEIGHTS: Final = {
    "points": 1.0,
    "speed": 1.0,
    "gap": 1.0,
    "shape": 2.0,
    "spread": 1.0,
    "meet": 0.3,
}
_SPEEDS: Final = (0.88, 1.14)
_HELD_OUT: Final = 40  # batches
_IGNORED: Final = -1
_MEET: Final = 0.008  # inter-ocular distances: lips that are no further apart meet
_DOUBT: Final = (0.3, 0.3)  # sounds of lips count in full from this chance on that they meet; least

Window = dict[str, NDArray[Any]]


def train_speech(
    performances: list[Performance],
    utterances: list[Utterance],
    output: Path,
    checkpoint: Path,
    minutes: float,
    judge: bool = False,
    report: Callable[[str, float], None] = lambda stage, part: None,
    teacher: Path | None = None,
    held_out: tuple[list[Performance], list[Utterance]] | None = None,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until `STEPS` are done.

    Args:
        performances: of training clips, of all people.
        utterances: sentences with phones.
        output: the .onnx file: features, voice and mouth of a sound; for the judge, where sound and
            lips meet.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        judge: train the sync judge.
        report: called with what is being done and how much of it is done, from 0 to 1.
        teacher: the folder of a wav2vec 2.0 model, of which the features learn too.
        held_out: clips and sentences of people and voices that are not learned from, whose
            losses are told too.

    Returns:
        Steps done in all, the losses' means over the last steps, and those of `held_out`; of
        20 moments of a clip a sound finds its own in the share `right`.

    Raises:
        GiocondaError: if no clip serves, or there is no such teacher.
    """
    basis = released_basis()
    chosen = [
        one
        for one in performances
        if for_judge(one.clip.person) == judge and one.own.all() and len(one) > WINDOW + LOOK_AHEAD
    ]
    if not chosen:
        raise GiocondaError("no clip has a second of speech that belongs to its face")
    encoder = SpeechEncoder()
    heads = Heads(encoder.outlet[1].out_channels, basis.parts[2])
    meeting = Meeting(encoder.outlet[1].out_channels, basis.parts[2])
    parts = nn.ModuleDict({"encoder": encoder, "heads": heads, "meeting": meeting})
    knows = Wav2Vec(teacher) if teacher else None
    if knows is not None:
        parts["pupil"] = nn.Linear(encoder.outlet[1].out_channels, knows.size)
    optimizer = torch.optim.AdamW(parts.parameters(), lr=RATE, weight_decay=0.05)
    average = AveragedModel(parts, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED), use_buffers=True)
    state = resume(checkpoint, parts=parts, average=average, optimizer=optimizer)
    step = state["step"] if state else 0
    torch.manual_seed(step)
    loss_of_mouth = MouthLoss(basis)
    batches = iter(
        DataLoader(
            _Windows(chosen, utterances, basis.lower, step),
            batch_size=None,
            num_workers=1,
            worker_init_fn=lambda _: torch.set_num_threads(1),
            prefetch_factor=4,
        )
    )
    recent: dict[str, float] = {}
    started = time.monotonic()
    while step < STEPS and time.monotonic() - started < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * cosine(step / STEPS)
        losses = _losses(parts, loss_of_mouth, next(batches), knows)
        total = sum(WEIGHTS[name] * loss for name, loss in losses.items() if name in WEIGHTS)
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(parts)
        step += 1
        for name, loss in losses.items():
            value = float(loss.detach())
            recent[name] = 0.98 * recent.get(name, value) + 0.02 * value
        report(
            f"step {step}: " + ", ".join(f"{k} {v:.3f}" for k, v in recent.items()), step / STEPS
        )
        if step % 500 == 0:
            keep(checkpoint, {"step": step}, parts=parts, average=average, optimizer=optimizer)
    keep(checkpoint, {"step": step}, parts=parts, average=average, optimizer=optimizer)
    average.module.eval()
    facts = {"steps": step, "clips": len(chosen), **recent}
    if judge:
        write_judge(average.module, output)
    else:
        reader, read = teach_reader(average.module, chosen)
        write_encoder(average.module, reader, output)
        facts |= read
    if held_out is not None:
        found = _held_out(average.module, loss_of_mouth, *held_out)
        facts |= {f"held-out {name}": value for name, value in found.items()}
    return facts


def teach_reader(
    parts: nn.ModuleDict, performances: list[Performance]
) -> tuple[MouthReader, dict[str, float]]:
    """A reader of the mouth for features that no longer change, and its last losses.

    Args:
        parts: encoder and heads, taught.
        performances: whose lips may be learned.
    """
    basis = released_basis()
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    takes = [_read_out(parts, one, rng) for one in performances]
    chance = np.array([len(one) for one in performances], float)
    chance /= chance.sum()
    reader = MouthReader(takes[0][0].shape[1], basis.parts[2])
    optimizer = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=0.05)
    loss_of_mouth = MouthLoss(basis)
    gap_of = torch.from_numpy(lip_gap(basis.dynamics[basis.lower]).astype(np.float32))
    losses: dict[str, Tensor] = {}
    for step in range(READING):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (1 - step / READING) / 0.4)
        inputs, lower, gaps = [], [], []
        for i in rng.choice(len(takes), READ, p=chance):
            one = performances[i]
            start = int(rng.integers(len(one) - WINDOW + 1))
            inputs.append(takes[i][int(rng.integers(COPIES))][start : start + BEFORE + WINDOW])
            lower.append(one.motion.dynamics[start : start + WINDOW, basis.lower])
            gaps.append(lip_gap(one.neutral))
        target = torch.from_numpy(np.stack(lower))
        rest = torch.from_numpy(np.array(gaps, np.float32))
        found, meet = reader(torch.stack(inputs))
        losses = loss_of_mouth(found, target, rest)
        met = (target @ gap_of + rest[:, None] < _MEET).float()
        losses["meet"] = F.binary_cross_entropy_with_logits(meet, met)
        total = sum((READER_WEIGHTS[k] * v for k, v in losses.items()), torch.zeros(()))
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
    return reader.eval(), {f"read {name}": float(loss.detach()) for name, loss in losses.items()}


@torch.no_grad()
def _read_out(parts: nn.ModuleDict, one: Performance, rng: np.random.Generator) -> Tensor:
    """What is heard in a clip as it is and in copies of it, (COPIES, BEFORE + T, I)."""
    sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
    pcm = one.pcm.astype(np.float64)
    copies = [one.pcm, *(augmentation.augmented(pcm, rng) for _ in range(COPIES - 1))]
    mels = [np.concatenate([sides[0], listen(c.astype(np.float32)).mel, sides[1]]) for c in copies]
    heads = cast(Heads, parts["heads"])
    features = parts["encoder"](torch.from_numpy(np.stack(mels)).flatten(1, 2))
    return torch.cat([features, *_sounding(heads, features)], -1)


def _sounding(heads: Heads, features: Tensor) -> tuple[Tensor, Tensor]:
    """How surely a voice sounds, and p, b or m is said, (N, T, 1) each."""
    return torch.sigmoid(heads.voice(features)), _said(heads, features, CLOSURES)


def _said(heads: Heads, features: Tensor, sounds: tuple[str, ...]) -> Tensor:
    """How surely one of some phones is said, (N, T, 1)."""
    phones = heads.phones(features).unflatten(-1, (HALVES, LABELS)).softmax(-1)
    return phones[..., [LABEL[name] for name in sounds]].sum(-1).amax(-1, keepdim=True)


@torch.no_grad()
def _held_out(
    parts: nn.ModuleDict,
    loss_of_mouth: MouthLoss,
    performances: list[Performance],
    utterances: list[Utterance],
) -> dict[str, float]:
    """Mean losses over some batches of people and voices not learned from."""
    usable = [one for one in performances if one.own.all() and len(one) > WINDOW + LOOK_AHEAD]
    if not usable or not utterances:
        raise GiocondaError("no held-out clip or sentence has a second of speech")
    torch.manual_seed(0)
    batches = islice(_Windows(usable, utterances, released_basis().lower, 0), _HELD_OUT)
    rows = [_losses(parts, loss_of_mouth, batch, None) for batch in batches]
    return {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}


def _losses(
    parts: nn.ModuleDict,
    loss_of_mouth: MouthLoss,
    batch: dict[str, Tensor],
    teacher: Wav2Vec | None,
) -> dict[str, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        features = parts["encoder"](batch["mel"]).float()
    heads: Any = parts["heads"]
    phones = heads.phones(features).reshape(-1, LABELS)
    labels = batch["phones"].reshape(-1)
    known = batch["voice"] != _IGNORED
    voice = heads.voice(features)[..., 0][known]
    of_clips = features[:CLIPS]
    mouth = loss_of_mouth(heads.mouth(of_clips), batch["lower"], batch["gap"])
    lower = batch["lower"]
    heard, seen = parts["meeting"](of_clips, lower - lower.mean(1, keepdim=True))
    scale = parts["meeting"].sharpness.clamp(0, 4).exp()
    within = scale * torch.einsum("ntc,nsc->nts", heard, seen)
    frames = torch.arange(within.shape[1])
    near = (frames[:, None] - frames).abs() == 1
    within = within.masked_fill(near, -1e4)
    own = frames.expand(len(within), -1)
    k = int(torch.randint(len(frames), ()))
    across = scale * heard[:, k] @ seen[:, k].T
    mine = torch.arange(len(across))
    losses = {
        "mouth": sum(mouth.values(), torch.zeros(())),
        "phones": F.cross_entropy(phones, labels, ignore_index=_IGNORED, label_smoothing=0.05),
        "voice": F.binary_cross_entropy_with_logits(voice, batch["voice"][known].float()),
        "within": (F.cross_entropy(within, own) + F.cross_entropy(within.mT, own)) / 2,
        "across": (F.cross_entropy(across, mine) + F.cross_entropy(across.T, mine)) / 2,
        "right": (within.argmax(2) == own).float().mean(),
        "phones right": (phones.argmax(1) == labels)[labels != _IGNORED].float().mean(),
    }
    if teacher is not None:
        told = teacher(batch["pcm"])[:, -WINDOW - LOOK_AHEAD : -LOOK_AHEAD]
        learned = F.cosine_similarity(parts["pupil"](features), told, dim=-1)
        losses["teacher"] = 1 - learned.mean()
    return losses


class _Windows(IterableDataset[dict[str, Tensor]]):
    """Batches without end."""

    def __init__(
        self, performances: list[Performance], utterances: list[Utterance], lower: slice, seed: int
    ) -> None:
        self._performances, self._utterances, self._lower = performances, utterances, lower
        self._chance = np.array([min(len(one), 250) for one in performances], float)
        self._chance /= self._chance.sum()
        self._seed = seed

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        rng = np.random.default_rng(self._seed)
        while True:
            chosen = rng.choice(len(self._performances), CLIPS, p=self._chance)
            windows = [_of_clip(self._performances[i], self._lower, rng) for i in chosen]
            said = rng.choice(len(self._utterances), SENTENCES)
            windows += [_of_sentence(self._utterances[i], rng) for i in said]
            windows += [_of_nobody(rng) for _ in range(OTHERS)]
            yield {
                name: torch.from_numpy(np.stack([w[name] for w in windows if name in w]))
                for name in windows[0]
            }


def _of_clip(one: Performance, lower: slice, rng: np.random.Generator) -> Window:
    speed = rng.uniform(*_SPEEDS)
    frames = int(len(one) / speed)
    start = int(rng.integers(0, max(1, frames - WINDOW - LOOK_AHEAD + 1)))
    at = np.minimum((start + np.arange(WINDOW)) * speed, len(one) - 1)
    coordinates = smooth(one.motion.dynamics[:, lower])
    low = np.clip(at.astype(int), 0, len(one) - 2)
    part = (at - low)[:, None]
    moved = coordinates[low] * (1 - part) + coordinates[low + 1] * part
    pcm = _cut(one.pcm, start, speed)
    clean = listen(pcm.astype(np.float32)).voice[-WINDOW - LOOK_AHEAD : -LOOK_AHEAD]
    return {
        "pcm": _whole(pcm),
        "mel": _mel(augmentation.augmented(pcm, rng), start),
        "phones": np.full((WINDOW, HALVES), _IGNORED),
        "voice": clean.astype(np.int64),
        "lower": moved.astype(np.float32),
        "gap": np.float32(lip_gap(one.neutral)),
    }


def _of_sentence(one: Utterance, rng: np.random.Generator) -> Window:
    speed = rng.uniform(*_SPEEDS)
    frames = int(len(one.pcm) / SAMPLES / speed)
    start = int(rng.integers(0, max(1, frames - WINDOW - LOOK_AHEAD + 1)))
    middles = (start + (np.arange(WINDOW * HALVES) + 0.5) / HALVES) / FPS * speed
    ends = np.array([phone.end for phone in one.phones])
    names = [LABEL[phone.name] for phone in one.phones]
    labels = np.array([*names, LABEL[PAUSE]])[np.searchsorted(ends, middles)]
    labels = labels.reshape(WINDOW, HALVES)
    pcm = _cut(one.pcm, start, speed)
    return {
        "pcm": _whole(pcm),
        "mel": _mel(augmentation.augmented(pcm, rng), start),
        "phones": labels,
        "voice": (labels != LABEL[PAUSE]).any(1).astype(np.int64),
    }


def _of_nobody(rng: np.random.Generator) -> Window:
    samples = (FIELD + WINDOW + LOOK_AHEAD) * SAMPLES
    pcm = (augmentation.any_music if rng.random() < 0.6 else augmentation.noise)(samples, rng)
    pcm = augmentation.equalised(pcm, rng)
    if rng.random() < 0.5:
        pcm = augmentation.in_room(pcm, rng)
    return {
        "pcm": _whole(pcm),
        "mel": _mel(augmentation.at_level(pcm, rng.uniform(-70, -12)), FIELD),
        "phones": np.full((WINDOW, HALVES), _IGNORED),
        "voice": np.zeros(WINDOW, np.int64),
    }


def _cut(pcm: NDArray[np.float32], start: int, speed: float) -> NDArray[np.float64]:
    """The sound of a window with what it hears before and after, at another speed."""
    first = max(0, start - FIELD)
    at = np.arange(first * SAMPLES, (start + WINDOW + LOOK_AHEAD) * SAMPLES) * speed
    return np.interp(at, np.arange(len(pcm)), pcm, right=0.0)


def _whole(pcm: NDArray[np.floating]) -> NDArray[np.float32]:
    """A window's sound, silence before a clip's beginning."""
    size = (FIELD + WINDOW + LOOK_AHEAD) * SAMPLES
    return np.pad(pcm, (size - len(pcm), 0)).astype(np.float32)


def _mel(pcm: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """Log-mel (4 (FIELD + WINDOW + LOOK_AHEAD), 80), silence before a clip's beginning."""
    mel = listen(pcm).mel
    missing = FIELD + WINDOW + LOOK_AHEAD - len(mel)
    before = np.full((missing, SPECTRA, MELS), SILENCE, np.float32)
    return np.concatenate([before, mel]).reshape(-1, MELS)


class _Hearing(nn.Module):
    def __init__(self, parts: nn.ModuleDict, reader: MouthReader) -> None:
        super().__init__()
        self.encoder, self.heads, self.reader = parts["encoder"], parts["heads"], reader

    def forward(self, mel: Tensor) -> tuple[Tensor, ...]:
        features = self.encoder(mel)  # (N, BEFORE + T, F)
        heads = cast(Heads, self.heads)
        voice, closing = _sounding(heads, features)
        mouth, meet = self.reader(torch.cat([features, voice, closing], -1))
        touching = _said(heads, features, TOUCHES)
        features, *said = (x[:, BEFORE:] for x in (features, voice, closing, touching))
        voice, closing, touching = (one[..., 0] for one in said)
        full, least = _DOUBT
        doubt = (torch.sigmoid(meet) / full).clamp(least, 1)
        return features, voice, mouth, closing * doubt, touching * doubt


class _Judging(nn.Module):
    def __init__(self, parts: nn.ModuleDict) -> None:
        super().__init__()
        self.encoder, self.meeting = parts["encoder"], parts["meeting"]

    def forward(self, mel: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
        return self.meeting(self.encoder(mel), lower - lower.mean(1, keepdim=True))


def write_encoder(parts: nn.ModuleDict, reader: MouthReader, output: Path) -> None:
    """ONNX: mel (1, time, 80) → the parts of `Heard`, (1, T, ...) each; the time is free."""
    names = [field.name for field in fields(Heard)]
    example = torch.zeros(1, SPECTRA * (HISTORY + LOOK_AHEAD + 10), MELS)
    torch.onnx.export(
        _Hearing(parts, reader),
        (example,),
        output,
        input_names=["mel"],
        output_names=names,
        dynamic_axes={"mel": {1: "time"}} | {name: {1: "frames"} for name in names},
        dynamo=False,
    )


def write_judge(parts: nn.ModuleDict, output: Path) -> None:
    """ONNX: mel (1, time, 80) and lips (1, T, C) → unit vectors heard and seen."""
    frames = 10
    example = torch.zeros(1, SPECTRA * (FIELD + LOOK_AHEAD + frames), MELS)
    lower = torch.zeros(1, frames, parts["meeting"].lips[0].in_channels)
    torch.onnx.export(
        _Judging(parts),
        (example, lower),
        output,
        input_names=["mel", "lower"],
        output_names=["heard", "seen"],
        dynamic_axes={
            "mel": {1: "time"},
            "lower": {1: "frames"},
            "heard": {1: "moments"},
            "seen": {1: "moments"},
        },
        dynamo=False,
    )
