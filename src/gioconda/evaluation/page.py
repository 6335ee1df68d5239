"""The report as one page: tables, plots and sheets are in it, the clips lie beside it."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import islice
from math import isnan
from pathlib import Path
from string import Template
from typing import Any, Final

import cv2
import numpy as np

from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.comparison import numbers, people_of
from gioconda.evaluation.faults import Faults
from gioconda.evaluation.film_scores import FilmScores
from gioconda.evaluation.films import find_videos
from gioconda.evaluation.results import measures, write
from gioconda.evaluation.systems import REAL
from gioconda.media import read_video
from gioconda.media.files import whole_file

PAGE: Final = "index.html"
_SHOWN: Final = 6  # frames of a sheet's row
_SIDE: Final = 160  # pixels of one
_OCTAVES: Final = 3  # to both sides of a plot
_TABLED: Final = ("videos", "judges", "faults")  # parts with a table of their own
_DISTANCES: Final = {
    "motion": "Fréchet distance of motion",
    "pictures": "Fréchet distance of pictures",
}

Json = Mapping[str, Any]


def write_page(result: Json, run: Json, folder: Path) -> Path:
    """Write `index.html` into a report's folder.

    Args:
        result: what is in `report.json`.
        run: what is in `run.json`.
        folder: the report's.
    """
    where = {(one["machine"], one["date"]) for one in run["parts"].values()}
    about = (
        f"{result['set']}, {result['clips']} clips; version {result['version']}, "
        f"{result['commit'] or 'no checkout'}; judges {result['judges']}; "
        + "; ".join(", ".join(one) for one in sorted(where))
    )
    content = "\n".join(_sections(result["parts"], folder))
    page = Template((Path(__file__).with_name("page.html")).read_text("utf-8"))
    with whole_file(folder / PAGE, (".html",)) as file:
        file.write_text(page.substitute(about=escape(about), content=content), "utf-8")
    return folder / PAGE


def _sections(parts: Json, folder: Path) -> Iterator[str]:
    if videos := parts.get("videos"):
        systems = videos["systems"]
        yield "<h2>Videos, real ones among them</h2>"
        yield (
            f"<p>Means over people with 95 % intervals (bootstrap over people). Lips meet under "
            f"{videos['threshold']:.2f} % of the inter-ocular distance; phones by "
            f"{escape(videos['phones'])}.</p>"
        )
        yield from (f'<p class="warn">Left out: {escape(why)}</p>' for why in videos["missing"])
        yield table(["", *systems], video_rows(systems))
        yield from (_plot(systems, name) for name in systems if name != REAL and REAL in systems)
        yield "<h2>Clips</h2>"
        yield from _clips(folder, systems)
    if judges := parts.get("judges"):
        yield "<h2>The judges, on real videos and on the same ones spoiled</h2>"
        yield table(JUDGE_HEADS, judge_rows(judges))
    if faults := parts.get("faults"):
        yield "<h2>Faults of pictures</h2>"
        yield table(["", *(each.heading for each in measures(Faults))], fault_rows(faults))
    yield "<h2>All figures of the other parts</h2>"
    for name, found in parts.items():
        if name not in _TABLED:
            rows = [[path, f"{value:.4g}"] for path, value in numbers(found).items()]
            told = table(["", "value"], rows)
            yield f"<details><summary>{escape(name)}</summary>{told}</details>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in HTML; cells are text."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inner}</table></div>'


# --- rows, for the page and for docs/figures.md ---

JUDGE_HEADS: Final = (
    *("judge", "spoiled by", "videos", "real", "spoiled", "mean moves by, 95 %"),
    *("should be", "right in, % of videos", "trust it for"),
)


def video_rows(systems: Json) -> list[list[str]]:
    """A row for each figure: of each system the mean and its interval."""
    rows = []
    for each in measures(FilmScores):
        cells = []
        for system in systems.values():
            found = interval(people_of(system["clips"], each.name))
            ends = f" [{write(found.low, each.form)}, {write(found.high, each.form)}]"
            cells.append("" if isnan(found.mean) else write(found.mean, each.form) + ends)
        if any(cells):
            rows.append([each.heading, *cells])
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


def fault_rows(faults: Json) -> list[list[str]]:
    """A row for each portrait."""
    return [
        [
            name,
            *(
                write(float("nan") if found[m.name] is None else found[m.name], m.form)
                for m in measures(Faults)
            ),
        ]
        for name, found in faults.items()
    ]


# --- pictures ---


def _plot(systems: Json, name: str) -> str:
    """Each figure of a system over the real one, on a logarithmic axis."""
    real, made = systems[REAL]["clips"], systems[name]["clips"]
    points = []
    for each in measures(FilmScores):
        true, found = (interval(people_of(clips, each.name)) for clips in (real, made))
        if true.mean > 0 and found.mean > 0:
            ratios = [max(value / true.mean, 1e-3) for value in vars(found).values()]
            points.append((each.label, np.clip(np.log2(ratios), -_OCTAVES, _OCTAVES)))
    left, wide, step = 330, 420, 20
    height = step * len(points) + 40
    scale = wide / (2 * _OCTAVES)

    def x(value: float) -> float:
        return left + (value + _OCTAVES) * scale

    marks = [
        f'<line class="{"one" if at == 0 else "axis"}" x1="{x(at):.0f}" x2="{x(at):.0f}" y1="8" '
        f'y2="{height - 28}"/><text x="{x(at):.0f}" y="{height - 10}" text-anchor="middle">'
        f"{2.0**at:g}</text>"
        for at in range(-_OCTAVES, _OCTAVES + 1)
    ]
    for i, (label, (mean, low, high)) in enumerate(points):
        y = 18 + step * i
        marks.append(
            f'<text x="{left - 12}" y="{y + 4}" text-anchor="end">{escape(label.strip())}</text>'
            f'<line class="bar" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle cx="{x(mean):.1f}" cy="{y}" r="4"/>'
        )
    size = f'viewBox="0 0 {left + wide + 20} {height}" width="{left + wide + 20}"'
    caption = f"{name} over real video: 1 is as real; 95 % intervals of {name} over people"
    return (
        f'<figure><svg {size} role="img" aria-label="{escape(caption)}">{"".join(marks)}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _clips(folder: Path, systems: Json) -> Iterator[str]:
    """Of each input how far its portrait's mouth is open, a sheet of frames, and the videos."""
    places = {
        name: find_videos(folder / "videos" / name)
        for name in systems
        if (folder / "videos" / name).is_dir()
    }
    for clip in next(iter(places.values()), {}):
        files = {name: found[clip].video for name, found in places.items() if clip in found}
        sheet = base64.b64encode(_sheet(list(files.values()))).decode()
        rows = " and ".join(files)
        scores = next(
            one["clips"][clip]["scores"] for one in systems.values() if clip in one["clips"]
        )
        title = f"{clip}: portrait's mouth open by {scores['portrait']:.1f} %"
        players = "".join(_player(name, file, folder) for name, file in files.items())
        yield (
            f'<details><summary>{escape(title)}</summary><img alt="frames of {escape(rows)}" '
            f'src="data:image/jpeg;base64,{sheet}"><div class="soft">Rows: {escape(rows)}</div>'
            f'<div class="clips">{players}</div></details>'
        )


def _player(name: str, file: Path, folder: Path) -> str:
    source = escape(file.relative_to(folder).as_posix())
    video = f'<video controls preload="none" src="{source}"></video>'
    return f'<div>{video}<div class="soft">{escape(name)}</div></div>'


def _sheet(videos: Sequence[Path]) -> bytes:
    """A JPEG: a row of frames for each video, at the same times."""
    rows = []
    for video in videos:
        frames = list(islice(read_video(video), None, None, 5))
        at = np.linspace(0, len(frames) - 1, _SHOWN).round().astype(int)
        small = [cv2.resize(frames[i], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for i in at]
        rows.append(np.hstack(small))
    bgr = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
