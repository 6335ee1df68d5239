"""Networks on the CPU, one core each: what overlaps is for the frame loop to say."""

import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, asdict, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar
from zipfile import BadZipFile, ZipFile

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda import cache
from gioconda.errors import GiocondaError
from gioconda.once import once

CALIBRATION: Final = "calibration.json"  # in a model's zip file, beside its networks
MODELS: Final = "GIOCONDA_MODELS"  # in the environment: a folder of the user's own models
FILES: Final = {
    "basis": "basis.safetensors",
    "speech": "speech.onnx",
    "lips": "lips.onnx",
    "generator": "generator.zip",
    "renderer": "renderer.zip",
    "mouth-state": "mouth-state.safetensors",
    "regressor": "regressor.onnx",
    "bank": "bank.safetensors",
}
"""Models that can be replaced: the name in `gioconda train NAME`, and the file's."""

_T = TypeVar("_T")


def compiled(model: Path | ov.Model, what: str, precision: str | None = "f32") -> ov.CompiledModel:
    """A network compiled to answer soon.

    Args:
        model: a file, or what was read from one.
        what: its name in an error.
        precision: "f32", "bf16", or None for what the processor does best.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    source = str(model) if isinstance(model, Path) else model
    try:
        return _core().compile_model(source, "CPU", _settings(precision))
    except RuntimeError as error:
        raise GiocondaError(f"{model} is not {what} ({error})") from error


def kept_compiled(
    file: Path, part: str, what: str, read: Callable[[], ov.Model], precision: str | None = "f32"
) -> ov.CompiledModel:
    """A network as `compiled` gives it, but taken from the user's cache if it is there.

    What it is kept under stands for the file's content, the code that reads it, the settings, this
    OpenVINO and this processor: when one of them changes, it is compiled anew. Networks of files
    that are not in use, as training makes and measures them, are not kept.

    Args:
        file: what it is read from.
        part: which of the file's networks, and in which shape.
        what: its name in an error.
        read: reads it where it is not kept. A function whose module is all that it depends on.
        precision: as in `compiled`.

    Raises:
        GiocondaError: as `read`, and if the network is no such model.
    """
    if not (file.is_file() and _in_use(file)):
        return compiled(read(), what, precision)
    settings = _settings(precision)
    digest = _digest(file, file.stat().st_mtime_ns)
    code = _digest(Path(str(sys.modules[read.__module__].__file__)), 0)
    state = json.dumps([digest, code, part, settings, ov.__version__, *_processor()])
    name = f"{file.stem}-{hashlib.sha256(state.encode()).hexdigest()[:32]}.blob"
    content = cache.load(name)
    if content is not None:
        with suppress(RuntimeError):  # an OpenVINO of the same version, built otherwise
            return _core().import_model(content, "CPU", settings)
    network = compiled(read(), what, precision)
    cache.save(name, network.export_model().getvalue())
    return network


def _in_use(file: Path) -> bool:
    """Whether this is one of the files that `weights_file` gives."""
    own = os.environ.get(MODELS)
    return released_file("") in file.parents or bool(own and file.parent == Path(own))


def _settings(precision: str | None) -> dict[str, str | int | bool]:
    settings: dict[str, str | int | bool] = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # pinned, all networks of all threads would wait for the first core
        "ENABLE_CPU_PINNING": False,
    }
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    return settings


@once
def _digest(file: Path, changed: int) -> str:
    """SHA-256 of a file that was changed at that time, hex."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@once
def _core() -> ov.Core:
    return ov.Core()


@once
def _processor() -> tuple[str, ...]:
    names = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
    return tuple(str(_core().get_property("CPU", name)) for name in names)


def released_file(name: str) -> Path:
    """A file of weights that comes with the package."""
    return Path(str(resources.files("gioconda") / "weights" / name))


@functools.cache
def weights_file(name: str) -> Path:
    """The file of weights in use: of the folder of own models if it is there, or the released one.

    The folder is what `MODELS` in the environment says at the first call, so worker processes
    take it over; `gioconda.use_models` checks it and sets it.

    Raises:
        GiocondaError: if there is no such folder.
    """
    folder = os.environ.get(MODELS)
    if not folder or name not in FILES.values():
        return released_file(name)
    if not Path(folder).is_dir():
        raise GiocondaError(
            f"{MODELS} is {folder}, which is not a folder on this machine; put the models there"
        )
    own = Path(folder) / name
    return own if own.is_file() else released_file(name)


def own_models(*names: str) -> dict[str, Path]:
    """Those of these models (keys of `FILES`) in use that are the user's own, as outputs say it."""
    used = {f"user's {name}": weights_file(FILES[name]) for name in names}
    return {name: file for name, file in used.items() if file != released_file(file.name)}


@once
def compiled_weights(name: str, what: str, frames: int | None = None) -> ov.CompiledModel:
    """The network of a file of weights in use, compiled once; `frames` as in `network_of`."""
    file = weights_file(name)

    def read() -> ov.Model:
        return _fixed(read_network(file, what), frames)

    return kept_compiled(file, f"{frames or ''}", what, read)


def _fixed(network: ov.Model, frames: int | None) -> ov.Model:
    """A network that takes so many frames at once; None leaves it as it is."""
    if frames:
        shapes = {port: port.partial_shape for port in network.inputs}
        for shape in shapes.values():
            if shape[0].is_dynamic:
                shape[0] = frames
        network.reshape(shapes)
    return network


