"""Recipe: learn all of a face's motion from speech and dials.

1. Each clip is motion, what the encoder hears in its sound (as it is; and changed as users
   bring it, slower and faster), and the dials as they were measured: where the eyes rest, how
   much the head moves, when the lids come down and go up.
2. A window of frames comes twice: as shown, with a little noise or hidden and never with its
   mouth; and as what is new in each, at its own level of noise, which the network has to see
   through.
3. Windows of a second tell lips and lids, but not where a head's middle is: only those of long
   clips teach the pose. Batches of both kinds take turns.

`gioconda train generator SET --checkpoint FILE --minutes N -o generator.zip`
"""

import io
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, ZipFile

import nncf
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gioconda.data.samples.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.diffusion import noised
from gioconda.generator.windows import GAZE_SCALE, HISTORY, POSE_SCALE, ROWS, hearing
from gioconda.speech import listen
from gioconda.speech.encoder import SpeechEncoder
from gioconda.training import augmentation
from gioconda.training.bank import mirror_of
from gioconda.training.generator.network import (
    DIALS,
    ORDER,
    SPAN,
    Course,
    MotionNet,
    Streamed,
)
from gioconda.training.people import for_judge
from gioconda.training.steps import cosine, keep, resume
from gioconda.training.targets import resampled, smooth

FRAMES: Final = HISTORY + 1
SHORT: Final = (30, 80)  # frames of a window, windows of a batch
LONG: Final = (FRAMES, 32)
STEPS: Final = 2400  # of the whole schedule
RATE: Final = 6e-4
AVERAGED: Final = 0.998
SPEEDS: Final = (1.0, 0.9, 1.1)  # of the copies of each clip whose sound is changed
WEIGHTS: Final = {"place": 1.0, "speed": 1.0, "gap": 0.05}
UNTOLD: Final = {"speech": 0.1, "gaze": 0.5, "amplitude": 0.3, "blinking": 0.1}
DOUBT: Final = 0.5  # how far off is what the network sees of frames shown, in paces
HIDDEN: Final = 0.15  # of the windows hide what was shown, all or to begin with
_LIPS: Final = 2.0  # how much more an error of the lower face counts
_PERCENT: Final = 100.0
_MIRRORED_POSE: Final = np.array([-1, 1, -1, -1, 1, 1], np.float32)
_AMPLITUDE: Final = 1.3  # at most so far from the median, as a logarithm
_LEAST_SEEN: Final = 0.05  # of the variance of what is new


@dataclass(frozen=True)
class _Take:
    """A clip, or a copy of it, in the network's units."""

    motion: NDArray[np.float32]  # (T, C)
    mirrored: NDArray[np.float32]  # (T, C)
    heard: NDArray[np.float32]  # (T, 130)
    own: NDArray[np.bool_]  # (T,)
    dials: NDArray[np.float32]  # (T, 5) gaze, amplitude, blinking
    gap: float  # between the lips of the neutral face
    lips: bool  # may be learned
    person: str

    def __len__(self) -> int:
        return len(self.motion)


