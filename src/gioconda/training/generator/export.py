"""The network's two steps and its calibration as one file."""

from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, ZipFile

import nncf
import onnx
import torch
from torch import Tensor, nn

from gioconda.face.basis import released_basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import CONDITIONAL, CONVOLVED, LEADING, ROWS, Conditions
from gioconda.inference import CALIBRATION, FILES, calibration_json, weights_file
from gioconda.models import speech_features
from gioconda.training.export import state_facts, to_onnx
from gioconda.training.generator.network import MotionNet

_INPUTS: Final = (
    *("history", "noisy", "level", "given", "conditions", "cached"),
    *("keys", "values", "inner"),
)
_OUTPUTS: Final = {
    "first": ("residual", "frame", "key", "value", "inner_latest"),
    "again": ("residual", "frame"),
}


def write_model(net: MotionNet, calibration: Calibration, output: Path) -> None:
    """Write what `gioconda.generator.network` reads, the weights in 8 bits."""
    encoder = speech_features(weights_file(FILES["speech"]))
    facts = {"basis": released_basis().name, "speech": encoder}
    with ZipFile(output, "w", ZIP_STORED) as file:
        for step, inputs in _inputs(net).items():
            content = to_onnx(_Step(net, step), inputs, _INPUTS, _OUTPUTS[step])
            small = nncf.compress_weights(
                onnx.load_from_string(content),
                # OpenVINO takes one scale for a matrix' column, none for the few of a convolution
                ignored_scope=nncf.IgnoredScope(types=["Conv"]),
            )
            file.writestr(f"{step}.onnx", state_facts(small.SerializeToString(), facts))
        file.writestr(CALIBRATION, calibration_json(calibration))


def _inputs(net: MotionNet) -> dict[str, tuple[Tensor, ...]]:
    """Zeros of the shapes that each step takes."""
    channels, width = net.noisy.in_features, net.noisy.out_features
    layers, heads = len(net.blocks), net.blocks[0].attention.heads
    given = torch.zeros(ROWS, 2, len(Conditions.BY_NAME))
    conditions = torch.zeros(ROWS, 2, Conditions.COUNT)
    keys = torch.zeros(ROWS, layers, heads, net.frames - 1, width // heads)
    caches = keys, keys, torch.zeros(ROWS, layers, 1, CONVOLVED, width)
    frame = torch.zeros(LEADING + 1, channels), torch.zeros(channels), torch.ones(1)
    cached = torch.zeros(net.frames - 1)
    row = slice(CONDITIONAL, CONDITIONAL + 1)
    return {
        "first": (*frame, given, conditions, cached, *caches),
        "again": (
            *(*frame, given[row, 1], conditions[row, 1], cached),
            *(cache[row] for cache in caches),
        ),
    }


class _Step(nn.Module):
    """A network whose call is one of its steps."""

    def __init__(self, net: MotionNet, step: str) -> None:
        super().__init__()
        self.net, self.step = net, step

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return getattr(self.net, self.step)(*inputs)