class Request:
    """A network that is asked over and over, with the same memory for what goes in.

    Write into `inputs`, call it, read what it gives. Handing arrays over anew each time would
    take a sixth of the time of a frame's motion.

    Args:
        network: what is asked.
        given: memory for some of the inputs, by name: C-contiguous and as the network wants it.
            The others, which must have one shape alone, get their own, zeros.

    Attributes:
        inputs: arrays by name.
    """

    def __init__(
        self, network: ov.CompiledModel, given: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        self._request = network.create_infer_request()
        self.inputs: dict[str, NDArray[Any]] = {}
        for port in network.inputs:
            name = port.any_name
            memory = (given or {}).get(name)
            if memory is None:
                memory = np.zeros(port.shape, port.element_type.to_dtype())
            self._request.set_tensor(port, ov.Tensor(memory, shared_memory=True))
            self.inputs[name] = memory

    def __call__(self) -> list[NDArray[Any]]:
        """The outputs in their order: the network's own memory, good until the next call."""
        return list(self._request.infer(share_outputs=True).values())

    def start(self, given: Iterable[NDArray[Any]]) -> None:
        """Begin to answer in a thread of its own; `wait` gives the answer.

        Args:
            given: what goes into the inputs, in their order.
        """
        for memory, values in zip(self.inputs.values(), given, strict=True):
            np.copyto(memory, values)
        self._request.start_async()

    def wait(self) -> NDArray[Any]:
        """The first output: the network's own memory, good until the next call."""
        self._request.wait()
        return np.asarray(self._request.get_output_tensor().data)


def network_of(
    model: Path | None, name: str, what: str, frames: int | None = None
) -> ov.CompiledModel:
    """The network of a file, or that of a file of weights in use where none is given.

    Args:
        model: the file.
        name: of the file of weights.
        what: its name in an error.
        frames: how many it takes at once, for which it then answers twice as soon; None for any.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    if model is None:
        return compiled_weights(name, what, frames)
    return compiled(_fixed(read_network(model, what), frames), what)


def read_network(model: Path, what: str) -> ov.Model:
    """The network of an ONNX file, not yet compiled.

    Raises:
        GiocondaError: if the file is no network.
    """
    try:
        return ov.Core().read_model(str(model))
    except RuntimeError as error:
        raise GiocondaError(f"{model} is not {what}: it cannot be read as ONNX") from error


def fact(network: ov.Model, name: str) -> str | None:
    """What a network's file says of itself under a name; training's `state_facts` writes it."""
    path = ["framework", name]  # where OpenVINO puts the metadata of ONNX
    return str(network.get_rt_info(path).value) if network.has_rt_info(path) else None


def read_networks(model: Path, what: str, *names: str) -> list[ov.Model]:
    """Networks out of a zip file.

    Args:
        model: the file.
        what: its name in an error.
        names: NAME.onnx each, or NAME.xml, whose weights are in NAME.bin.

    Raises:
        GiocondaError: if the file is missing or one of them is not in it.
    """
    core, found = ov.Core(), []
    try:
        with ZipFile(model) as file:
            for name in names:
                weights = [file.read(name[:-3] + "bin")] if name.endswith(".xml") else []
                found.append(core.read_model(file.read(name), *weights))
    except FileNotFoundError as error:
        raise GiocondaError(f"{model} does not exist; check the name") from error
    except BadZipFile as error:
        raise GiocondaError(f"{model} is not {what}: it is not a zip file") from error
    except KeyError as error:
        raise GiocondaError(f"{model} is not {what}: {name} is not in it") from error
    except RuntimeError as error:
        raise GiocondaError(f"{model} is not {what}: {name} in it cannot be read") from error
    except OSError as error:
        raise GiocondaError(f"{model} is not {what}: {error.strerror or error}") from error
    return found


def read_calibration(model: Path, what: str, kind: type[_T]) -> _T:
    """The calibration in a model's zip file.

    Args:
        model: the file.
        what: its name in an error.
        kind: a frozen dataclass whose fields are numbers, or tuples of them; those with a default
            may be missing.

    Raises:
        GiocondaError: if the file has no calibration, or one with other fields.
    """
    assert is_dataclass(kind)
    values = calibration_values(model, what)
    expected = {field.name for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    if not needed <= set(values) <= expected:
        raise GiocondaError(
            f"{model} does not have the calibration that {what} needs: "
            f"{', '.join(sorted(expected))}; train it again, or use the file of this release"
        )
    frozen = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return kind(**frozen)


def calibration_values(model: Path, what: str) -> dict[str, Any]:
    """The calibration in a model's zip file, whichever it is: numbers and lists of them by name.

    Raises:
        GiocondaError: if the file has none.
    """
    try:
        with ZipFile(model) as file:
            values = json.loads(file.read(CALIBRATION))
    except (OSError, BadZipFile, KeyError, ValueError) as error:
        raise GiocondaError(
            f"{model} is not {what}: its {CALIBRATION} is missing or cannot be read"
        ) from error
    if not isinstance(values, dict):
        raise GiocondaError(f"{model} is not {what}: its {CALIBRATION} has no names")
    return values


def calibration_json(calibration: Any) -> str:
    """What `read_calibration` reads, for the file named `CALIBRATION`."""
    return json.dumps(asdict(calibration), indent=1)
