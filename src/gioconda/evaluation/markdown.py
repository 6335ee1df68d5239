"""The figures of a report as Markdown, each with its command, machine, commit and date."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gioconda.evaluation.comparison import numbers
from gioconda.evaluation.faults import Faults
from gioconda.evaluation.page import JUDGE_HEADS, fault_rows, judge_rows, video_rows
from gioconda.evaluation.results import measures
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


def write_figures(result: Json, run: Json, output: Path) -> None:
    """Write what is in `report.json` and `run.json` as a page of docs.

    Raises:
        GiocondaError: if it cannot be written.
    """
    with whole_file(output, (".md",)) as file:
        file.write_text("\n".join(_lines(result, run)) + "\n", "utf-8")


def _lines(result: Json, run: Json) -> Iterator[str]:
    yield "# Figures"
    yield ""
    yield "Written by `gioconda evaluate figures`; [evaluation.md](evaluation.md) defines them."
    size = f"{result['clips']} clips of {result['set']}"
    for part, found in result["parts"].items():
        heads, rows = _table(part, found)
        when = run["parts"][part]
        yield ""
        yield f"## {_TITLES[part]}"
        yield ""
        yield (
            f"`gioconda evaluate all {result['set']} -o REPORT --only {part}`; {size}; "
            f"{when['machine']}; commit {when['commit'] or 'none'}; {when['date']}"
        )
        yield ""
        yield from _rows([heads, ["---"] + ["---:"] * (len(heads) - 1), *rows])


def _table(part: str, found: Any) -> tuple[Sequence[str], list[list[str]]]:
    if part == "videos":
        return ["", *found["systems"]], video_rows(found["systems"])
    if part == "judges":
        return JUDGE_HEADS, judge_rows(found)
    if part == "faults":
        return ["", *(each.heading for each in measures(Faults))], fault_rows(found)
    return ["", "value"], [[path, f"{value:.4g}"] for path, value in numbers(found).items()]


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
