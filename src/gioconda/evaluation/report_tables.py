"""The tables of a whole report, for its page and for docs/figures.md."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Final

from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.comparison import people_of
from gioconda.evaluation.film_scores import FilmScores
from gioconda.evaluation.results import Measure, measures, write
from gioconda.evaluation.tables import Table, tables_of

PART_TITLES: Final = {
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
_DISTANCES: Final = {
    "motion": "Fréchet distance of motion",
    "pictures": "Fréchet distance of pictures",
}

_GROUPS: Final = {
    "Lips": (
        *("sync", "sync_margin", "met", "met_shut", "met_open", "vowels_met", "portrait"),
        *("r_opening", "r_width", "lag", "opening", "median", "width", "advance", "lip_jerk"),
        *("tremble", "lip_pop", "jaw_seen"),
    ),
    "Eyes and brows": ("brows", "low_lids", "blinks", "gaze_shifts", "eyes_seen", "gaze_seen"),
    "Head": (
        *("yaw", "pitch", "roll", "head_speed", "head_jerk", "pose_change", "sway"),
        "head_voice",
    ),
    "Picture": ("identity", "sharp_face", "sharp_mouth", "sharp_eyes", "flicker", "pop"),
}
JUDGE_HEADS: Final = (
    *("judge", "spoiled by", "videos", "real", "spoiled", "mean moves by, 95 %"),
    *("should be", "right in, % of videos", "trust it for"),
)

Json = Mapping[str, Any]


def part_tables(part: str, found: Any) -> list[Table]:
    """The tables of a part of a report."""
    if part == "videos":
        return video_tables(found["systems"])
    if part == "judges":
        return [Table(JUDGE_HEADS, judge_rows(found))]
    return tables_of(f"evaluate {part}", found)


def video_tables(systems: Json) -> list[Table]:
    """A row for each figure: of each system the mean and its interval, and of how many people."""
    known = {each.name: each for each in measures(FilmScores)}
    tables = [
        Table(["", *systems], _video_rows([known[name] for name in names], systems), title)
        for title, names in _GROUPS.items()
    ]
    tables[-1].rows.extend(_distances(systems))
    return [table for table in tables if table.rows]


def _video_rows(figures: Sequence[Measure], systems: Json) -> list[list[str]]:
    rows = []
    for each in figures:
        cells = []
        for system in systems.values():
            people = people_of(system["clips"], each.name)
            found = interval(people)
            cell = f"{write(found.mean, each.form)} [{write(found.low, each.form)}, "
            cell += f"{write(found.high, each.form)}]"
            if len(people) < system["people"]:
                cell += f", {len(people)} people"
            cells.append("" if isnan(found.mean) else cell)
        if any(cells):
            rows.append([each.heading, *cells])
    return rows


def _distances(systems: Json) -> list[list[str]]:
    rows = []
    for name, label in _DISTANCES.items():
        distances = [system.get(name) for system in systems.values()]
        if known := next(filter(None, distances), None):
            floor = f"{known['floor']:.2f}"
            rows.append([label, *(f"{one['made']:.2f}" if one else floor for one in distances)])
    return rows


def judge_rows(verdicts: Sequence[Json]) -> list[list[str]]:
    """A row for each judge and each spoiling."""

    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    def moves(one: Json) -> str:
        low, high = one.get("low"), one.get("high")
        return "" if low is None or high is None else f"[{low:+.3g}, {high:+.3g}]"

    return [
        [
            *(one["judge"], one["spoiled"], str(one["videos"])),
            *(number(one["real"], ".3g"), number(one["changed"], ".3g"), moves(one)),
            *(one["expected"], number(one["right"], ".0f"), one.get("trust", "")),
        ]
        for one in verdicts
    ]
