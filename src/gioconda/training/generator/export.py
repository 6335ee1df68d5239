"""The network's two steps and its calibration as one file."""

from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, ZipFile

import nncf
import onnx
import torch
from torch import Tensor, nn

from gioconda.generator.calibration import Calibration
from gioconda.generator.network import CACHES, CONVOLVED, LEADING, Conditions
from gioconda.inference import CALIBRATION, calibration_json
from gioconda.training.export import motion_facts, state_facts, to_onnx
from gioconda.training.generator.network import MotionNet

_INPUTS: Final = {
    "first": ("history", "noisy", "level", "given", "conditions", "cached", *CACHES),
    "again": ("noisy", "level", "given", "conditions", "cached", *CACHES),
}
_OUTPUTS: Final = {
    "first": ("residual", "expected", "scale", "key", "value", "inner_latest"),
    "again": ("residual",),
}


def write_model(net: MotionNet, calibration: Calibration, output: Path) -> None:
    """Write what `gioconda.generator.network` reads, the weights in 8 bits."""
    facts = motion_facts()
    with ZipFile(output, "w", ZIP_STORED) as file:
        for step, inputs in _inputs(net).items():
            content = to_onnx(_Step(net, step), inputs, _INPUTS[step], _OUTPUTS[step])
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
    given = torch.zeros(2, len(Conditions.BY_NAME))
    conditions = torch.zeros(2, Conditions.COUNT)
    keys = torch.zeros(layers, heads, net.frames - 1, width // heads)
    caches = keys, keys, torch.zeros(layers, 1, CONVOLVED, width)
    history = torch.zeros(LEADING + 1, channels)
    frame = torch.zeros(channels), torch.ones(1)
    cached = torch.zeros(net.frames - 1)
    return {
        "first": (history, *frame, given, conditions, cached, *caches),
        "again": (*frame, given[1], conditions[1], cached, *caches),
    }


class _Step(nn.Module):
    """A network whose call is one of its steps, of one stream."""

    def __init__(self, net: MotionNet, step: str) -> None:
        super().__init__()
        self.net, self.step = net, step

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return getattr(self.net, self.step)(*inputs)
