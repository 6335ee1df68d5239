"""The figures of ``gioconda evaluate generator`` as one table."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Final

from gioconda.cli.table import show

_LIPS: Final = {
    "opening": ("mouth opening, r, median", ".2f"),
    "width": ("mouth width, r, median", ".2f"),
    "spread": ("mouth opening, spread against the real one", ".2f"),
    "vertex error": ("lip vertex error, % of the eye distance", ".2f"),
    "offset": ("lips come late by, frames", "+.2f"),
}
_SILENCE: Final = {
    "shut": ("frames with the mouth shut, %", ".1f"),
    "jitter": ("jitter of the opening, % of the eye distance a frame", ".4f"),
    "widest": ("mouth opening, 99th percentile, %", ".2f"),
}
_SEEDS: Final = {
    "two seeds": "two seeds differ by",
    "one seed": "one seed differs from itself by",
    "pieces": "sound in pieces differs by",
}


def show_figures(result: Mapping[str, Any], makers: Sequence[str], as_json: bool) -> None:
    """Print what `evaluate_generator` found; the columns: real, the generators, shuffled.

    Args:
        result: as `evaluate_generator` gives it.
        makers: names of the generators.
        as_json: print one JSON object instead.
    """
    columns = ["real", *makers, "shuffled"]
    sections = (_lips, _naturalness, _silence, _long, _seeds)
    rows = [row for section in sections for row in section(result, columns)]
    title = (
        "Generated motion on people never seen\n"
        "{takes} clips of {people} people; movement against {long people} people in "
        "{long minutes:.1f} minutes of speech of 4 s and more"
    ).format(**result)
    show(result, as_json, title, ["", *columns], rows)


def _lips(result: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    found, met = result["lips"], result["closures"]
    rows = [
        [title, *(_cell(found, column, name, form) for column in columns)]
        for name, (title, form) in _LIPS.items()
    ]
    for shift in next(iter(result["judge"].values())):
        title = "sync judge, score" if shift == "0" else f"  sound moved by {shift} frames"
        rows.append([title, *(_cell(result["judge"], column, shift, ".3f") for column in columns)])
    sources = next(iter(found.values()))["by source"]
    for source in sources:
        by = {column: figures["by source"] for column, figures in found.items()}
        cells = (_cell(by, column, source, ".2f") for column in columns)
        rows.append([f"  mouth opening, r: {source}", *cells])
    if met:
        count, level = met["real"]["heard"], result["threshold"]
        for name, title in (
            ("met", f"lips meet (under {level:.2f} %) in p, b, m, % of {count:.0f}"),
            ("vowels met", "  and in vowels, %"),
        ):
            rows.append([title, *(_cell(met, column, name, ".0f") for column in columns)])
    if spoken := result["spoken closures"]:
        count = next(iter(spoken.values()))["heard"]
        for name, title in (
            ("met", f"lips meet in p, b, m of spoken sentences, % of {count:.0f}"),
            ("vowels met", "  and in vowels, %"),
        ):
            rows.append([title, *(_cell(spoken, column, name, ".0f") for column in columns)])
    if touched := result["spoken touches"]:
        level = result["touch threshold"]
        title = f"lip near the teeth (under {level:.2f} %) in f, v of spoken sentences, %"
        rows.append([title, *(_cell(touched, column, "met", ".0f") for column in columns)])
        title = "  and in vowels, %"
        rows.append([title, *(_cell(touched, column, "vowels met", ".0f") for column in columns)])
    return rows


def _naturalness(result: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    from gioconda.evaluation.naturalness import MEASURES

    found = result["naturalness"]
    if "real" not in found:
        return []
    rows = []
    for name, unit in MEASURES.items():
        real = found["real"][name]
        low, high = found["interval"][name]
        cells = [f"{real:.3g} [{low:.3g}, {high:.3g}]"]
        for column in columns[1:]:
            value = found.get(column, {}).get(name)
            ratio = f" (x {value / real:.2f})" if value is not None and real > 0 else ""
            cells.append("" if value is None else f"{value:.3g}{ratio}")
        rows.append([f"{name}, {unit}", *cells])
    if result["frechet"]:
        floor = next(iter(result["frechet"].values()))["floor"]
        distances = [_cell(result["frechet"], column, "made", ".2f") for column in columns[1:]]
        rows.append(["Fréchet distance of motion", f"{floor:.2f}", *distances])
    return rows


def _silence(result: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    rows = []
    silence = result["silence"]
    for sound in next(iter(silence.values())):
        by = {column: figures[sound] for column, figures in silence.items()}
        for name, (title, form) in _SILENCE.items():
            cells = (_cell(by, column, name, form) for column in columns)
            rows.append([f"{sound}: {title}", *cells])
    return rows


def _long(result: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    """The change from minute 1 to 10, and the ratio of the spreads."""
    rows = []
    long = result["long"]
    for name in next(iter(long.values())):
        cells = []
        for column in columns:
            if column not in long:
                cells.append("")
                continue
            found = long[column][name]
            change = found["last"] - found["first"]
            spread = found["moved last"] / max(found["moved first"], 1e-9)
            cells.append(f"{change:+.2f} ± {found['between']:.2f}; x {spread:.2f}")
        rows.append([f"minute 10 against 1: {name}; its spread", *cells])
    return rows


def _seeds(result: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    return [
        [title, *(_cell(result["seeds"], column, name, ".2g") for column in columns)]
        for name, title in _SEEDS.items()
    ]


def _cell(found: Mapping[str, Mapping[str, float]], column: str, name: str, form: str) -> str:
    value = found.get(column, {}).get(name)
    if value is None:
        return ""
    return "none" if isnan(value) else format(value, form)
