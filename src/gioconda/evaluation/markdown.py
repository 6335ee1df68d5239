"""Figures as Markdown, each with its command, machine, commit and date: docs/figures.md."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gioconda.evaluation.comparison import compare
from gioconda.evaluation.page import JUDGE_HEADS, judge_rows, video_rows
from gioconda.evaluation.results import write
from gioconda.evaluation.tables import table_of
from gioconda.media.files import whole_file

_TITLES: Final = {
    "videos": "Videos: real, and made of the same first frames and voices",
    "judges": "The judges, on real videos and on the same ones spoiled",
    "faults": "Faults of pictures",
    "rest": "At rest",
    "emotion": "Emotions, found (columns) where asked for (rows)",
    "renderer": "Drawn against real frames",
    "reenactment": "Motion found again in rendered frames",
    "performance": "How far motion goes",
    "generator": "How natural motion is",
    "listening": "A listener",
    "song": "Song",
}

Json = Mapping[str, Any]


def write_figures(
    reports: Sequence[tuple[Json, Json]],
    records: Sequence[Json],
    output: Path,
    before: Json | None = None,
    also: str = "",
) -> None:
    """Write a page of docs.

    Args:
        reports: `report.json` and `run.json` of each.
        records: what `gioconda evaluate record` wrote.
        output: the .md.
        before: `report.json` of another state, which the first report is held against.
        also: Markdown for the end, of what was measured otherwise.

    Raises:
        GiocondaError: if it cannot be written.
    """
    lines = [
        "# Figures",
        "",
        "Written by `gioconda evaluate figures` from the JSON of the commands beside the figures; "
        "[evaluation.md](evaluation.md) defines them.",
        *(line for report in reports for line in _report(*report)),
        *(_against(before, reports[0][0]) if before and reports else ()),
        *(line for record in records for line in _record(record)),
        *(["", also.strip()] if also else ()),
    ]
    with whole_file(output, (".md",)) as file:
        file.write_text("\n".join(lines) + "\n", "utf-8")


def _report(result: Json, run: Json) -> Iterator[str]:
    size = f"{result['clips']} clips of {result['set']}"
    for part, found in result["parts"].items():
        command = f"evaluate all {result['set']} -o REPORT --only {part}"
        yield from _section(_TITLES[part], command, run["parts"][part], size)
        yield from _rows(*_table(part, found))


def _record(record: Json) -> Iterator[str]:
    words = record["command"].split(" ")  # no path of the machine it was measured on
    command = " ".join(Path(word).name if Path(word).is_absolute() else word for word in words)
    yield from _section(f"`gioconda {command}`", command, record)
    table = table_of(command, record["found"])
    yield from _rows(table.heads, table.rows)


def _section(title: str, command: str, when: Json, size: str = "") -> list[str]:
    """A heading, and where the figures under it come from."""
    facts = (size, when["machine"], f"commit {when['commit'] or 'none'}", when["date"])
    return ["", f"## {title}", "", "; ".join([f"`gioconda {command}`", *filter(None, facts)]), ""]


def _table(part: str, found: Any) -> tuple[Sequence[str], list[list[str]]]:
    if part == "videos":
        return ["", *found["systems"]], video_rows(found["systems"])
    if part == "judges":
        return JUDGE_HEADS, judge_rows(found)
    table = table_of(f"evaluate {part}", found)
    return table.heads, table.rows


def _against(before: Json, after: Json) -> Iterator[str]:
    """What moved, of the figures whose people are known."""
    yield from ["", "## What moved", ""]
    states = [one["commit"] or one["version"] for one in (before, after)]
    yield (
        f"`gioconda evaluate compare`, {states[0]} against {states[1]}: figures whose 95 % "
        "interval (bootstrap over people) leaves 0 out."
    )
    yield ""
    rows = [
        [
            one.figure,
            *(f"{value:.4g}" for value in (one.before, one.after)),
            f"{one.difference:+.3g} [{write(one.low, '+.3g')}, {write(one.high, '+.3g')}]",
        ]
        for one in compare(before["parts"], after["parts"])
        if one.moved
    ]
    yield from _rows(["", "before", "now", "difference"], rows)


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
