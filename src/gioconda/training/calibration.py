"""Calibrations of models: shown, and set by hand.

`gioconda train calibration MODEL --set NAME=VALUE -o FILE`
"""

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.generator.calibration import Calibration
from gioconda.inference import CALIBRATION, calibration_values
from gioconda.renderer.calibration import RendererCalibration

_WHAT: Final = "a model with a calibration"
_KINDS: Final = {int: "whole number", float: "number"}


def show_calibration(model: Path) -> str:
    """A line for each number, as `--set` takes it.

    Raises:
        GiocondaError: if the file has no calibration.
    """
    values = _values(model)
    return "\n".join(f"{name}={_text(value)}" for name, value in values.items())


def set_calibration(model: Path, settings: Sequence[str], output: Path) -> int:
    """Write the model with other numbers; all else in the file stays as it is.

    Args:
        model: a zip file of `gioconda train generator` or `gioconda train renderer`.
        settings: NAME=VALUE each; what is a list of numbers is separated by commas.
        output: the .zip file.

    Returns:
        How many names have another value.

    Raises:
        GiocondaError: if the file has no calibration, or none of that name, or a value is of
            another kind than the one in the file.
    """
    before = _values(model)
    after = before | dict(_setting(model, text, before) for text in settings)
    with ZipFile(model) as source, ZipFile(output, "w", ZIP_STORED) as file:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == CALIBRATION:
                content = json.dumps(after, indent=1).encode()
            file.writestr(entry, content)
    return sum(after[name] != value for name, value in before.items())


def _values(model: Path) -> dict[str, Any]:
    """Those in the file, and those that it may leave out."""
    values = calibration_values(model, _WHAT)
    for kind in (RendererCalibration, Calibration):
        known = {field.name: field.default for field in fields(kind)}
        needed = {name for name, default in known.items() if default is MISSING}
        if needed <= values.keys() <= known.keys():
            left = known.keys() - values.keys()
            return values | {n: _listed(v) for n, v in known.items() if n in left}
    return values


def _listed(value: Any) -> Any:
    """As JSON gives it."""
    return list(value) if isinstance(value, tuple) else value


def _setting(model: Path, text: str, values: dict[str, Any]) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise GiocondaError(f"{text} is not NAME=VALUE, such as steps=8")
    if name not in values:
        raise GiocondaError(f"{model} has no calibration {name}; it has {', '.join(values)}")
    before = values[name]
    kinds = [type(one) for one in (before if isinstance(before, list) else [before])]
    expected = f"{len(kinds)} {_KINDS[kinds[0]]}{'s' * (len(kinds) > 1)}"
    wrong = GiocondaError(f"{name} must be {expected}, as {_text(before)} is; is {value}")
    try:
        numbers = [kind(part) for kind, part in zip(kinds, value.split(","), strict=True)]
    except ValueError as error:
        raise wrong from error
    if not np.isfinite(numbers).all():
        raise wrong
    return name, numbers if isinstance(before, list) else numbers[0]


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
