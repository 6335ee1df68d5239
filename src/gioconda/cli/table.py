"""Figures on the terminal: a table for people, one JSON object for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def show(
    result: Mapping[str, Any],
    as_json: bool,
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
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
        print(json.dumps(result))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i > 0 and head != "unit" else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 140).print(table)
