"""Recipe: learn all of a face's motion from speech and dials.

1. Each clip is motion, what the encoder hears in its sound (as it is, and changed as users
   bring it), and the dials as they were measured: where the eyes rest, how much the head
   moves, when the lids come down and go up.
2. A sample is a window of frames: those shown before, with a little noise, or hidden; then new
   ones at a level of noise, which the network has to see through.
3. A clip of a second tells lips and lids, but not where a head's middle is: only long clips
   teach the pose.

`gioconda train generator SET --checkpoint FILE --minutes N -o generator.onnx`
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gioconda.data.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.diffusion import noised
from gioconda.generator.windows import GAZE_SCALE, HISTORY, POSE_SCALE, ROWS, hearing
from gioconda.speech import listen
from gioconda.speech.encoder import SpeechEncoder
from gioconda.training import sounds
from gioconda.training.bank import mirror_of
from gioconda.training.generator_net import DIALS, MotionNet
from gioconda.training.regressor import MouthLoss
from gioconda.training.speech import for_judge
from gioconda.training.steps import cosine, keep, smooth

FRAMES: Final = HISTORY + 1
BATCH: Final = 96
STEPS: Final = 2500  # of the whole schedule
RATE: Final = 6e-4
AVERAGED: Final = 0.998
COPIES: Final = 3  # of each clip's sound, changed; besides it as it is
WEIGHTS: Final = {"place": 1.0, "speed": 1.0, "gap": 0.05}
UNTOLD: Final = {"speech": 0.1, "gaze": 0.5, "amplitude": 0.3, "blinking": 0.1}
HIDDEN: Final = 0.35  # of the windows lack what was shown before
_LONG: Final = 3.0  # how much more often a frame of a long clip is chosen
_LIPS: Final = 2.0  # how much more an error of the lower face counts
_PERCENT: Final = 100.0
_MIRRORED_POSE: Final = np.array([-1, 1, -1, -1, 1, 1], np.float32)
_AMPLITUDE: Final = 1.0  # at most so far from the median, as a logarithm


@dataclass(frozen=True)
class _Take:
    """A clip, or a clip in the mirror, in the network's units."""

    motion: NDArray[np.float32]  # (T, C)
    heard: list[NDArray[np.float32]]  # each (T, 130)
    own: NDArray[np.bool_]  # (T,)
    dials: NDArray[np.float32]  # (T, 5) gaze, amplitude, blinking
    gap: float  # between the lips of the neutral face
    long: bool


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
        performances: of training clips; the sync judge's people are left out.
        output: the .onnx file.
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
    takes = _takes(
        [p for p in performances if not for_judge(p.clip.person)], encoder, basis, report
    )
    net = MotionNet(takes[0].motion.shape[1], FRAMES, **(size or {}))
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.05)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        average.load_state_dict(state["average"])
        step = state["step"]
    rng = np.random.default_rng(step)
    torch.manual_seed(step)
    judge = _Judge(basis)
    chance = np.array([len(take.motion) * (_LONG if take.long else 1) for take in takes])
    chance /= chance.sum()
    recent: dict[str, float] = {}
    started = time.monotonic()
    while step < STEPS and time.monotonic() - started < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 200) * cosine(step / STEPS)
        batch = _batch([takes[i] for i in rng.choice(len(takes), BATCH, p=chance)], rng)
        with torch.autocast("cpu", torch.bfloat16):
            found = net(*(batch[k] for k in ("noisy", "level", "present", "told", "dials")))
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
            keep(checkpoint, step, net=net, average=average, optimizer=optimizer)
    keep(checkpoint, step, net=net, average=average, optimizer=optimizer)
    net = average.module
    net.eval()
    write_model(net, output)
    return {"steps": step, "takes": len(takes), **recent}


def _takes(
    performances: list[Performance],
    encoder: Path | None,
    basis: Basis,
    report: Callable[[str, float], None],
) -> list[_Take]:
    """The clips that serve and their mirrors, and what is heard in them.

    Raises:
        GiocondaError: if there is none.
    """
    rng, ears = np.random.default_rng(0), SpeechEncoder(encoder)
    mirror = mirror_of(basis, sum(basis.parts))[0].astype(np.float32)
    pace = {
        id(one): float(np.abs(np.diff(one.motion.pose[:, :3], axis=0)).mean())
        for one in performances
        if one.long
    }
    usual = float(np.median(list(pace.values()) or [1.0]))
    takes = []
    for i, one in enumerate(performances):
        report("hearing clips", (i + 1) / len(performances))
        pcms = [one.pcm] + [
            sounds.changed(one.pcm, rng) for _ in range(COPIES * bool(one.own.any()))
        ]
        heard = [_heard(pcm, ears) for pcm in pcms]
        amplitude = np.nan
        if one.long:
            amplitude = float(np.clip(np.log(pace[id(one)] / usual), -_AMPLITUDE, _AMPLITUDE))
        for flip in (False, True):
            pose, dynamics, gaze = one.motion.pose, smooth_lips(one, basis), one.gaze
            if flip:
                pose, gaze = pose * _MIRRORED_POSE, gaze * np.array([-1, 1], np.float32)
                dynamics = dynamics @ mirror
            dials = np.column_stack(
                [gaze / GAZE_SCALE, np.full(len(one), amplitude, np.float32), one.blinking]
            )
            takes.append(
                _Take(
                    np.concatenate([pose / POSE_SCALE, dynamics], 1).astype(np.float32),
                    heard,
                    one.own,
                    dials.astype(np.float32),
                    float(MouthLoss.gap(one.neutral)),
                    one.long,
                )
            )
    if not takes:
        raise GiocondaError("no clip serves; make a set with gioconda prepare")
    return takes


