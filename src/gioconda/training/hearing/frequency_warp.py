"""How a speech encoder tells that a voice lies higher or lower than most: `Heard.shift`.

One linear reading of its features, fitted to voices that were moved by known semitones, with music
under half of them; people as they come count as nothing moved. The bands follow it
(`gioconda.speech.frequency_warp`).

`gioconda train frequency-warp SET --recordings FOLDER -o speech.onnx`
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from gioconda.data.voices import pitched
from gioconda.errors import GiocondaError
from gioconda.inference import FILES, weights_file
from gioconda.media import SAMPLE_RATE, Sound
from gioconda.models import speech_features
from gioconda.speech import listen
from gioconda.speech.encoder import FEATURES, hear, load_encoder
from gioconda.training import augmentation
from gioconda.training.export import state_facts
from gioconda.training.steps import Report, reported, silent

_PIECE: Final = 5  # seconds of a sound at once
_EVERY: Final = 3  # pieces of a long sound, of which one is taken
_MOST: Final = 12  # sounds of a person
_MOVED: Final = 5  # times that each is moved
_SEMITONES: Final = 7.0  # at most
_UNDER: Final = (5.0, 20.0)  # dB of a voice over music
_VOICE: Final = 0.5  # certainty of it
_LEAST, _COUNTED = 15, 50  # frames of a voice in a sound: to learn from; that count at most
_PENALTY: Final = 10.0  # of the ridge regression
_OUTPUT: Final = "shift"

Row = tuple[float, NDArray[np.float32]]  # semitones, features (T, 256)


def train_frequency_warp(
    people: Sequence[tuple[str, Sound]],
    recordings: Sequence[Sound],
    output: Path,
    report: Report = silent,
) -> dict[str, float]:
    """Write the speech encoder in use with a new reading; its features stay the same.

    Args:
        people: who speaks, and (samples,) 16 kHz mono.
        recordings: of more voices.
        output: the .onnx file.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Sounds, and the correlation of what is read in a whole sound with how far it was moved.

    Raises:
        GiocondaError: if no sound holds a voice.
    """
    rng = np.random.default_rng(0)
    pieces = list(_pieces(people, recordings))
    rows: list[Row] = []
    for pcm in reported(pieces, "moving voices", report):
        rows += _heard(pcm, rng)
    if not any(moved for moved, _ in rows):
        raise GiocondaError("no sound of the set or of --recordings holds a voice")
    reading = _fit(rows)
    semitones = np.array([semitones for semitones, _ in rows])
    read = np.array([_read(features, reading).mean() for _, features in rows])
    slope = np.polyfit(semitones, read, 1)[0]  # least squares reads too little of the distance
    if slope <= 0:
        raise GiocondaError("these voices do not tell how high one lies; give more --recordings")
    encoder = weights_file(FILES["speech"])
    content = with_reading(encoder.read_bytes(), (reading / slope).astype(np.float32))
    output.write_bytes(state_facts(content, {"features": speech_features(encoder)}))
    return {"sounds": len(rows), "r": float(np.corrcoef(semitones, read)[0, 1])}


def with_reading(content: bytes, reading: NDArray[np.float32]) -> bytes:
    """An encoder's ONNX file with another `Heard.shift`.

    Args:
        content: of the file.
        reading: (257,) for each feature, and what is added.
    """
    weights, added, product = (f"{_OUTPUT}.{part}" for part in ("weights", "added", "product"))
    model = onnx.load_from_string(content)
    graph = model.graph
    for parts in (graph.node, graph.initializer, graph.output):
        for part in [part for part in parts if part.name in (weights, added, product, _OUTPUT)]:
            parts.remove(part)
    graph.initializer.extend(
        (
            numpy_helper.from_array(reading[:-1], weights),
            numpy_helper.from_array(reading[-1], added),
        )
    )
    graph.node.extend(
        (
            helper.make_node("MatMul", ["features", weights], [product], product),
            helper.make_node("Add", [product, added], [_OUTPUT], _OUTPUT),
        )
    )
    value = helper.make_tensor_value_info(_OUTPUT, onnx.TensorProto.FLOAT, ["frames"])
    graph.output.insert(len(graph.output) - 1, value)  # the state comes last
    return bytes(model.SerializeToString())


def _pieces(people: Sequence[tuple[str, Sound]], recordings: Sequence[Sound]) -> Iterator[Sound]:
    size, taken = _PIECE * SAMPLE_RATE, dict[str, int]()
    for person, pcm in people:
        taken[person] = taken.get(person, 0) + 1
        if taken[person] <= _MOST:
            yield pcm[:size]
    for pcm in recordings:
        for start in range(0, max(1, len(pcm) - size), _EVERY * size):
            yield pcm[start : start + size]


def _heard(pcm: Sound, rng: np.random.Generator) -> Iterator[Row]:
    """A sound as it is and moved, where a voice sounds in it."""
    for semitones in (0.0, *rng.uniform(-_SEMITONES, _SEMITONES, _MOVED)):
        sound = np.asarray(pcm, np.float64)
        if semitones:
            sound = pitched(sound, semitones)
        if rng.random() < 0.5:
            music = augmentation.any_music(len(sound), rng)
            sound = augmentation.mixed(sound, music, rng.uniform(*_UNDER))
        heard = hear(listen(np.clip(sound, -1, 1).astype(np.float32)).mel, load_encoder())
        voice = heard.voice > _VOICE
        if voice.sum() >= _LEAST:
            yield float(semitones), heard.features[voice]


def _fit(rows: Sequence[Row]) -> NDArray[np.float64]:
    """(257,) by ridge regression, each sound weighed by its frames, up to `_COUNTED`."""
    square, product = _PENALTY * np.eye(FEATURES + 1), np.zeros(FEATURES + 1)
    for semitones, features in rows:
        x = np.pad(features.astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
        weight = min(len(x), _COUNTED) / len(x)
        square += weight * x.T @ x
        product += weight * semitones * x.sum(0)
    return np.asarray(np.linalg.solve(square, product))


def _read(features: NDArray[np.floating], reading: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(features @ reading[:-1] + reading[-1])