def train_generator(
    performances: list[Performance],
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: Callable[[str, float], None] = lambda stage, part: None,
    encoder: Path | None = None,
    size: dict[str, int] | None = None,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until `STEPS` are done.

    Args:
        performances: of training clips; of the sync judge's people lips are not learned.
        output: the .zip file.
        checkpoint: the file of the training's state.
        minutes: for how long to train in this call.
        report: called with what is being done and how much of it is done, from 0 to 1.
        encoder: the speech encoder; the released one by default.
        size: width, layers and heads of another size than the released one.

    Returns:
        Steps done in all, and the losses' means over the last steps.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    kinds = _takes(performances, encoder, basis, report)
    net = MotionNet(6 + sum(basis.parts), FRAMES, **(size or {}))
    _lead(net.course, [copies[0].motion for copies in kinds[0] or kinds[1]], basis)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.05)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    state = resume(checkpoint, net=net, average=average, optimizer=optimizer)
    step = state["step"] if state else 0
    rng = np.random.default_rng(step)
    torch.manual_seed(step)
    judge = _Judge(basis)
    chances = [_chances(kind) for kind in kinds]
    recent: dict[str, float] = {}
    started = time.monotonic()
    while step < STEPS and time.monotonic() - started < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 200) * cosine(step / STEPS)
        k = step % 2 if all(kinds) else int(not kinds[0])  # long and short in turn
        frames, count = (LONG, SHORT)[k]
        chosen = rng.choice(len(kinds[k]), count, p=chances[k])
        copies = [kinds[k][i] for i in chosen]
        takes = [one[rng.integers(len(one))] for one in copies]
        batch = _batch(takes, frames, k == 0, net.course, rng)
        with torch.autocast("cpu", torch.bfloat16):
            found = net(
                *(batch[name] for name in ("shown", "noisy", "level", "there", "told", "dials"))
            )
        losses = judge(found.float(), batch)
        total = sum(WEIGHTS[name] * loss for name, loss in losses.items())
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(net)
        step += 1
        for name, loss in losses.items():
            value = float(loss.detach())
            recent[name] = 0.98 * recent.get(name, value) + 0.02 * value
        report(
            f"step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in recent.items()), step / STEPS
        )
        if step % 250 == 0:
            keep(checkpoint, {"step": step}, net=net, average=average, optimizer=optimizer)
    keep(checkpoint, {"step": step}, net=net, average=average, optimizer=optimizer)
    net = average.module
    net.eval()
    write_model(net, output)
    return {"steps": step, "clips": sum(map(len, kinds)), **recent}


def _takes(
    performances: list[Performance],
    encoder: Path | None,
    basis: Basis,
    report: Callable[[str, float], None],
) -> tuple[list[list[_Take]], list[list[_Take]]]:
    """Of each long clip, and of each short one, its copies.

    Raises:
        GiocondaError: if there is no clip.
    """
    rng, ears = np.random.default_rng(0), SpeechEncoder(encoder)
    pace = {
        id(one): float(np.abs(np.diff(one.motion.pose[:, :3], axis=0)).mean())
        for one in performances
        if one.long
    }
    people: dict[str, list[float]] = defaultdict(list)
    for one in performances:
        if one.long:
            people[one.clip.person].append(pace[id(one)])
    usual = float(np.median([float(np.median(paces)) for paces in people.values()] or [1.0]))
    kinds: tuple[list[list[_Take]], list[list[_Take]]] = [], []
    for i, one in enumerate(performances):
        report("hearing clips", (i + 1) / len(performances))
        amplitude = np.nan
        if one.long:
            amplitude = float(np.clip(np.log(pace[id(one)] / usual), -_AMPLITUDE, _AMPLITUDE))
        if for_judge(one.clip.person) and not one.long:
            continue
        copies = [_take(one, one.pcm, 1.0, amplitude, ears, basis)]
        for speed in SPEEDS if one.own.any() else ():
            at = np.arange(0, len(one.pcm) - 1, speed)
            pcm = augmentation.augmented(np.interp(at, np.arange(len(one.pcm)), one.pcm), rng)
            copies.append(_take(one, pcm, speed, amplitude, ears, basis))
        kinds[not one.long].append(copies)
    if not any(kinds):
        raise GiocondaError("no clip serves; make a set with gioconda prepare")
    return kinds


def _take(
    one: Performance,
    pcm: NDArray[np.float32],
    speed: float,
    amplitude: float,
    ears: SpeechEncoder,
    basis: Basis,
) -> _Take:
    """A clip at another speed, with the sound at that speed; amplitude as a logarithm."""
    speech = listen(pcm)
    heard = hearing(ears.whole(speech.mel), speech.loudness)
    at = np.arange(0, len(one) - 1, speed)[: len(heard)]
    mirror = mirror_of(basis, sum(basis.parts))[0].astype(np.float32)
    # pose and lips without the jitter of their tracking; lids are too quick for that
    pose, dynamics = smooth(smooth(one.motion.pose)) / POSE_SCALE, smooth_lips(one, basis)
    mirrored = np.concatenate([pose * _MIRRORED_POSE, dynamics @ mirror], 1)
    amplitudes = np.full(len(one), amplitude + np.log(speed), np.float32)
    dials = np.column_stack([one.gaze / GAZE_SCALE, amplitudes, one.blinking])
    nearest = np.round(at).astype(int)
    return _Take(
        resampled(np.concatenate([pose, dynamics], 1), at),
        resampled(mirrored, at),
        heard[: len(at)],
        one.own[nearest],
        dials[nearest].astype(np.float32),
        float(lip_gap(one.neutral)),
        not for_judge(one.clip.person),
        one.clip.person,
    )


