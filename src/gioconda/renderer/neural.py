"""The learned decoder: an encoder looks at the portrait once, a decoder draws every frame.

`training/renderer.py` trains both; `training/export.py` writes them.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.portrait import Portrait
from gioconda.renderer.decoder import Shot
from gioconda.renderer.geometry import guides, masks
from gioconda.renderer.view import CELL, HeadPlace

PRECISIONS: Final = ("f32", "bf16", "int8")
_RELEASED: Final = "renderer.zip"
_AT_ONCE: Final = 4  # channels that cv2.remap takes


class NeuralDecoder:
    """Mouth, eyes and what turns into view, as learned.

    Args:
        portrait: whom to draw.
        model: a file that `gioconda train renderer` wrote; the released one by default.
        precision: one of `PRECISIONS`; processors that lack it take f32.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(
        self, portrait: Portrait, model: Path | None = None, precision: str = "bf16"
    ) -> None:
        encoder, self._decoder = _compiled(model, precision)
        self.side = int(encoder.input(0).shape[0])
        own = HeadPlace.of(portrait.head)
        margin = portrait.margin
        self._on_texture = own.view(self.side).moved(margin, margin)
        picture = self._on_texture.cut(np.ascontiguousarray(portrait.texture[..., :3]))
        mesh = own.view(self.side).points(portrait.points)
        answer = encoder([picture, masks(mesh, self.side)])
        self._features, self._ground = np.ascontiguousarray(answer[0]), answer[1].copy()

    def __call__(self, out: NDArray[np.uint8], shot: Shot) -> None:
        view = shot.head.view(self.side)
        mesh = view.points(shot.face)
        origin = self._on_texture.field(view.cells(shot.flow))
        picture, where = view.cut(out), masks(mesh, self.side)
        warped = look_up(self._features, origin)
        change = self._decoder([picture, where, guides(mesh, origin), warped, self._ground])[0]
        # Skin keeps the grain that the view is too coarse for; inside the mouth, where the warp
        # smears what the photo shows there, the view's pixels take its place.
        view.draw(out, change, picture, where[0])


def look_up(features: NDArray[np.float32], origin: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (s, s, C) looked up bilinearly along `origin` (s, s, 2), in pixels of the view."""
    places = np.asarray((origin + (1 - CELL) / 2) / CELL, np.float32)
    found = np.empty((*origin.shape[:2], features.shape[-1]), np.float32)
    for i in range(0, features.shape[-1], _AT_ONCE):
        part = np.ascontiguousarray(features[..., i : i + _AT_ONCE])
        found[..., i : i + _AT_ONCE] = cv2.remap(  # type: ignore[call-overload]
            part, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return found


def precisions(model: Path | None = None) -> list[str]:
    """Those of `PRECISIONS` that a file offers."""
    try:
        networks(model, integers=True)
    except GiocondaError:
        return [name for name in PRECISIONS if name != "int8"]
    return list(PRECISIONS)


def networks(model: Path | None = None, integers: bool = False) -> tuple[ov.Model, ov.Model]:
    """Encoder and decoder of a file, the latter in integers if wished; the released by default.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    if model is None:
        with resources.as_file(resources.files("gioconda") / "weights" / _RELEASED) as path:
            return networks(path, integers)
    core = ov.Core()
    try:
        with ZipFile(model) as file:
            encoder = core.read_model(file.read("encoder.onnx"))
            if integers:
                decoder = core.read_model(file.read("decoder.xml"), file.read("decoder.bin"))
            else:
                decoder = core.read_model(file.read("decoder.onnx"))
    except (OSError, KeyError, BadZipFile, RuntimeError) as error:
        raise GiocondaError(f"{model} is not a model of the renderer ({error})") from error
    return encoder, decoder


@cache
def _compiled(model: Path | None, precision: str) -> tuple[ov.CompiledModel, ov.CompiledModel]:
    """Encoder and decoder; the encoder runs once, so it is exact."""
    core = ov.Core()
    encoder, decoder = networks(model, precision == "int8")
    hint = "f32" if precision == "f32" else "bf16"  # of what is not in integers
    return (
        core.compile_model(encoder, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}),
        core.compile_model(
            decoder, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
        ),
    )
