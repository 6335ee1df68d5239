"""Recipe: learn to move the mouth from speech.

1. Each clip gives sound and motion in step (`evaluation/speech.py` says by how much each
   family is shifted) and the person's neutral face.
2. A batch is short windows of clips, their sound changed in gain, colour, noise and speed.
3. The loss looks at what shows: points of lips and jaw, their speed, the gap between the lips.
   A window's mean expression cannot be heard, so most of it is forgiven.
4. The net is written as an ONNX file and compared with itself in OpenVINO.

`gioconda train regressor DATA --cache DIR --checkpoint FILE --minutes N -o regressor.onnx`
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gioconda.data.clips import Clip
from gioconda.data.samples.talks import Talk, read_talk
from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.face.basis import Basis, point_weights, released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.regressor import HISTORY, Regressor
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.features import SAMPLES, SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.steps import cosine, keep, resume, smooth

WINDOW: Final = 22  # frames that a training window is judged on
BATCH: Final = 48
STEPS: Final = 2500  # of the whole schedule
RATE: Final = 1.5e-3
AVERAGED: Final = 0.995  # the released weights are a running mean, this slow
FORGIVEN: Final = 0.7  # part of a window's mean error that costs nothing
# The total is the sum of the losses times these.
WEIGHTS: Final = {"points": 1.0, "speed": 1.0, "gap": 1.0, "shape": 1.0, "spread": 0.2}
_PERCENT: Final = 100.0  # of the inter-ocular distance


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
        self.blocks = nn.ModuleList(_Block(width, d, dropout) for d in dilations)
        self.outlet = nn.Conv1d(width, coordinates, 1)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.inlet(mel.transpose(1, 2))  # (N, width, HISTORY + T + LOOK_AHEAD)
        for block in self.blocks:
            x = block(x)
        return self.outlet(x).transpose(1, 2)  # (N, T, coordinates)


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.span = 2 * dilation
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 3, dilation=dilation),
            nn.BatchNorm1d(width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.span :] + self.body(x)


def train_regressor(
    clips: list[Clip],
    output: Path,
    checkpoint: Path,
    minutes: float,
    report: Callable[[str, float], None] = lambda stage, part: None,
) -> dict[str, float]:
    """Train for a while, keep the state, and write the model as it is now.

    Called again with the same checkpoint it goes on where it stopped, until `STEPS` are done.

    Args:
        clips: training clips; those without speech are left out.
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
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.05)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED), use_buffers=True)
    state = resume(checkpoint, net=net, average=average, optimizer=optimizer)
    step = state["step"] if state else 0
    rng = np.random.default_rng(step)
    torch.manual_seed(step)
    judge = MouthLoss(basis)
    chance = np.array([min(len(talk.dynamics), 250) for talk in talks], float)
    chance /= chance.sum()
    recent: dict[str, float] = {}
    started = time.monotonic()
    while step < STEPS and time.monotonic() - started < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * cosine(step / STEPS)
        chosen = rng.choice(len(talks), BATCH, p=chance)
        mel, target, gap = _batch([talks[i] for i in chosen], basis, rng)
        losses = judge(net(mel), target, gap)
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
            f"step {step}: " + ", ".join(f"{k} {v:.3f}" for k, v in recent.items()), step / STEPS
        )
    keep(checkpoint, {"step": step}, net=net, average=average, optimizer=optimizer)
    net = average.module
    net.eval()
    write_model(net, output)
    return {"steps": step, **recent, "export_error": _export_error(net, output)}


def read_talks(clips: list[Clip], basis: Basis, report: Callable[[str, float], None]) -> list[Talk]:
    """The clips that serve, in step.

    Raises:
        GiocondaError: if there is none.
    """
    talks = []
    for i, clip in enumerate(clips):
        talk = read_talk(clip, basis)
        if talk is not None and len(talk.dynamics) >= WINDOW + LOOK_AHEAD:
            talks.append(talk)
        report("reading clips", (i + 1) / len(clips))
    if not talks:
        raise GiocondaError(f"none of the {len(clips)} clips has a second of speech and a face")
    return talks


