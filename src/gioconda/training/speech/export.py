"""Encoder and sync judge as ONNX files."""

from dataclasses import fields
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from gioconda.data.phones import TOUCHES
from gioconda.speech import LOOK_AHEAD
from gioconda.speech.encoder import BEFORE, FIELD, HISTORY, Heard
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.speech.network import MouthReader, SpeechNet

# Where the reader sees no lips meet, a sound of the lips is doubted: it counts in full from this
# chance on that they meet, and never less than that.
_FULL: Final = 0.3
_LEAST: Final = 0.3
_FRAMES: Final = 10  # of the example that is traced


class _EncoderGraph(nn.Module):
    """Log-mel (N, 4 (HISTORY + T + LOOK_AHEAD), 80) → the fields of `Heard`, (N, T, ...) each."""

    def __init__(self, net: SpeechNet, reader: MouthReader) -> None:
        super().__init__()
        self.encoder, self.heads, self.reader = net.encoder, net.heads, reader

    def forward(self, mel: Tensor) -> tuple[Tensor, ...]:
        features = self.encoder(mel)  # (N, BEFORE + T, F)
        inputs = self.heads.reader_inputs(features)
        mouth, meet = self.reader(inputs)
        touching = self.heads.chance_of(TOUCHES, features)[:, BEFORE:, 0]
        voice, closing = inputs[:, BEFORE:, -2], inputs[:, BEFORE:, -1]
        doubt = (torch.sigmoid(meet) / _FULL).clamp(_LEAST, 1)
        return features[:, BEFORE:], voice, mouth, closing * doubt, touching * doubt


class _JudgeGraph(nn.Module):
    """Log-mel (N, 4 (FIELD + T + LOOK_AHEAD), 80) and lips (N, T, C) → directions of both."""

    def __init__(self, net: SpeechNet) -> None:
        super().__init__()
        self.encoder, self.sync = net.encoder, net.sync

    def forward(self, mel: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
        return self.sync(self.encoder(mel), lower)


def write_encoder(net: SpeechNet, reader: MouthReader, output: Path) -> None:
    """ONNX: mel (1, time, 80) → the fields of `Heard`, (1, T, ...) each; the time is free."""
    names = [field.name for field in fields(Heard)]
    torch.onnx.export(
        _EncoderGraph(net, reader),
        (torch.zeros(1, SPECTRA * (HISTORY + LOOK_AHEAD + _FRAMES), MELS),),
        output,
        input_names=["mel"],
        output_names=names,
        dynamic_axes={"mel": {1: "time"}} | {name: {1: "frames"} for name in names},
        dynamo=False,
    )


def write_judge(net: SpeechNet, output: Path) -> None:
    """ONNX: mel (1, time, 80) and lips (1, T, C) → unit vectors of sound and of lips."""
    mel = torch.zeros(1, SPECTRA * (FIELD + LOOK_AHEAD + _FRAMES), MELS)
    lower = torch.zeros(1, _FRAMES, net.sync.lips[0].in_channels)
    names = {"mel": "time", "lower": "frames", "sound": "moments", "lips": "moments"}
    torch.onnx.export(
        _JudgeGraph(net),
        (mel, lower),
        output,
        input_names=["mel", "lower"],
        output_names=["sound", "lips"],
        dynamic_axes={name: {1: axis} for name, axis in names.items()},
        dynamo=False,
    )
