"""The learned decoder: an encoder looks at the portrait once, a decoder draws every frame.

The plain mouth is its first guess: it draws over what that has drawn.

`training/renderer/recipe.py` trains both; `training/renderer/export.py` writes them.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import ZipFile

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.inference import compiled, read_networks
from gioconda.portrait import Portrait
from gioconda.renderer.decoder import PlainMouth, Shot
from gioconda.renderer.geometry import face_mask, guides, masks
from gioconda.renderer.jaws import HANGING, Jaws, coordinates
from gioconda.renderer.light import Light
from gioconda.renderer.teeth import Teeth
from gioconda.renderer.view import CELL, HeadPlace

PRECISIONS: Final = ("f32", "bf16", "int8")
_WHAT: Final = "a model of the renderer"
_SHARPER_MOUTH, _SHARPER_EYES = 0.45, 0.3  # by so much more detail
_DETAIL: Final = 1.5  # it is finer than this, pixels of the view
_AT_ONCE: Final = 4  # channels that cv2.remap takes; HANGING is a multiple


class Part(NamedTuple):
    """A window of the view that is drawn.

    Attributes:
        height, width: its size in pixels of a view that is 256 wide.
        middle: the mesh's points whose mean lies in its middle.
    """

    height: int
    width: int
    middle: tuple[int, ...]

    def size(self, side: int) -> tuple[int, int]:
        """Height and width in pixels of a view `side` pixels wide."""
        return self.height * side // 256, self.width * side // 256


# The mouth with what moves about it; both eyes.
_MOUTH: Final = (
    topology.UPPER_LIP_RIM,
    topology.LOWER_LIP_RIM,
    topology.RIGHT_MOUTH_CORNER,
    topology.LEFT_MOUTH_CORNER,
    topology.LOWER_LIP_BOTTOM,
)
PARTS: Final = (Part(96, 128, _MOUTH), Part(64, 160, topology.EYE_CORNERS))


class NeuralDecoder:
    """Mouth and eyes as learned.

    Frames are those of one video, in order: teeth are steadied by those before.

    Args:
        portrait: whom to draw.
        model: a file that `gioconda train renderer` wrote; None for the released one.
        precision: one of `precisions(model)`, by default the fastest, the last; processors
            that lack bf16 take f32.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """

    def __init__(
        self, portrait: Portrait, model: Path | None = None, precision: str | None = None
    ) -> None:
        model = model or released()
        encoder, *decoders = _compiled(model, precision or precisions(model)[-1])
        # requests of its own: other portraits may be drawn at the same time
        self._decoders = [decoder.create_infer_request() for decoder in decoders]
        self.side = int(encoder.input(0).shape[0])
        self._guess = PlainMouth(portrait)
        own = HeadPlace.of(portrait.head)
        margin = portrait.margin
        self._on_texture = own.view(self.side).moved(margin, margin)
        picture = self._on_texture.cut(np.ascontiguousarray(portrait.texture[..., :3]))
        mesh = own.view(self.side).points(portrait.points)
        self._light = Light(picture)
        self._jaws = Jaws.of(own, mesh)
        cells = self.side // CELL
        on_jaws = coordinates(self._jaws.places((0, 0), cells, cells), self.side)
        where = masks(mesh, self.side, self.side)
        self._teeth = Teeth(picture, where[0], self._jaws)
        seen = [self._light.off(picture), where, on_jaws]
        answer = encoder.create_infer_request().infer(seen)
        self._features, self._ground = np.ascontiguousarray(answer[0]), answer[1].copy()

    def __call__(self, out: NDArray[np.uint8], shot: Shot) -> None:
        self._guess(out, shot)
        view = shot.head.view(self.side)
        mesh = view.points(shot.face)
        jaws = Jaws.of(shot.head, mesh)
        oval = face_mask(mesh, self.side)
        started = []  # the inputs, too, must live until the answers are there
        for part, decoder in zip(PARTS, self._decoders, strict=True):
            height, width = part.size(self.side)
            limit = self.side - np.array([width, height])
            corner = mesh[list(part.middle)].mean(0) - [width / 2, height / 2]
            left, top = (int(v) * CELL for v in np.clip(np.rint(corner), 0, limit) // CELL)
            window = view.window(top, left, height, width)
            origin = self._on_texture.field(window.cells(shot.flow))
            picture, where = window.cut(out), masks(mesh - [left, top], height, width)
            row, column = top // CELL, left // CELL
            on_jaws = jaws.places((row, column), height // CELL, width // CELL)
            guide = guides(mesh, origin, on_jaws, self.side, (row, column))
            rows, columns = slice(row, row + height // CELL), slice(column, column + width // CELL)
            ground = np.ascontiguousarray(self._ground[:, rows, columns])
            warped = look_up(self._features, np.stack([origin, *self._jaws.show(on_jaws)]))
            inputs = [self._light.off(picture), where, guide, warped, ground]
            decoder.start_async(inputs, share_inputs=True)  # one draws while the next is prepared
            face = cv2.resize(oval[rows, columns], (width, height))[..., None]
            started.append((window, decoder, picture, where, face, (top, left), inputs))
        for window, decoder, picture, where, face, corner, _ in started:
            decoder.wait()
            change = self._light.on(decoder.get_output_tensor().data, picture, where[0])
            self._teeth.steady(change, picture, where[0], jaws, corner)
            sharpen(change, picture, where)
            change *= face / np.float32(255)  # beyond the face's edge the warp has drawn
            # Skin keeps the grain that the view is too coarse for; inside the mouth, where the
            # warp smears what the photo shows there, the view's pixels take its place.
            window.draw(out, change, picture, where[0])


def released() -> Path:
    """The file of the released networks."""
    return Path(str(resources.files("gioconda") / "weights" / "renderer.zip"))


def sharpen(
    change: NDArray[np.float32], picture: NDArray[np.uint8], where: NDArray[np.uint8]
) -> None:
    """Make mouth and eyes crisper, in place: what is learned is a mean, and the view, through
    which the rest is seen too, is coarser than the photo.

    Args:
        change: (h, w, 3) what was drawn is this and the picture.
        picture: (h, w, 3).
        where: (MASKS, h, w) the window's `masks`.
    """
    drawn = change + picture
    mouth, eyes = where[1:3] * np.float32(1 / 255)
    amount = cv2.GaussianBlur(np.maximum(_SHARPER_MOUTH * mouth, _SHARPER_EYES * eyes), (0, 0), 1)
    change += amount[..., None] * (drawn - cv2.GaussianBlur(drawn, (0, 0), _DETAIL))


def look_up(features: NDArray[np.float32], origin: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (s, s, C) looked up bilinearly, (h, w, C).

    Args:
        features: the last of them hang on the jaws, `HANGING` on each.
        origin: (3, h, w, 2) where skin, upper and lower jaw come from, in pixels of the view.
    """
    places = np.asarray((origin + (1 - CELL) / 2) / CELL, np.float32)
    found = np.empty((*origin.shape[1:3], features.shape[-1]), np.float32)
    skin = features.shape[-1] - 2 * HANGING
    for i in range(0, features.shape[-1], _AT_ONCE):
        part = np.ascontiguousarray(features[..., i : i + _AT_ONCE])
        layer = max(0, (i - skin) // HANGING + 1)
        found[..., i : i + _AT_ONCE] = cv2.remap(  # type: ignore[call-overload]
            part, places[layer], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return found


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
def _compiled(model: Path, precision: str) -> tuple[ov.CompiledModel, ...]:
    """The encoder, exact since it runs once, and the decoder for each of `PARTS`."""
    encoder, decoder = networks(model, precision == "int8")
    side = int(encoder.input(0).shape[0])
    hint = "f32" if precision == "f32" else "bf16"  # with int8: of what is not in integers
    decoders = []
    for part in PARTS:
        fixed = decoder.clone()
        resize(fixed, *part.size(side))
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
