"""Networks on the CPU, one core each: what overlaps is for the frame loop to say."""

import json
import os
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar
from zipfile import BadZipFile, ZipFile

import openvino as ov

from gioconda.errors import GiocondaError

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
    settings: dict[str, str | int | bool] = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # pinned, all networks of all threads would wait for the first core
        "ENABLE_CPU_PINNING": False,
    }
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    source = str(model) if isinstance(model, Path) else model
    try:
        return ov.Core().compile_model(source, "CPU", settings)
    except RuntimeError as error:
        raise GiocondaError(f"{model} is not {what} ({error})") from error


def released_file(name: str) -> Path:
    """A file of weights that comes with the package."""
    return Path(str(resources.files("gioconda") / "weights" / name))


@cache
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
            f"{MODELS} is {folder}, which is no folder on this machine; put the models there"
        )
    own = Path(folder) / name
    return own if own.is_file() else released_file(name)


def own_models(*names: str) -> dict[str, Path]:
    """Those of these models (keys of `FILES`) in use that are the user's own, as outputs say it."""
    used = {f"user's {name}": weights_file(FILES[name]) for name in names}
    return {name: file for name, file in used.items() if file != released_file(file.name)}


@cache
def compiled_weights(name: str, what: str) -> ov.CompiledModel:
    """The network of a file of weights in use, as `compiled` gives it and kept."""
    return compiled(weights_file(name), what)


def network_of(model: Path | None, name: str, what: str) -> ov.CompiledModel:
    """The network of a file, or that of a file of weights in use where none is given.

    Raises:
        GiocondaError: if the file is missing or is no such model.
    """
    return compiled_weights(name, what) if model is None else compiled(model, what)


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
        raise GiocondaError(f"{model} is not {what}: it is no zip file") from error
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
            f"{model} has another calibration than {what} needs: "
            f"{', '.join(sorted(expected))}; train it anew, or take the file of this release"
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
