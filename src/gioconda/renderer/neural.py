"""The learned decoder: an encoder looks at the portrait once, a decoder draws every frame.

What lies between the lips is the geometry's (`gioconda.renderer.mouth`).
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.inference import Request
from gioconda.portrait import Portrait
from gioconda.renderer.calibration import RendererCalibration
from gioconda.renderer.conditions import (
    WINDOWS,
    Conditions,
    DecoderConditions,
    EncoderConditions,
    Window,
)
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.geometry import face_mask
from gioconda.renderer.light import Light
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.networks import calibration_of, compiled_networks, precisions, released
from gioconda.renderer.view import CELL, View
from gioconda.renderer.warper import WarpedFrame

_AT_ONCE: Final = 4  # channels that cv2.remap takes


class NeuralDecoder:
    """Lips and eyes as learned.

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
        # eyes without an iris, as statues have them, the network does not know
        blank = all(eye.iris is None for eye in make_eyes(portrait))
        windows = zip(WINDOWS[:1] if blank else WINDOWS, decoders, strict=False)
        # requests of its own: other portraits may be drawn at the same time; and two in turn, for
        # one frame begins before the last has ended
        self._decoders = [
            (window, cycle([Request(decoder), Request(decoder)])) for window, decoder in windows
        ]
        self._calibration = calibration_of(model)
        self.side = int(encoder.input(0).shape[0])
        self._base = GeometricMouth(portrait)
        self._conditions = Conditions(portrait, self.side)
        self._appearance = Appearance(encoder, self._conditions.encoder, self._calibration)

    def __call__(self, frame: WarpedFrame) -> None:
        self.begin(frame)()

    def begin(self, frame: WarpedFrame) -> Callable[[], None]:
        """Begin to draw over the frame's picture, in place; call the result to finish.

        Frames end in the order in which they began, each before the next but one begins.
        """
        self._base(frame)
        seen = self._conditions.see(frame)
        oval = face_mask(seen.mesh, self.side)
        started = []
        for followed, decoders in self._decoders:
            window = followed.on(seen.mesh, self.side)
            given = self._conditions.decoder(frame, seen, window)
            decoder = next(decoders)
            decoder.start(self._appearance.inputs(given, window))
            started.append((window, decoder, given))
        return partial(self._end, frame.picture, seen.view, oval, started)

    def _end(
        self,
        picture: NDArray[np.uint8],
        view: View,
        oval: NDArray[np.uint8],
        started: Sequence[tuple[Window, Request, DecoderConditions]],
    ) -> None:
        """Draw what the networks answer."""
        light, palette = self._appearance.light, self._base.style.palette
        for window, decoder, given in started:
            change = light.on(decoder.wait(), palette)
            sharpen(change, given.picture, given.masks[2], self._calibration)
            # beyond the face's edge the warp has drawn, and between the lips the geometry, which
            # commits itself where the network draws the mean of teeth, tongue and dark
            face = cv2.resize(oval[window.cells], (window.width, window.height))
            share = cv2.multiply(face, 255 - given.masks[0], None, 1 / 255**2, cv2.CV_32F)
            change *= share[..., None]
            view.window(*window).draw(picture, change)


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
        given = [self.light.off(source.picture), source.masks]
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
    eyes: NDArray[np.uint8],
    calibration: RendererCalibration,
) -> None:
    """Make eyes crisper, in place: what is learned is a mean, and the view, through which the rest
    is seen too, is coarser than the photo.

    Args:
        change: (h, w, 3) what was drawn is this and the picture.
        picture: (h, w, 3).
        eyes: (h, w) what lies between the lids, 0 to 255.
        calibration: how much, and what is detail.
    """
    if not eyes.any():
        return
    drawn = change + picture
    amount = cv2.GaussianBlur(eyes * np.float32(calibration.sharper_eyes / 255), (0, 0), 1)
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
        features: `layers` of C.
        origin: (h, w, 2) where each cell comes from, in pixels of the view.
    """
    places = np.asarray((origin + (1 - CELL) / 2) / CELL, np.float32)
    count = _AT_ONCE * len(features)
    found = np.empty((*origin.shape[:2], count), np.float32)
    for i, part in zip(range(0, count, _AT_ONCE), features, strict=True):
        found[..., i : i + _AT_ONCE] = cv2.remap(  # type: ignore[call-overload]
            part, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return found
