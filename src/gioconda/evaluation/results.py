"""What measurements return: dataclasses whose fields say how they are called and written.

A field made by `measure` has a label, a unit and a format, so that tables need no words of their
own; `to_json` gives every field by its name. And how a measurement reports how far it is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from math import isnan
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

EYES: Final = "% of the eye distance"
"""A unit: between the outer corners of the eyes of the neutral face."""

T = TypeVar("T")
Report = Callable[[int, int], None]
"""Called with what is done and how much there is to do."""


def silent(done: int, total: int) -> None:
    """The `Report` of those who do not ask."""


def counted(items: Collection[T], report: Report) -> Iterator[T]:
    """The items one after the other; reported is how many are done."""
    for done, item in enumerate(items, start=1):
        yield item
        report(done, len(items))


def counter(total: int, report: Report) -> Callable[[], None]:
    """What to call after each of so many steps; reported is how many are done."""
    steps = iter(range(1, total + 1))
    return lambda: report(next(steps), total)


@dataclass(frozen=True)
class Measure:
    """How tables write a field of a result.

    Attributes:
        name: of the field.
        label: what people call it.
        unit: of its value, if it has one.
        form: how the value is written, as for `format`.
    """

    name: str
    label: str
    unit: str
    form: str

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def text(self, result: object | None) -> str:
        """The field of a result as text, empty if there is no result."""
        return "" if result is None else write(getattr(result, self.name), self.form)


def measure(label: str, unit: str = "", form: str = ".2f", default: Any = MISSING) -> Any:
    """A field of a result that tables show."""
    return field(default=default, metadata={"label": label, "unit": unit, "form": form})


@dataclass(frozen=True)
class Errors:
    """Absolute errors of one kind."""

    median: float = measure("median")
    mean: float = measure("mean")
    p95: float = measure("p95")

    @staticmethod
    def of(errors: NDArray[np.floating]) -> "Errors":
        """Of (N,) errors, none of them negative."""
        return Errors(
            float(np.median(errors)), float(errors.mean()), float(np.quantile(errors, 0.95))
        )


def measures(kind: type) -> list[Measure]:
    """The fields of a result that `measure` made, in order.

    >>> @dataclass(frozen=True)
    ... class Speed:
    ...     fps: float = measure("frames", "1/s", ".0f")
    >>> [each.heading for each in measures(Speed)], measures(Speed)[0].text(Speed(25.2))
    (['frames, 1/s'], '25')
    """
    return [Measure(each.name, **each.metadata) for each in fields(kind) if each.metadata]


def write(value: float | None, form: str) -> str:
    """A value as text; empty if there is none, "none" if it is not a number."""
    if value is None:
        return ""
    return "none" if isnan(value) else format(value, form)


def to_json(result: Any) -> Any:
    """A result as JSON has it: fields by name, null for what is not a number."""
    if is_dataclass(result):
        return {each.name: to_json(getattr(result, each.name)) for each in fields(result)}
    if isinstance(result, Mapping):
        return {str(key): to_json(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [to_json(value) for value in result]
    return None if isinstance(result, float) and isnan(result) else result
