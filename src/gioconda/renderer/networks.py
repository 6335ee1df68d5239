"""The file of the learned decoder: its networks, and the precisions that it offers.

`training/renderer/export.py` writes it, `training/renderer/quantise.py` adds the integers.
"""

from functools import cache
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import openvino as ov

from gioconda.inference import compiled, read_calibration, read_networks, weights_file
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import WINDOWS
from gioconda.renderer.view import CELL

PRECISIONS: Final = ("f32", "bf16", "int8")
_WHAT: Final = "a model of the renderer"


def released() -> Path:
    """The file of the networks in use: the released ones, or the user's own."""
    return weights_file("renderer.zip")


@cache
def calibration_of(model: Path) -> RendererCalibration:
    """The numbers that were chosen with a file's networks.

    Raises:
        GiocondaError: if the file is missing or has none.
    """
    return read_calibration(model, _WHAT, RendererCalibration)


@cache
def precisions(model: Path) -> tuple[str, ...]:
    """Those of `PRECISIONS` that a file offers.

    Raises:
        GiocondaError: if the file is missing or is no zip file.
    """
    read_networks(model, _WHAT)  # opens it, and reads none
    with ZipFile(model) as file:
        return PRECISIONS if "decoder.xml" in file.namelist() else PRECISIONS[:-1]


def networks(model: Path, integers: bool = False) -> tuple[ov.Model, ov.Model]:
    """Encoder and decoder of a file, the latter in integers if wished.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    decoder = "decoder.xml" if integers else "decoder.onnx"
    encoder, drawing = read_networks(model, _WHAT, "encoder.onnx", decoder)
    return encoder, drawing


@cache
def compiled_networks(model: Path, precision: str) -> tuple[ov.CompiledModel, ...]:
    """The encoder, exact since it runs once, and the decoder for each of `WINDOWS`."""
    encoder, decoder = networks(model, precision == "int8")
    side = int(encoder.input(0).shape[0])
    hint = "f32" if precision == "f32" else "bf16"  # with int8: of what is not in integers
    decoders = []
    for window in WINDOWS:
        fixed = decoder.clone()
        resize(fixed, *window.size(side))
        decoders.append(compiled(fixed, "a decoder", hint))
    return compiled(encoder, "an encoder"), *decoders


def resize(decoder: ov.Model, height: int, width: int) -> None:
    """Fix the size of a decoder's windows, in pixels."""
    shapes = {}
    for port in decoder.inputs:
        shape = port.get_partial_shape()
        whole = port.get_any_name() in ("picture", "masks")
        size = [height, width] if whole else [height // CELL, width // CELL]
        at = 0 if port.get_any_name() in ("picture", "features") else 1  # channels last, or first
        shape[at], shape[at + 1] = size
        shapes[port] = shape
    decoder.reshape(shapes)
