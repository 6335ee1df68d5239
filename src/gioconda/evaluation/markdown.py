"""Figures as Markdown, each with its command, machine, commit and date: docs/figures.md."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from gioconda.evaluation.comparison import compare
from gioconda.evaluation.film_scores import FilmScores
from gioconda.evaluation.report_tables import PART_TITLES, part_tables
from gioconda.evaluation.results import measures, write
from gioconda.evaluation.tables import Table, tables_of
from gioconda.media.files import whole_file

_INTRODUCTION: Final = (
    "The figures that README, pages and cards state, each with the command that printed it.",
    "`gioconda evaluate figures` writes this page; [evaluation.md](evaluation.md) has the terms.",
    "",
    "- `[0.31, 0.36]` is the 95 % interval of a mean over people. A cell without one is of all",
    "  people together.",
    "- `2.68 (x 0.88)` is a figure and its ratio to the real one; of lips and brows, the median of",
    "  the ratios of single clips.",
    "- A **spread** is the standard deviation over the frames of a clip. The **eye distance** is",
    "  that between the outer corners of the eyes. **r** is Pearson's correlation.",
    "- `a / b / c` in a cell are the columns that the title above the table names.",
)

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
    sections = [
        *(line for report in reports for line in _report(*report)),
        *(_against(before, reports[0][0]) if before and reports else ()),
        *(line for record in records for line in _record(record)),
        *(["", also.strip()] if also else ()),
    ]
    lines = ["# Figures", "", *_INTRODUCTION, "", *_contents("\n".join(sections)), *sections]
    with whole_file(output, (".md",)) as file:
        file.write_text("\n".join(lines) + "\n", "utf-8")


def _contents(text: str) -> Iterator[str]:
    """Links to all sections, a paragraph."""
    titles = re.findall(r"^## (.*)$", text, re.M)
    for i, title in enumerate(titles):
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        yield f"[{title}](#{anchor})" + (" ·" if i < len(titles) - 1 else "")


def _report(result: Json, run: Json) -> Iterator[str]:
    size = f"{result['clips']} clips of {result['set']}"
    for part, found in result["parts"].items():
        command = f"evaluate all {result['set']} -o REPORT --only {part}"
        yield from _section(PART_TITLES[part], command, run["parts"][part], size)
        yield from _told(part_tables(part, found))


def _record(record: Json) -> Iterator[str]:
    words = record["command"].split(" ")  # no path of the machine it was measured on
    command = " ".join(Path(word).name if Path(word).is_absolute() else word for word in words)
    yield from _section(f"`gioconda {command}`", command, record)
    yield from _told(tables_of(command, record["found"]))


def _told(tables: Sequence[Table]) -> Iterator[str]:
    for i, table in enumerate(tables):
        if i:
            yield ""
        if not table.heads:
            facts = "; ".join(": ".join(row) for row in table.rows)
            told = f"{table.title}: {facts}." if table.title else f"{facts}."
            yield from wrap(told[0].upper() + told[1:], 100)
            continue
        if table.title:
            yield from [f"**{table.title}**", ""]
        yield from _rows(table.heads, table.rows)


def _section(title: str, command: str, when: Json, size: str = "") -> list[str]:
    """A heading, and where the figures under it come from."""
    facts = (size, when["machine"], f"commit {when['commit'] or 'none'}", when["date"])
    return ["", f"## {title}", "", "; ".join([f"`gioconda {command}`", *filter(None, facts)]), ""]


def _against(before: Json, after: Json) -> Iterator[str]:
    """What moved, of the figures whose people are known."""
    yield from ["", "## What moved", ""]
    states = [one["commit"] or one["version"] for one in (before, after)]
    yield (
        f"`gioconda evaluate compare`, {states[0]} against {states[1]}: figures whose 95 % "
        "interval (bootstrap over people) leaves 0 out."
    )
    yield ""
    labels = {each.name: each.heading for each in measures(FilmScores)}
    rows = [
        [
            _moved(one.figure, labels),
            *(f"{value:.4g}" for value in (one.before, one.after)),
            f"{one.difference:+.3g} [{write(one.low, '+.3g')}, {write(one.high, '+.3g')}]",
        ]
        for one in compare(before["parts"], after["parts"])
        if one.moved
    ]
    yield from _rows(["", "before", "now", "difference"], rows)


def _moved(figure: str, labels: Mapping[str, str]) -> str:
    """A figure's path in the JSON in words: whose it is, and what."""
    system, _, name = figure.removeprefix("videos.systems.").rpartition(".")
    return f"{system}: {labels[name]}" if name in labels else figure


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]:
        cells = (cell.replace("|", "\\|") for cell in row)
        yield "| " + " | ".join(re.sub("^  ", "… ", cell) for cell in cells) + " |"
