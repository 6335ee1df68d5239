"""Results on the terminal: a table for people, one JSON object for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gioconda.evaluation.results import Measure


def _measures(kind: type) -> "list[Measure]":
    from gioconda.evaluation.results import measures  # with numpy, which --help does without

    return measures(kind)


def show(
    result: Any,
    as_json: bool,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
) -> None:
    """Print a result.

    Args:
        result: everything, for JSON.
        as_json: print one JSON object instead of the table.
        title: above the table.
        heads: of the columns; the first is aligned left, the others right.
        rows: cells as text.
    """
    if as_json:
        from gioconda.evaluation.results import to_json

        print(json.dumps(to_json(result)))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i > 0 and head != "unit" else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 140).print(table)


def headings(kind: type) -> list[str]:
    """What a result's measures are called, with their units."""
    return [measure.heading for measure in _measures(kind)]


def cells(result: object) -> list[str]:
    """The measures of a result."""
    return [measure.text(result) for measure in _measures(type(result))]


def named_rows(results: Mapping[str, object]) -> list[list[str]]:
    """A row for each result of one kind: its name and its measures."""
    return [[name, *cells(result)] for name, result in results.items()]


def measure_rows(kind: type, results: Sequence[object | None], prefix: str = "") -> list[list[str]]:
    """A row for each measure of a kind: what it is called, and its value in each result."""
    return [
        [prefix + measure.heading, *(measure.text(result) for result in results)]
        for measure in _measures(kind)
    ]