def smooth_lips(one: Performance, basis: Basis) -> NDArray[np.float32]:
    """Dynamics (T, D), the lower face without its jitter."""
    dynamics = one.motion.dynamics.copy()
    dynamics[:, basis.lower] = smooth(dynamics[:, basis.lower])
    return dynamics


def _chances(clips: list[list[_Take]]) -> NDArray[np.float64]:
    """How often each clip is chosen: by its length, and a person's by the root of theirs."""
    whole: dict[str, int] = defaultdict(int)
    for copies in clips:
        whole[copies[0].person] += len(copies[0])
    chance = np.array([len(copies[0]) / whole[copies[0].person] ** 0.5 for copies in clips])
    return np.asarray(chance / chance.sum())


def _lead(course: Course, clips: list[NDArray[np.float32]], basis: Basis) -> None:
    """Learn by least squares where four frames lead, of all but the mouth."""
    for c in range(6 + basis.lower.start):
        rows = [np.lib.stride_tricks.sliding_window_view(clip[:, c], ORDER + 1) for clip in clips]
        table = np.concatenate(rows).astype(np.float64)
        lead, *_ = np.linalg.lstsq(table[:, :-1], table[:, -1], rcond=None)
        course.lead[:, c] = torch.from_numpy(lead)
        course.pace[c] = max(1e-4, float(np.std(table[:, -1] - table[:, :-1] @ lead)))


def _batch(
    takes: list[_Take], frames: int, long: bool, course: Course, rng: np.random.Generator
) -> dict[str, Tensor]:
    count, channels, heard = len(takes), takes[0].motion.shape[1], takes[0].heard.shape[1]
    lower = slice(channels - released_basis().parts[2], channels)
    motion = np.zeros((count, ORDER + frames, channels), np.float32)  # and what came before
    there = np.ones((count, frames), np.float32)
    teaches = np.zeros((count, frames, channels), np.float32)
    told = np.zeros((count, frames, len(DIALS)), np.float32)
    dials = np.zeros((count, frames, sum(DIALS.values())), np.float32)
    for i, take in enumerate(takes):
        start = int(rng.integers(0, max(0, len(take) - frames) + 1))
        part = slice(start, start + frames)
        size = min(len(take), frames)
        flip = rng.random() < 0.5
        known = min(start, ORDER)
        moved = (take.mirrored if flip else take.motion)[start - known : start + size]
        motion[i, ORDER - known : ORDER + size] = moved
        if rng.random() < HIDDEN:
            there[i, : int(rng.integers(1, 2 * frames))] = 0
        teaches[i, ORDER - known : size, : lower.start] = 1
        teaches[i, :size, lower] = take.lips
        told[i, :size, 0] = take.own[part]
        told[i, :size, 1:] = (1, long, 1)
        told[i] *= rng.random(len(DIALS)) >= list(UNTOLD.values())
        dials[i, :size, :heard] = take.heard[part]
        dials[i, :size, heard:] = np.nan_to_num(take.dials[part])
        if flip:
            dials[i, :, heard] *= -1
    news = course.news(torch.from_numpy(motion)).numpy()
    news[~teaches.astype(bool)] = 0
    noise = rng.normal(size=(count, frames, channels)).astype(np.float32)
    level = rng.uniform(0.02, 1, (count, frames, 1)).astype(np.float32)
    level[rng.random((count, frames)) < 0.35] = 1
    doubt = np.abs(rng.normal(0, DOUBT, (count, 1, 1))).astype(np.float32)
    doubted = rng.normal(size=news.shape).astype(np.float32) * doubt
    shown = np.concatenate([motion[:, ORDER:] + doubted * course.pace.numpy(), news], 2)
    shown[..., lower] = 0
    shown[..., channels + lower.start :] = 0
    parts = {
        "shown": shown,
        "noisy": noised(news, noise, level),
        "news": news,
        "level": level[..., 0],
        "there": there,
        "teaches": teaches,
        "told": told,
        "dials": dials,
        "gap": np.array([take.gap for take in takes], np.float32),
        "pose": np.float32(long),
    }
    return {name: torch.from_numpy(np.asarray(part)) for name, part in parts.items()}


