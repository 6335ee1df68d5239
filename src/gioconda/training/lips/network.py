"""The network of lips and jaw, and the file that `gioconda.generator.lips` reads."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gioconda.generator.lips import CERTAIN, LATER, MANNER
from gioconda.training.export import halved, motion_facts, to_onnx

State = list[Tensor]

_UNIT: Final = 0.3  # of the manner: about its standard deviation over clips


class LipNet(nn.Module):
    """Speech and manner to coordinates of the lower face, by causal convolutions.

    A frame is made of the speech of the frame before and of as many of the `LATER` frames after
    that one, its own first, as are heard.

    Args:
        inputs: numbers that tell the speech of a frame.
        coordinates: of the lower face.
    """

    def __init__(
        self, inputs: int, coordinates: int, width: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.dropout = nn.Dropout(dropout)
        self.inlet = nn.Linear((LATER + 1) * (inputs + 1) + MANNER, width)
        self.blocks = nn.ModuleList(_Block(width, 2 ** (i % 3), dropout) for i in range(layers))
        self.modulation = nn.Linear(MANNER, 2 * width)  # of what the outlet takes
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.norm, self.outlet = nn.LayerNorm(width), nn.Linear(width, coordinates)
        self.certain = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(CERTAIN)))

    def fit(self, speech: NDArray[np.float32]) -> None:
        """Take the units of the inputs from examples (F, inputs)."""
        self.mean[:] = torch.from_numpy(speech.mean(0))
        self.scale[:] = torch.from_numpy(speech.std(0) + 1e-3)

    def forward(
        self, speech: Tensor, manner: Tensor, heard: Tensor, ahead: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Coordinates (N, T, C), and how sure it is of each of `CERTAIN` (N, T, 2), as logits.

        Args:
            speech: (N, T + `LATER`, inputs), from the frame before the first on.
            manner: (N, 2) as in `gioconda.generator.lips`.
            heard: (N, T + `LATER`) 0 before the speech begins and after it ends, else 1.
            ahead: (N,) how many frames after the first are heard, 0 to `LATER`.
        """
        windows = speech.unfold(1, LATER + 1, 1).transpose(2, 3)  # (N, T, LATER + 1, inputs)
        near = torch.arange(LATER + 1) <= ahead[:, None]
        known = heard.unfold(1, LATER + 1, 1) * near[:, None]
        start = [one.expand(len(speech), -1, -1) for one in self.start()]
        lower, certain, _ = self.step(windows, known, manner, start)
        return lower, certain

    def start(self) -> State:
        """The state before any speech."""
        width = self.inlet.out_features
        return [torch.zeros(1, block.past, width) for block in self.blocks]

    def step(
        self, speech: Tensor, heard: Tensor, manner: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """Coordinates and certainties of the next frames, and the state after them.

        Args:
            speech: (N, T, `LATER` + 1, inputs) the frame before each, and those after that.
            heard: (N, T, `LATER` + 1) 1 where they are heard.
            manner: (N, 2).
            state: after the frames before.
        """
        units = (speech - self.mean) / self.scale * heard[..., None]
        known = (manner / _UNIT)[:, None].expand(-1, speech.shape[1], -1)
        x = self.inlet(torch.cat([self.dropout(units).flatten(2), heard, known], -1))
        after = []
        for block, before in zip(self.blocks, state, strict=True):
            x, latest = block(x, before, heard[..., :1])
            after.append(latest)
        scale, shift = self.modulation(known).chunk(2, -1)
        lower = self.outlet(self.norm(x) * (1 + scale) + shift)
        return lower, self.certain(x), after


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float, taps: int = 5) -> None:
        super().__init__()
        self.past = (taps - 1) * dilation
        self.norm = nn.LayerNorm(width)
        self.inlet = nn.Conv1d(width, width, taps, dilation=dilation)
        self.outlet = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, x: Tensor, before: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, width) after what came before, (N, past, width); and the latest of both."""
        known = torch.cat([before.to(x.dtype), self.norm(x) * heard], 1)
        y = self.outlet(self.inlet(known.transpose(1, 2)).transpose(1, 2))
        return x + y, known[:, known.shape[1] - self.past :]


class _Step(nn.Module):
    """Some frames of a stream, as `gioconda.generator.lips` runs it."""

    def __init__(self, net: LipNet) -> None:
        super().__init__()
        self.net = net
        self.shapes = [tuple(one.shape) for one in net.start()]

    def forward(
        self, speech: Tensor, heard: Tensor, manner: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        parts = state.split([past * width for _, past, width in self.shapes])
        before = [part.reshape(size) for part, size in zip(parts, self.shapes, strict=True)]
        lower, certain, after = self.net.step(speech[None], heard[None], manner[None], before)
        return lower[0], torch.sigmoid(certain[0]), torch.cat([one.flatten() for one in after])


def write_lips(net: LipNet, file: Path) -> None:
    """Write what `gioconda.generator.lips` reads, the weights in half precision."""
    step = _Step(net).eval()
    count = sum(past * width for _, past, width in step.shapes)
    frame = torch.zeros(1, LATER + 1, len(net.mean)), torch.ones(1, LATER + 1)
    inputs = *frame, torch.zeros(MANNER), torch.zeros(count)
    names = ("speech", "heard", "manner", "state"), ("lower", "certain", "next")
    free = {name: {0: "frames"} for name in ("speech", "heard", "lower", "certain")}
    file.write_bytes(halved(to_onnx(step, inputs, *names, free, motion_facts())))
