"""The learned decoder: an encoder looks at the portrait once, a decoder draws every frame.

Its base is a first guess of the mouth, the plain one or its geometry: it draws over that.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.portrait import Portrait
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import (
    WINDOWS,
    Conditions,
    DecoderConditions,
    EncoderConditions,
    Window,
)
from gioconda.renderer.geometry import MASKS, face_mask
from gioconda.renderer.jaws import HANGING
from gioconda.renderer.light import Light
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.networks import calibration_of, compiled_networks, precisions, released
from gioconda.renderer.plain_mouth import PlainMouth
from gioconda.renderer.teeth_average import TeethAverage
from gioconda.renderer.view import CELL
from gioconda.renderer.warper import WarpedFrame

_AT_ONCE: Final = 4  # channels that cv2.remap takes; HANGING is a multiple


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
        encoder, *decoders = compiled_networks(model, precision or precisions(model)[-1])
        # requests of its own: other portraits may be drawn at the same time
        self._decoders = [decoder.create_infer_request() for decoder in decoders]
        self._calibration = calibration_of(model)
        self.side = int(encoder.input(0).shape[0])
        told = int(decoders[0].input("masks").shape[0]) > MASKS
        mouth = GeometricMouth(portrait) if told or self._calibration.geometry else None
        drawn = mouth if self._calibration.geometry else None
        self._base = drawn or PlainMouth(portrait)
        self._conditions = Conditions(portrait, self.side, mouth if told else None)
        source = self._conditions.encoder
        self._appearance = Appearance(encoder, source, self._calibration)
        jaws = self._conditions.own.jaws
        self._teeth = TeethAverage(source.picture, source.masks[0], jaws, self._calibration)

    def __call__(self, frame: WarpedFrame) -> None:
        self._base(frame)
        seen = self._conditions.see(frame)
        oval = face_mask(seen.mesh, self.side)
        started = []  # the inputs, too, must live until the answers are there
        for followed, decoder in zip(WINDOWS, self._decoders, strict=True):
            window = followed.on(seen.mesh, self.side)
            given = self._conditions.decoder(frame, seen, window)
            inputs = self._appearance.inputs(given, window)
            decoder.start_async(inputs, share_inputs=True)  # one draws while the next is prepared
            started.append((window, decoder, given, inputs))
        light = self._appearance.light
        for window, decoder, given, _ in started:
            decoder.wait()
            picture, mouth = given.picture, given.masks[0]
            change = light.on(decoder.get_output_tensor().data, picture, mouth)
            self._teeth.steady(change, picture, mouth, seen.jaws, (window.top, window.left))
            sharpen(change, picture, given.masks, self._calibration)
            face = cv2.resize(oval[window.cells], (window.width, window.height))[..., None]
            change *= face / np.float32(255)  # beyond the face's edge the warp has drawn
            # Skin and geometry keep the grain that the view is too coarse for; inside a plain
            # mouth, where the warp smears what the photo shows, the view's pixels take its place.
            replaced = np.zeros_like(mouth) if self._calibration.geometry else mouth
            seen.view.window(*window).draw(frame.picture, change, picture, replaced)


class Appearance:
    """What the encoder has seen in a portrait, and its light.

    Args:
        encoder: the network.
        source: the portrait.
        calibration: the file's.
    """

    def __init__(
        self,
        encoder: ov.CompiledModel,
        source: EncoderConditions,
        calibration: RendererCalibration,
    ) -> None:
        self.light = Light(source.picture, calibration)
        given = [self.light.off(source.picture), source.masks, source.jaws]
        answer = encoder.create_infer_request().infer(given)
        self._features, self._ground = layers(answer[0]), answer[1].copy()

    def inputs(
        self, conditions: DecoderConditions, window: Window | None = None
    ) -> list[NDArray[np.uint8] | NDArray[np.float32]]:
        """The decoder's, in their order: picture, masks, guides, features and ground.

        Args:
            conditions: of the window.
            window: of the view; None for all of it.
        """
        ground = self._ground
        if window:
            ground = np.ascontiguousarray(ground[:, *window.cells])
        return [
            self.light.off(conditions.picture),
            conditions.masks,
            conditions.guides,
            look_up(self._features, conditions.origin),
            ground,
        ]


def sharpen(
    change: NDArray[np.float32],
    picture: NDArray[np.uint8],
    where: NDArray[np.uint8],
    calibration: RendererCalibration,
) -> None:
    """Make mouth and eyes crisper, in place: what is learned is a mean, and the view, through
    which the rest is seen too, is coarser than the photo.

    Args:
        change: (h, w, 3) what was drawn is this and the picture.
        picture: (h, w, 3).
        where: (MASKS, h, w) the window's `masks`.
        calibration: how much, and what is detail.
    """
    drawn = change + picture
    mouth, eyes = where[1:3] * np.float32(1 / 255)
    wanted = np.maximum(calibration.sharper_mouth * mouth, calibration.sharper_eyes * eyes)
    amount = cv2.GaussianBlur(wanted, (0, 0), 1)
    coarse = cv2.GaussianBlur(drawn, (0, 0), calibration.finer_than)
    change += amount[..., None] * (drawn - coarse)


def layers(features: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Features (s, s, C) as `look_up` takes them: `_AT_ONCE` of them at a time, (s, s, 4) each."""
    starts = range(0, features.shape[-1], _AT_ONCE)
    return [np.ascontiguousarray(features[..., i : i + _AT_ONCE]) for i in starts]


def look_up(
    features: Sequence[NDArray[np.float32]], origin: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Features looked up bilinearly, (h, w, C).

    Args:
        features: `layers` of C; the last of them hang on the jaws, `HANGING` on each.
        origin: (3, h, w, 2) where skin, upper and lower jaw come from, in pixels of the view.
    """
    places = np.asarray((origin + (1 - CELL) / 2) / CELL, np.float32)
    count = _AT_ONCE * len(features)
    found = np.empty((*origin.shape[1:3], count), np.float32)
    skin = count - 2 * HANGING
    for i, part in zip(range(0, count, _AT_ONCE), features, strict=True):
        layer = max(0, (i - skin) // HANGING + 1)
        found[..., i : i + _AT_ONCE] = cv2.remap(  # type: ignore[call-overload]
            part, places[layer], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return found
