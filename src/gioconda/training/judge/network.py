"""The sync judge's networks and its ONNX file."""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.data.phones import LABEL
from gioconda.speech import LOOK_AHEAD, MELS, SPECTRA
from gioconda.training.blocks import DilatedBlock
from gioconda.training.export import to_onnx

LABELS: Final = len(LABEL)
HALVES: Final = 2  # phones of a frame: one in each half
FIELD: Final = 23  # frames of video before its own that a feature hears; the evaluation knows it
_FRAMES: Final = 10  # of the example that is traced


class SpeechNet(nn.Module):
    """All that learns together: the encoder, and what teaches it the lower face's coordinates."""

    def __init__(self, coordinates: int) -> None:
        super().__init__()
        self.encoder = SpeechEncoder()
        features = self.encoder.outlet[1].out_channels
        self.heads = Heads(features, coordinates)
        self.sync = SyncEmbedding(features, coordinates)


class SpeechEncoder(nn.Module):
    """Log-mel (N, 4 (FIELD + T + LOOK_AHEAD), 80) → features (N, T, features).

    Nothing is padded, so a stream cut into windows gives what the whole gives.
    """

    def __init__(
        self,
        features: int = 128,
        width: int = 256,
        dilations: tuple[int, ...] = (1, 2, 1, 2, 1, 4, 1),
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        # the inlet hears one frame before its own
        if 1 + 2 * sum(dilations) != FIELD + LOOK_AHEAD:
            raise ValueError(f"dilations {dilations} do not span {FIELD + LOOK_AHEAD} frames")
        self.inlet = nn.Sequential(
            nn.Conv1d(MELS, width, 2 * SPECTRA, stride=SPECTRA), nn.BatchNorm1d(width), nn.SiLU()
        )
        self.blocks = nn.ModuleList(
            DilatedBlock(width, d, dropout, slice(d, -d), nn.BatchNorm1d(width)) for d in dilations
        )
        self.outlet = nn.Sequential(nn.BatchNorm1d(width), nn.Conv1d(width, features, 1))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.inlet(mel.transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        return self.outlet(x).transpose(1, 2)


class Heads(nn.Module):
    """What the features are taught by: the phone, whether a voice sounds, what the mouth does."""

    def __init__(self, features: int, coordinates: int) -> None:
        super().__init__()
        self.phones = nn.Linear(features, HALVES * LABELS)
        self.voice = nn.Linear(features, 1)
        self.mouth = nn.Linear(features, coordinates)


class SyncEmbedding(nn.Module):
    """Sound and lips as directions in one space; those of one moment agree.

    Each sees `REACH` frames to both sides. Lips count against their mean over the window.
    """

    REACH: Final = 2

    def __init__(self, features: int, coordinates: int, width: int = 128, size: int = 64) -> None:
        super().__init__()
        self.sound = _tower(features, width, size)
        self.lips = _tower(coordinates, width, size)
        self.sharpness = nn.Parameter(torch.tensor(2.3))  # logarithm of the inverse temperature

    def forward(self, features: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (N, T - 2 REACH, size) of features (N, T, F) and of lips (N, T, C)."""
        lower = lower - lower.mean(1, keepdim=True)
        sound = self.sound(features.transpose(1, 2)).transpose(1, 2)
        lips = self.lips(lower.transpose(1, 2)).transpose(1, 2)
        return F.normalize(sound, dim=-1), F.normalize(lips, dim=-1)


def _tower(channels: int, width: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(channels, width, 3),
        nn.BatchNorm1d(width),
        nn.SiLU(),
        nn.Conv1d(width, width, 3),
        nn.BatchNorm1d(width),
        nn.SiLU(),
        nn.Conv1d(width, size, 1),
    )


# --- the file that the evaluation reads ---


class _JudgeGraph(nn.Module):
    """Log-mel (N, 4 (FIELD + T + LOOK_AHEAD), 80) and lips (N, T, C) → directions of both."""

    def __init__(self, net: SpeechNet) -> None:
        super().__init__()
        self.encoder, self.sync = net.encoder, net.sync

    def forward(self, mel: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
        return self.sync(self.encoder(mel), lower)


def write_judge(net: SpeechNet, output: Path) -> None:
    """ONNX: mel (1, time, 80) and lips (1, T, C) → unit vectors of sound and of lips."""
    mel = torch.zeros(1, SPECTRA * (FIELD + LOOK_AHEAD + _FRAMES), MELS)
    lower = torch.zeros(1, _FRAMES, net.sync.lips[0].in_channels)
    names = {"mel": "time", "lower": "frames", "sound": "moments", "lips": "moments"}
    free = {name: {1: axis} for name, axis in names.items()}
    graph = _JudgeGraph(net)
    output.write_bytes(to_onnx(graph, (mel, lower), ["mel", "lower"], ["sound", "lips"], free))