class _Judge:
    """Losses between motions, by how much they show."""

    def __init__(self, basis: Basis) -> None:
        shows = np.linalg.norm(basis.dynamics[..., :2].reshape(sum(basis.parts), -1), axis=1)
        shows = shows / shows.mean()
        shows[basis.lower] *= _LIPS
        self._weights = torch.from_numpy(np.concatenate([np.ones(6), shows]).astype(np.float32))
        self._lower = slice(6 + basis.lower.start, 6 + basis.lower.stop)
        gap = lip_gap(basis.dynamics[basis.lower])
        self._gap = torch.from_numpy(gap.astype(np.float32))

    def __call__(self, found: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        teaches, news, level = batch["teaches"], batch["news"], batch["level"][..., None]
        weights = self._weights.clone()
        weights[:6] *= batch["pose"]
        error = (found - news) * teaches
        lips = error[..., self._lower]
        # head and eyes are as often asked at one level as at another, and there is less to see
        # at the lower ones; of the mouth it is how it ends that counts
        seen = level.square() / ((1 - level).square() + level.square())
        scale = torch.where(weights > 0, seen.clamp(_LEAST_SEEN, 1).rsqrt(), 0)
        scale[..., self._lower] = 1
        speed = (lips[:, 1:] - lips[:, :-1]) * teaches[:, 1:, self._lower]
        gap = (found[..., self._lower] @ self._gap + batch["gap"][:, None]).relu() * _PERCENT
        wanted = (news[..., self._lower] @ self._gap + batch["gap"][:, None]).relu() * _PERCENT
        closed = 1 + (wanted < 1.5).float()  # closures are few and seen at once
        real = teaches[..., -1]
        count = teaches.sum()
        return {
            "place": (weights * (scale * error).square()).sum() / count,
            "speed": (weights[self._lower] * speed.square()).sum() / count,
            "gap": (closed * (gap - wanted).abs() * real).sum() / real.sum(),
        }


def write_model(net: MotionNet, output: Path) -> None:
    """Write the net's two steps as ONNX files in one zip, their weights in 8 bits.

    `first` is for `ROWS` streams at once, `again` for the one that hears.
    """
    channels, width = net.new.in_features, net.new.out_features
    layers, heads = len(net.blocks), net.blocks[0].attention.heads
    before = torch.zeros(ROWS, 2, len(DIALS)), torch.zeros(ROWS, 2, sum(DIALS.values()))
    keys = torch.zeros(ROWS, layers, heads, net.frames - 1, width // heads)
    kept = keys, keys, torch.zeros(ROWS, layers, 1, SPAN, width)
    frame = torch.zeros(ORDER + 1, channels), torch.zeros(channels), torch.ones(1)
    seen = torch.zeros(net.frames - 1)
    inputs = {
        "first": (*frame, *before, seen, *kept),
        "again": (*frame, *(one[:1, 1] for one in before), seen, *(one[:1] for one in kept)),
    }
    names = ["past", "noisy", "level", "told", "dials", "seen", "keys", "values", "inner"]
    with warnings.catch_warnings(), ZipFile(output, "w", ZIP_STORED) as file:
        warnings.simplefilter("ignore")  # of tracing; shapes are what they are
        for step, made in {"first": ["key", "value", "one"], "again": []}.items():
            written = io.BytesIO()
            torch.onnx.export(
                Streamed(net, step),
                inputs[step],
                written,
                input_names=names,
                output_names=["new", "frame", *made],
                dynamo=False,
            )
            small = nncf.compress_weights(
                onnx.load_from_string(written.getvalue()),
                # OpenVINO takes one scale for a matrix' column, none for the few of a convolution
                ignored_scope=nncf.IgnoredScope(types=["Conv"]),
            )
            file.writestr(f"{step}.onnx", small.SerializeToString())