def _batch(
    talks: list[Talk], basis: Basis, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-mel, coordinates (N, WINDOW, 18), and the neutral gap between the lips (N,)."""
    mels, targets, gaps = [], [], []
    for talk in talks:
        speed = rng.uniform(0.92, 1.08)
        frames = int(len(talk.dynamics) / speed)
        start = int(rng.integers(0, max(1, frames - WINDOW - LOOK_AHEAD + 1)))
        first = max(0, start - HISTORY)
        at = (start + np.arange(WINDOW)) * speed
        samples = np.arange(first * SAMPLES, (start + WINDOW + LOOK_AHEAD) * SAMPLES) * speed
        pcm = np.interp(samples, np.arange(len(talk.pcm)), talk.pcm)
        mel = listen(_changed(pcm, rng)).mel
        missing = WINDOW + HISTORY + LOOK_AHEAD - len(mel)
        before = np.full((missing, SPECTRA, MELS), SILENCE, np.float32)
        mels.append(np.concatenate([before, mel]).reshape(-1, MELS))
        lower = smooth(talk.dynamics[:, basis.lower])
        low = np.clip(at.astype(int), 0, len(lower) - 2)
        part = np.clip(at - low, 0, 1)[:, None]
        targets.append(lower[low] * (1 - part) + lower[low + 1] * part)
        gaps.append(float(lip_gap(talk.neutral)))
    return (
        torch.from_numpy(np.stack(mels)),
        torch.from_numpy(np.stack(targets).astype(np.float32)),
        torch.tensor(gaps, dtype=torch.float32),
    )


def _changed(pcm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound with another loudness, colour and room noise."""
    spectrum = np.fft.rfft(pcm)
    knots = np.cumsum(rng.normal(0, 2.5, 7))  # dB, from 0 to 8 kHz
    curve = np.interp(np.linspace(0, 6, len(spectrum)), np.arange(7), knots - knots.mean())
    coloured = np.fft.irfft(spectrum * 10 ** (curve / 20), len(pcm))
    loud = float(np.sqrt((coloured**2).mean())) + 1e-6
    noise = rng.normal(0, loud * 10 ** (-rng.uniform(12, 60) / 20), len(pcm))
    level = 10 ** (rng.uniform(-38, -14) / 20)
    changed: NDArray[np.float32] = ((coloured + noise) * level / loud).astype(np.float32)
    return np.clip(changed, -1, 1)


class MouthLoss:
    """Losses between coordinates of the lower face (N, T, C), by what they do to the face."""

    def __init__(self, basis: Basis) -> None:
        directions = basis.dynamics[basis.lower]
        shown = np.concatenate([topology.LIPS, topology.JAW])
        weighted = directions * np.sqrt(point_weights()) * _PERCENT
        self._points = torch.from_numpy(
            weighted[:, shown].reshape(len(directions), -1).astype(np.float32)
        )
        self._gap = torch.from_numpy(lip_gap(directions).astype(np.float32))

    def __call__(self, found: Tensor, target: Tensor, neutral: Tensor) -> dict[str, Tensor]:
        error = found - target  # (N, T, coordinates)
        moving = error - FORGIVEN * error.mean(1, keepdim=True)
        points = moving @ self._points
        gap = F.relu(found @ self._gap + neutral[:, None]) * _PERCENT
        wanted = F.relu(target @ self._gap + neutral[:, None]) * _PERCENT
        a, b = gap - gap.mean(1, keepdim=True), wanted - wanted.mean(1, keepdim=True)
        size_a, size_b = (a.square().mean(1) + 0.1).sqrt(), (b.square().mean(1) + 0.1).sqrt()
        speaking = (size_b > 1).float()  # a still mouth has no shape to follow
        likeness = (a * b).mean(1) / (size_a * size_b)
        closed = 1 + (wanted < 1.5).float()  # closures are few and seen at once
        return {
            "points": points.abs().mean(),
            "speed": (points[:, 1:] - points[:, :-1]).abs().mean(),
            "gap": (closed * (gap - wanted).abs()).mean() * 0.3,
            "shape": (speaking * (1 - likeness)).mean(),
            "spread": (speaking * (size_a / size_b).log().abs()).mean(),
        }


def write_model(net: MouthNet, output: Path) -> None:
    """Write the net as ONNX; the time is free."""
    example = torch.zeros(1, SPECTRA * (HISTORY + LOOK_AHEAD + 10), MELS)
    torch.onnx.export(
        net,
        (example,),
        output,
        input_names=["mel"],
        output_names=["lower"],
        dynamic_axes={"mel": {1: "time"}, "lower": {1: "frames"}},
        dynamo=False,
    )


def _export_error(net: MouthNet, output: Path) -> float:
    mel = np.random.default_rng(0).uniform(SILENCE, 1, (60, SPECTRA, MELS)).astype(np.float32)
    regressor = Regressor(output)
    found = np.concatenate([regressor.append(mel), regressor.finish()])
    sides = [np.full((n, SPECTRA, MELS), SILENCE, np.float32) for n in (HISTORY, LOOK_AHEAD)]
    whole = np.concatenate([sides[0], mel, sides[1]]).reshape(1, -1, MELS)
    with torch.no_grad():
        return float(np.abs(net(torch.from_numpy(whole))[0].numpy() - found).max())
