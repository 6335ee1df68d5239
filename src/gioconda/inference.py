"""Networks on the CPU, one core each: what overlaps is for the frame loop to say."""

from pathlib import Path
from zipfile import BadZipFile, ZipFile

import openvino as ov

from gioconda.errors import GiocondaError


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
