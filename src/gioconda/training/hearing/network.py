"""The network that hears: a stream in, features out, nothing computed twice."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gioconda.data.phones import CLOSURES, LABEL, TOUCHES
from gioconda.speech import LOOK_AHEAD, SILENCE
from gioconda.speech.encoder import FEATURES
from gioconda.speech.features import SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training.blocks import DilatedBlock
from gioconda.training.hearing.teacher import HALVES
from gioconda.training.judge.network import SyncEmbedding

LABELS: Final = len(LABEL)
_READ: Final = 5  # features that the mouth is read from, the last of them its own
_READER: Final = 256

State = list[Tensor]


class HearingEncoder(nn.Module):
    """Log-mel to features, 25 a second, by causal convolutions that keep their past.

    Two blocks at 50 Hz hear bursts and closures; the blocks at 25 Hz hear 1.9 seconds back.
    """

    def __init__(
        self,
        features: int = FEATURES,
        width: int = 256,
        wide: int = 384,
        fine: tuple[int, ...] = (1, 2),
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.inlet = nn.Conv1d(MELS, width, 4, stride=2)
        self.fine = nn.ModuleList(_Block(width, d, dropout) for d in fine)
        self.down = nn.Conv1d(width, wide, 4, stride=2)
        self.blocks = nn.ModuleList(_Block(wide, d, dropout) for d in dilations)
        self.outlet = nn.Sequential(nn.BatchNorm1d(wide), nn.SiLU(), nn.Conv1d(wide, features, 1))

    def start(self, streams: int = 1) -> State:
        """The state before any sound: silence."""
        width, wide = self.inlet.out_channels, self.down.out_channels
        return [
            torch.full((streams, MELS, 2), SILENCE),
            *(torch.zeros(streams, width, block.past) for block in self.fine),
            torch.zeros(streams, width, 2),
            *(torch.zeros(streams, wide, block.past) for block in self.blocks),
        ]

    def step(self, mel: Tensor, state: State) -> tuple[Tensor, State]:
        """Features of what has come so far.

        Args:
            mel: (N, 4 T, 80), the next T frames.
            state: of `start`, or what the last step gave.

        Returns:
            (N, T, features): those of T frames, the last of them `LOOK_AHEAD` before the last
            of `mel`; and the state.
        """
        before = iter(state)
        after: State = []

        def joined(x: Tensor) -> Tensor:
            past = next(before)
            x = torch.cat([past, x], -1)
            after.append(x[..., x.shape[-1] - past.shape[-1] :])
            return x

        x = self.inlet(joined(mel.transpose(1, 2)))
        for block in self.fine:
            x = block(joined(x))
        x = self.down(joined(x))
        for block in self.blocks:
            x = block(joined(x))
        return self.outlet(x).transpose(1, 2), after

    def forward(self, mel: Tensor) -> Tensor:
        """(N, T, features) of mel (N, 4 (T + LOOK_AHEAD), 80) that begins in silence."""
        start = [one.to(mel.dtype) for one in self.start(len(mel))]
        return self.step(mel, start)[0][:, LOOK_AHEAD:]


class _Block(DilatedBlock):
    """(N, C, T) of (N, C, past + T)."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        self.past = 2 * dilation
        first = nn.BatchNorm1d(width), nn.SiLU()
        super().__init__(width, dilation, dropout, slice(self.past, None), *first)


class Hearing(nn.Module):
    """The encoder and all that its features are taught by.

    Args:
        taught: numbers of the teacher's projected features.
        coordinates: of the lower face.
    """

    def __init__(self, taught: int, coordinates: int) -> None:
        super().__init__()
        self.encoder = HearingEncoder()
        self.teacher = nn.Linear(FEATURES, taught)
        self.phones = nn.Linear(FEATURES, HALVES * LABELS)
        self.voice = nn.Linear(FEATURES, 1)
        self.mouth = nn.Sequential(
            nn.Conv1d(FEATURES, _READER, _READ),
            nn.SiLU(),
            nn.Dropout(0.3),
            nn.Conv1d(_READER, coordinates, 1),
        )
        self.sync = SyncEmbedding(FEATURES, coordinates)

    def read_mouth(self, features: Tensor) -> Tensor:
        """Coordinates (N, T, C) of features (N, T, F)."""
        padded = F.pad(features.transpose(1, 2), (_READ - 1, 0))
        return self.mouth(padded).transpose(1, 2)

    def read_phones(self, features: Tensor) -> Tensor:
        """Logits (N, T, 2, labels) of features (N, T, F), for each half of a frame."""
        return self.phones(features).unflatten(-1, (HALVES, LABELS))


class Step(nn.Module):
    """Some frames of a stream, as `gioconda.speech.encoder` runs it."""

    def __init__(self, hearing: Hearing) -> None:
        super().__init__()
        self.hearing = hearing
        self.shapes = [tuple(one.shape) for one in hearing.encoder.start()]
        for name, phones in (("closures", CLOSURES), ("touches", TOUCHES)):
            chosen = torch.zeros(LABELS)
            chosen[[LABEL[phone] for phone in phones]] = 1
            self.register_buffer(name, chosen)

    def forward(self, mel: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        """What frames of sound tell of those `LOOK_AHEAD` frames before.

        Args:
            mel: (T, 4, 80).
            state: (numbers,), 0 before any sound.

        Returns:
            Features (T, 256); how surely a voice sounds, p, b or m is said in either half of a
            frame, and f or v, (T,) each; the next state.
        """
        sizes = [shape[1] * shape[2] for shape in self.shapes]
        parts = state.split(sizes)
        first, *before = [part.reshape(s) for part, s in zip(parts, self.shapes, strict=True)]
        features, (latest, *after) = self.hearing.encoder.step(
            mel.reshape(1, -1, MELS), [first + SILENCE, *before]
        )
        voice = torch.sigmoid(self.hearing.voice(features))[0, :, 0]
        phones = self.hearing.read_phones(features)[0].softmax(-1)
        closing, touching = ((phones @ one).amax(-1) for one in (self.closures, self.touches))
        following = torch.cat([one.flatten() for one in (latest - SILENCE, *after)])
        return features[0], voice, closing, touching, following

    def example(self) -> tuple[Tensor, Tensor]:
        """A frame, and the state before any sound."""
        count = sum(shape[1] * shape[2] for shape in self.shapes)
        return torch.zeros(1, SPECTRA, MELS), torch.zeros(count)
