"""The report as one page: tables, plots and sheets are in it, the clips lie beside it."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from string import Template
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.comparison import people_of
from gioconda.evaluation.film_scores import FilmScores
from gioconda.evaluation.films import find_videos
from gioconda.evaluation.report_tables import PART_TITLES, part_tables, video_tables
from gioconda.evaluation.results import measures
from gioconda.evaluation.scorecard import SAME, answer, lines_of, scorecard
from gioconda.evaluation.systems import REAL
from gioconda.evaluation.tables import Table
from gioconda.media import read_video
from gioconda.media.files import whole_file

PAGE: Final = "index.html"
_SHOWN: Final = 6  # frames of a sheet's row
_SIDE: Final = 160  # pixels of one
_OCTAVES: Final = 3  # to both sides of a plot
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
        f"{result['clips']} clips of {result['set']}; version {result['version']}, "
        f"commit {result['commit'] or 'none'}; judges {result['judges']}; "
        + "; ".join(", ".join(one) for one in sorted(where))
    )
    content = "\n".join(_sections(result["parts"], folder))
    page = Template((Path(__file__).with_name("page.html")).read_text("utf-8"))
    with whole_file(folder / PAGE, (".html",)) as file:
        file.write_text(page.substitute(about=escape(about), content=content), "utf-8")
    return folder / PAGE


def _sections(parts: Json, folder: Path) -> Iterator[str]:
    if videos := parts.get("videos"):
        yield from _videos(videos, folder)
    for name, found in parts.items():
        if name != "videos":
            told = "".join(tables(part_tables(name, found)))
            opened = " open" if name == "judges" else ""
            title = escape(PART_TITLES.get(name, name))
            yield f"<details{opened}><summary><h2>{title}</h2></summary>{told}</details>"


def _videos(videos: Json, folder: Path) -> Iterator[str]:
    """The answer, and all figures of videos."""
    systems = videos["systems"]
    made = [name for name in systems if name != REAL and REAL in systems]
    for name in made:
        real, shown = (systems[one]["clips"] for one in (REAL, name))
        lines = lines_of(real, shown)
        if not lines:
            continue
        yield f'<div class="answer"><div><p class="lead">{escape(answer(lines))}</p>'
        yield (
            f"<p>{len(shown)} videos of {systems[name]['people']} people from whom nothing was "
            "learned: the first frame and the voice of a real video, made to speak. "
            f"<b>{SAME.capitalize()}</b> means that the 95 % interval over people holds 0.</p>"
            "<p>Play one video, and both play.</p></div>"
        )
        yield from _example(folder, systems, name)
        yield "</div>"
        yield scorecard(lines, name)
    yield "<h2>All figures of videos</h2>"
    yield (
        "<p>Means over people with 95 % intervals. A spread is the standard deviation over the "
        "frames of a video, the eye distance is that between the eyes' outer corners. Lips meet "
        f"under {videos['threshold']:.2f} % of it; {escape(videos['phones'])} found the phones.</p>"
    )
    yield from (f'<p class="warn">Left out: {escape(why)}</p>' for why in videos["missing"])
    yield from tables(video_tables(systems))
    yield from (_plot(systems, name) for name in made)
    yield "<h2>All clips</h2><p>Play one, and all of its row play.</p>"
    yield from _clips(folder, systems)


def tables(found: Iterable[Table]) -> Iterator[str]:
    """Tables in HTML; cells are text."""
    for one in found:
        if not one.heads:
            facts = "; ".join(": ".join(row) for row in one.rows)
            yield f"<p>{escape(': '.join(filter(None, (one.title, facts))))}</p>"
            continue
        head = "".join(f"<th>{escape(cell)}</th>" for cell in one.heads)
        body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in one.rows)
        inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        title = f"<h3>{escape(one.title)}</h3>" if one.title else ""
        yield f'{title}<div class="wide"><table>{inner}</table></div>'


def _cell(text: str) -> str:
    """Intervals stay whole; what belongs to the row above stands in."""
    told = re.sub(r"\[.*?\]", r'<span class="range">\g<0></span>', escape(text.strip()))
    kind = ' class="sub"' if text.startswith("  ") else ""
    return f"<td{kind}>{told}</td>"


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


def _places(folder: Path, systems: Json) -> dict[str, dict[str, Path]]:
    """Of each clip the video of each system."""
    found: dict[str, dict[str, Path]] = {}
    for name in systems:
        if (folder / "videos" / name).is_dir():
            for clip, place in find_videos(folder / "videos" / name).items():
                found.setdefault(clip, {})[name] = place.video
    return found


def _example(folder: Path, systems: Json, made: str) -> Iterator[str]:
    """The clip whose lips go with the voice as in most, real and made."""
    places = _places(folder, {REAL: None, made: None})
    clips = systems[made]["clips"]
    known = [clip for clip in clips if len(places.get(clip, ())) > 1]
    if known:
        known.sort(key=lambda clip: clips[clip]["scores"].get("sync") or 0)
        yield _players(places[known[len(known) // 2]], folder)


def _clips(folder: Path, systems: Json) -> Iterator[str]:
    """Of each input how far its portrait's mouth is open, a sheet of frames, and the videos."""
    for clip, files in _places(folder, systems).items():
        sheet = base64.b64encode(_sheet(list(files.values()))).decode()
        rows = " and ".join(files)
        scores = next(
            one["clips"][clip]["scores"] for one in systems.values() if clip in one["clips"]
        )
        title = f"{clip}: portrait's mouth open by {scores['portrait']:.1f} % of the eye distance"
        yield (
            f'<details><summary>{escape(title)}</summary><img alt="frames of {escape(rows)}" '
            f'src="data:image/jpeg;base64,{sheet}"><div class="soft">Rows: {escape(rows)}</div>'
            f"{_players(files, folder)}</details>"
        )


def _players(files: Mapping[str, Path], folder: Path) -> str:
    found = []
    for name, file in files.items():
        source = escape(file.relative_to(folder).as_posix())
        poster = base64.b64encode(_poster(file)).decode()
        found.append(
            f'<figure><video controls playsinline preload="none" src="{source}" '
            f'aria-label="{escape(name)}" poster="data:image/jpeg;base64,{poster}"></video>'
            f"<figcaption>{escape(name)}</figcaption></figure>"
        )
    return f'<div class="clips">{"".join(found)}</div>'


def _poster(video: Path) -> bytes:
    return _jpeg(cv2.resize(next(iter(read_video(video))), (2 * _SIDE, 2 * _SIDE)))


def _sheet(videos: Sequence[Path]) -> bytes:
    """A JPEG: a row of frames for each video, at the same times."""
    rows = []
    for video in videos:
        frames = list(islice(read_video(video), None, None, 5))
        at = np.linspace(0, len(frames) - 1, _SHOWN).round().astype(int)
        small = [cv2.resize(frames[i], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for i in at]
        rows.append(np.hstack(small))
    return _jpeg(np.vstack(rows))


def _jpeg(picture: NDArray[Any]) -> bytes:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