def smooth_lips(one: Performance, basis: Basis) -> NDArray[np.float32]:
    """Dynamics (T, D), the lower face without its jitter."""
    dynamics = one.motion.dynamics.copy()
    dynamics[:, basis.lower] = smooth(dynamics[:, basis.lower])
    return dynamics


def _heard(pcm: NDArray[np.float32], encoder: SpeechEncoder) -> NDArray[np.float32]:
    speech = listen(pcm)
    return hearing(*encoder.whole(speech.mel), speech.loudness)


def _batch(takes: list[_Take], rng: np.random.Generator) -> dict[str, Tensor]:
    channels, heard = takes[0].motion.shape[1], takes[0].heard[0].shape[1]
    motion = np.zeros((BATCH, FRAMES, channels), np.float32)
    level = np.zeros((BATCH, FRAMES), np.float32)
    present, new = np.zeros_like(level), np.zeros_like(level)
    told = np.zeros((BATCH, FRAMES, len(DIALS)), np.float32)
    dials = np.zeros((BATCH, FRAMES, sum(DIALS.values())), np.float32)
    for i, take in enumerate(takes):
        end = int(rng.integers(2, len(take.motion) + 1))
        frames = slice(max(0, end - FRAMES), end)
        count = frames.stop - frames.start
        view = slice(FRAMES - count, FRAMES)
        made = int(rng.integers(1, 5) if rng.random() < 0.5 else rng.integers(1, count + 1))
        made = min(made, count)
        shown = count - made
        if rng.random() < HIDDEN:
            shown = int(rng.integers(0, shown + 1)) if rng.random() < 0.3 else 0
        motion[i, view] = take.motion[frames]
        present[i, FRAMES - made - shown :] = 1
        new[i, FRAMES - made :] = 1
        level[i] = min(abs(rng.normal(0, 0.12)), 0.4)
        level[i, FRAMES - made :] = 1 if rng.random() < 0.35 else rng.uniform(0.02, 1)
        told[i, view, 0] = take.own[frames]
        told[i, view, 1:] = (1, 0 if np.isnan(take.dials[0, 2]) else 1, 1)
        told[i] *= rng.random(len(DIALS)) >= list(UNTOLD.values())
        dials[i, view, :heard] = take.heard[rng.integers(len(take.heard))][frames]
        dials[i, view, heard:] = np.nan_to_num(take.dials[frames])
    noise = rng.normal(size=motion.shape).astype(np.float32)
    parts = {
        "motion": motion,
        "noisy": noised(motion, noise, level[..., None]),
        "level": level,
        "present": present,
        "new": new,
        "told": told,
        "dials": dials,
        "gap": np.array([take.gap for take in takes], np.float32),
        "long": np.array([take.long for take in takes], np.float32),
    }
    return {name: torch.from_numpy(part) for name, part in parts.items()}


class _Judge:
    """Losses between motions, by how much they show."""

    def __init__(self, basis: Basis) -> None:
        shows = np.linalg.norm(basis.dynamics[..., :2].reshape(sum(basis.parts), -1), axis=1)
        shows = shows / shows.mean()
        shows[basis.lower] *= _LIPS
        self._weights = torch.from_numpy(np.concatenate([np.ones(6), shows]).astype(np.float32))
        self._lower = slice(6 + basis.lower.start, 6 + basis.lower.stop)
        gap = MouthLoss.gap(basis.dynamics[basis.lower])
        self._gap = torch.from_numpy(gap.astype(np.float32))

    def __call__(self, found: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        new, motion = batch["new"][..., None], batch["motion"]
        weights = self._weights.expand(len(motion), 1, -1).clone()
        weights[..., :6] *= batch["long"][:, None, None]
        error = (found - motion) * new
        speed = error[:, 1:] - error[:, :-1]
        gap = (found[..., self._lower] @ self._gap + batch["gap"][:, None]).relu() * _PERCENT
        wanted = (motion[..., self._lower] @ self._gap + batch["gap"][:, None]).relu() * _PERCENT
        closed = 1 + (wanted < 1.5).float()  # closures are few and seen at once
        count = new.sum()
        return {
            "place": (weights * error.square()).sum() / (count * weights.shape[-1]),
            "speed": (weights * speed.square()).sum() / (count * weights.shape[-1]),
            "gap": (closed * (gap - wanted).abs() * batch["new"]).sum() / count,
        }


def write_model(net: MotionNet, output: Path) -> None:
    """Write the net as ONNX, for `ROWS` windows at once."""
    channels = net.motion.in_features
    sizes = {"motion": (channels,), "level": (), "present": (), "told": (len(DIALS),)}
    sizes["dials"] = (sum(DIALS.values()),)
    torch.onnx.export(
        net,
        tuple(torch.zeros(ROWS, FRAMES, *size) for size in sizes.values()),
        output,
        input_names=list(sizes),
        output_names=["clean"],
        dynamo=False,
    )
