"""The file of the learned decoder: its networks, and the precisions that it offers.

`training/renderer/export.py` writes it, `training/renderer/quantise.py` adds the integers.
"""

from functools import cache
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import openvino as ov

from gioconda.errors import GiocondaError
from gioconda.inference import kept_compiled, read_calibration, read_networks, weights_file
from gioconda.once import once
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import WINDOWS
from gioconda.renderer.geometry import MASKS
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
    told = {port.any_name: int(port.shape[0]) for port in encoder.inputs}.get("masks")
    if told != MASKS:
        raise GiocondaError(
            f"{model} is told {told or 'no'} maps of a face, not {MASKS}; "
            "train it with this version"
        )
    return encoder, drawing


def load_released() -> None:
    """Compile the networks in use, or load them compiled."""
    compiled_networks(released(), precisions(released())[-1])


@once
def compiled_networks(model: Path, precision: str) -> tuple[ov.CompiledModel, ...]:
    """The encoder, exact since it runs once, and the decoder for each of `WINDOWS`."""

    def read() -> ov.Model:
        return networks(model)[0]

    encoder = kept_compiled(model, "encoder", "an encoder", read)
    side = int(encoder.input(0).shape[0])
    return encoder, *(_decoder(model, precision, window.size(side)) for window in WINDOWS)


def _decoder(model: Path, precision: str, size: tuple[int, int]) -> ov.CompiledModel:
    """The decoder for a window of so many pixels, height and width."""
    integers = precision == "int8"

    def read() -> ov.Model:
        decoder = networks(model, integers)[1]
        resize(decoder, *size)
        return decoder

    hint = "f32" if precision == "f32" else "bf16"  # with int8: of what is not in integers
    return kept_compiled(model, f"decoder {precision} {size}", "a decoder", read, hint)


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
