"""The data card of a training set: what is in it and what was dropped, on one page."""

import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from html import escape
from importlib import resources
from math import fsum
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gioconda.data.videos.sources import SPLITS
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Record = Mapping[str, Any]
# Of one quantity by split: how many frames are between each edge and the next.
Histogram = Mapping[str, tuple[Sequence[int], Sequence[float]]]

_HERE: Final = resources.files(__package__)
_SHOWN: Final = 30  # rejects of a kind
_TALLIED: Final = ("licence", "language", "emotion", "emotion_source")
_LABELS: Final = {
    "yaw": "yaw: degrees, to the picture's right",
    "pitch": "pitch: degrees, up",
    "gaze yaw": "gaze yaw: degrees, to the picture's right",
    "gaze pitch": "gaze pitch: degrees, up",
    "face size": "face size: pixels between the eyes",
    "mouth opening": "mouth opening: % of the eyes' distance",
    "loudness": "loudness: dB of full scale",
}


def check_matplotlib(drawn: str = "the data card") -> None:
    """Raise GiocondaError unless matplotlib, which draws the plots, can be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise GiocondaError(
            f"{drawn} needs matplotlib ({error}); run pip install 'gioconda-portrait[data]'"
        ) from error


def figures(kept: Sequence[Record], rejects: Sequence[Record]) -> dict[str, Any]:
    """The figures of the data card, ready for JSON.

    Args:
        kept: of each clip "person", "split", "source", "licence", "language", "seconds",
            "speech", "emotion" and "emotion_source"; what is unknown is None or left out.
        rejects: of each "source", "kind" and "seconds".

    Returns:
        "clips", "minutes", "people" in all; the same under "splits", "sources", "licences",
        "languages", "emotions" and "emotion_sources" by name, with "rejects" and "licences" of
        each source; "emotions_by_split"; "speech_minutes"; "people_in_two_splits", which should
        be 0; "rejected" and "rejected_minutes", and under "rejects" the count and the minutes
        of each kind.
    """
    splits = dict(sorted(_by(kept, "split").items(), key=lambda item: SPLITS.index(item[0])))
    by_source, dropped = _by(kept, "source"), _by(rejects, "source")
    sources = {}
    for name in sorted(by_source.keys() | dropped.keys()):
        own = by_source.get(name, [])
        counts = {"licences": list(_by(own, "licence")), "rejects": len(dropped.get(name, []))}
        sources[name] = _tally(own) | counts
    homes = {person: _by(clips, "split") for person, clips in _by(kept, "person").items()}
    return {
        **_tally(kept),
        "speech_minutes": _minutes(clip for clip in kept if clip["speech"]),
        "people_in_two_splits": sum(len(found) > 1 for found in homes.values()),
        "splits": {name: _tally(clips) for name, clips in splits.items()},
        "sources": sources,
        **{f"{key}s": _tallies(kept, key) for key in _TALLIED},
        "emotions_by_split": {name: _tallies(clips, "emotion") for name, clips in splits.items()},
        "rejected": len(rejects),
        "rejected_minutes": _minutes(rejects),
        "rejects": {
            kind: {"count": len(found), "minutes": _minutes(found)}
            for kind, found in _by(rejects, "kind").items()
        },
    }


def write_card(
    folder: Path,
    totals: Record,
    rejects: Sequence[Record],
    histograms: Mapping[str, Histogram],
    offsets: Mapping[str, Mapping[str, Record]],
    version: str,
) -> None:
    """Write `card.html` and the pictures that it shows, `card/*.png`, into a folder.

    The same input gives the same bytes, in whatever order the records come.

    Args:
        folder: that is there and holds no card.
        totals: as `figures` gives them.
        rejects: as for `figures`; of each also "name", "reason" and "thumbnail", a JPEG or None.
        histograms: by quantity ("yaw", "pitch", "face size", ...) and split, of frames.
        offsets: by source, "found" and, after correction, "left"; each has "frames" that the
            sound is late, "low" and "high" of its 95 % interval, "clips" that it was read from,
            and "sure".
        version: of Gioconda, which made it.
    """
    pictures: dict[str, bytes] = {}
    sections = [
        _set(totals),
        _sources(totals, offsets),
        _distributions(totals, histograms, pictures),
        _dropped(totals, rejects, pictures),
    ]
    page = Template((_HERE / "card.html").read_text("utf-8"))
    html = page.substitute(
        **{name: f"{totals[name]:,}" for name in ("clips", "people", "rejected")},
        **{name: _short(totals[name]) for name in ("minutes", "speech_minutes")},
        sources=f"{len(totals['sources']):,}",
        sections="\n".join(sections),
        version=version,
    )
    (folder / "card").mkdir()
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    (folder / "card.html").write_text(html, "utf-8", "replace")


# --- figures ---


def _by(records: Iterable[Record], key: str) -> dict[str, list[Record]]:
    """The records in groups; those that do not tell are one of their own."""
    unknown = "not stated" if key == "licence" else "unknown"
    groups = defaultdict(list)
    for record in records:
        groups[record[key] or unknown].append(record)
    return dict(sorted(groups.items()))


def _tally(clips: Sequence[Record]) -> dict[str, Any]:
    people = {clip["person"] for clip in clips}
    return {"clips": len(clips), "minutes": _minutes(clips), "people": len(people)}


def _tallies(clips: Iterable[Record], key: str) -> dict[str, Any]:
    return {name: _tally(own) for name, own in _by(clips, key).items()}


def _minutes(records: Iterable[Record]) -> float:
    return round(fsum(record["seconds"] for record in records) / 60, 2)


# --- sections of the page ---


def _set(totals: Record) -> str:
    columns = ("clips", "minutes", "people")
    shared = totals["people_in_two_splits"]
    note = "<p class=note>No person is in two splits.</p>"
    if shared:
        note = f'<p class="warn">{shared} people are in more than one split.</p>'
    tables = [_table(["Split", *columns], _rows(totals["splits"], columns)) + note]
    tables += [_table(["Licence", *columns], _rows(totals["licences"], columns))]
    if set(totals["languages"]) - {"unknown"}:
        tables += [_table(["Language", *columns], _rows(totals["languages"], columns))]
    return _section("The set", "".join(tables))


def _sources(totals: Record, offsets: Mapping[str, Mapping[str, Record]]) -> str:
    rows, unsure = [], False
    for name, source in totals["sources"].items():
        found = offsets.get(name, {})
        cells = [_offset(found.get(key)) for key in ("found", "left")]
        unsure = unsure or "?" in cells[0]
        numbers = [f"{source['clips']:,}", _short(source["minutes"]), f"{source['people']:,}"]
        licences = ", ".join(source["licences"]) or "–"
        rows.append([name, *numbers, *cells, f"{source['rejects']:,}", licences])
    heads = ["Source", "clips", "minutes", "people", "sound late, frames", "after correction"]
    heads += ["dropped", "Licence"]
    note = "Sound late: by how many frames of 40 ms the sound comes after its picture, with the "
    note += "95 % interval; – where it could not be measured."
    if unsure:
        note += " A question mark: the interval is wide."
    return _section("Sources", _table(heads, rows, text=(7,)) + f"<p class=note>{note}</p>")


def _offset(found: Record | None) -> str:
    if found is None or not found["clips"]:
        return "–"
    mark = "" if found["sure"] else " ?"
    half = (found["high"] - found["low"]) / 2
    return f"{_signed(round(found['frames'], 1))} ± {half:.1f}{mark}"


def _distributions(
    totals: Record, histograms: Mapping[str, Histogram], pictures: dict[str, bytes]
) -> str:
    plots = []
    for name, by_split in histograms.items():
        seen = {s: by_split[s] for s in SPLITS if s in by_split and np.sum(by_split[s][0])}
        if not seen:
            continue
        lines = []
        for split, histogram in seen.items():
            low, median, high = _percentiles(*histogram)
            lines.append(f"{split}: {median} ({low} to {high})")
        image = _plot(name, partial(_draw_histogram, label=_LABELS[name], seen=seen), pictures)
        plots.append(_figure(name, image, lines))
    if set(totals["emotions"]) - {"unknown"}:
        splits = totals["emotions_by_split"]
        image = _plot("emotion", partial(_draw_emotions, splits=splits), pictures)
        origins = totals["emotion_sources"].items()
        lines = [f"{origin}: {own['clips']:,} clips" for origin, own in origins]
        plots.append(_figure("emotion", image, lines))
    note = "Below each: the median of the frames, and from where to where 90 % of them are; for "
    note += "emotion, where the estimate comes from."
    grid = f'<p class="note">{note}</p><div class="plots">{"".join(plots)}</div>'
    return _section("Distributions", grid)


def _figure(name: str, image: str, lines: Sequence[str]) -> str:
    caption = "<br>".join(escape(line) for line in lines)
    title = f"<h3>{escape(name.capitalize())}</h3>"
    return f"<figure>{title}{image}<figcaption>{caption}</figcaption></figure>"


def _dropped(totals: Record, rejects: Sequence[Record], pictures: dict[str, bytes]) -> str:
    if not rejects:
        return _section("Dropped", "<p>Nothing was dropped.</p>")
    kinds = sorted(totals["rejects"].items(), key=lambda kind: (-kind[1]["count"], kind[0]))
    rows = [[kind, f"{sums['count']:,}", _short(sums["minutes"])] for kind, sums in kinds]
    parts = [_table(["Kind", "count", "minutes"], rows)]
    found = _by(rejects, "kind")
    for kind, _ in kinds:
        shown = _sample(found[kind])
        count = f"{len(shown)} of {len(found[kind]):,}" if len(shown) < len(found[kind]) else "all"
        told = [_told(r, f"card/{_slug(kind)}-{i}.jpg", pictures) for i, r in enumerate(shown)]
        parts.append(
            f'<div class="kind"><h3>{escape(kind.capitalize())} <span class="soft">{count}</span>'
            f'</h3><div class="plots">{"".join(told)}</div></div>'
        )
    return _section("Dropped", "".join(parts))


def _told(reject: Record, picture: str, pictures: dict[str, bytes]) -> str:
    """A reject: its picture, if there is one, its name and the reason."""
    image, name = "", escape(reject["name"])
    why = reject["reason"].removeprefix(reject["kind"] + ": ")
    if reject["thumbnail"]:
        pictures[picture] = reject["thumbnail"]
        image = f'<img src="{picture}" loading="lazy" alt="Pictures of {name}">'
    return f"<figure>{image}<figcaption><b>{name}</b> {escape(why)}</figcaption></figure>"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], text: Sequence[int] = ()) -> str:
    """A table whose first column names the rows; the others are numbers but for `text`."""
    kinds = ["text" if i in text else "number" if i else "name" for i in range(len(heads))]
    top = "".join(
        f'<th scope="col" class="{kind}">{escape(head)}</th>'
        for kind, head in zip(kinds, heads, strict=True)
    )
    body = ""
    for first, *others in rows:
        cells = "".join(
            f'<td class="{kind}">{escape(cell)}</td>'
            for kind, cell in zip(kinds[1:], others, strict=True)
        )
        body += f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>\n'
    return (
        f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>"
    )


def _rows(groups: Mapping[str, Record], columns: Sequence[str]) -> list[list[str]]:
    return [
        [name, *(_short(group[c]) if c == "minutes" else f"{group[c]:,}" for c in columns)]
        for name, group in groups.items()
    ]


def _short(minutes: float) -> str:
    return "< 0.1" if 0 < minutes < 0.05 else f"{minutes:,.1f}"


def _signed(number: float) -> str:
    return f"{number + 0:.1f}".replace("-", "−")


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower()).strip("-")


def _percentiles(counts: Sequence[int], edges: Sequence[float]) -> list[str]:
    """The 5th, the 50th and the 95th, as well as the bins tell."""
    below = np.concatenate([[0], np.cumsum(counts)]) / np.sum(counts)
    return [
        f"{round(float(p))}".replace("-", "−") for p in np.interp((0.05, 0.5, 0.95), below, edges)
    ]


# --- pictures ---


def _plot(name: str, draw: Callable[["Axes"], None], pictures: dict[str, bytes]) -> str:
    """Draw on white and on dark; returns the element that shows the one that fits the page."""
    from matplotlib import style
    from matplotlib.figure import Figure

    slug = _slug(name)
    white, dark = (str(_HERE / f"{look}.mplstyle") for look in ("card", "card-dark"))
    for suffix, looks in (("", [white]), ("-dark", [white, dark])):
        with style.context(["default", *looks]):
            figure, out = Figure(), io.BytesIO()
            draw(figure.subplots())
            figure.savefig(out, format="png", metadata={"Software": None})
        pictures[f"card/{slug}{suffix}.png"] = out.getvalue()
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="card/{slug}-dark.png">'
        f'<img src="card/{slug}.png" width="684" height="432" loading="lazy" '
        f'alt="Histogram of {escape(name)} by split; its figures are below."></picture>'
    )


def _draw_histogram(axes: "Axes", label: str, seen: Histogram) -> None:
    for i, (split, (counts, edges)) in enumerate(seen.items()):
        # the first split as an area, the others as lines upon it
        look: dict[str, Any] = {"linewidth": 1.8} if i else {"fill": True, "alpha": 0.75}
        axes.stairs(100 * np.asarray(counts) / np.sum(counts), edges, label=split, **look)
    used = [np.asarray(e)[np.flatnonzero(c)[[0, -1]] + [0, 1]] for c, e in seen.values()]
    axes.set_xlim(np.min(used), np.max(used))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.set_xlabel(label)
    axes.set_ylabel("% of frames")
    axes.legend()


def _draw_emotions(axes: "Axes", splits: Mapping[str, Mapping[str, Record]]) -> None:
    minutes: defaultdict[str, float] = defaultdict(float)
    for tallies in splits.values():
        for emotion, tally in tallies.items():
            minutes[emotion] += tally["minutes"]
    emotions = sorted(minutes, key=lambda emotion: (minutes[emotion], emotion))
    height = 0.8 / len(splits)
    for i, (split, tallies) in enumerate(splits.items()):
        whole = fsum(tally["minutes"] for tally in tallies.values()) or 1.0
        share = [100 * tallies.get(e, {"minutes": 0})["minutes"] / whole for e in emotions]
        at = np.arange(len(emotions)) + 0.4 - height * (i + 0.5)
        axes.barh(at, share, 0.9 * height, label=split)
    axes.set_yticks(np.arange(len(emotions)), emotions)
    axes.grid(axis="x")
    axes.set_xlabel("% of minutes")
    axes.legend(loc="lower right")


def _sample(rejects: Sequence[Record]) -> list[Record]:
    """Those that are shown: with a picture if possible, drawn by the hash of their names."""

    def lot(reject: Record) -> tuple[bool, str]:
        key = f"{reject['name']} {reject['reason']}"
        return not reject["thumbnail"], hashlib.sha256(key.encode()).hexdigest()

    drawn = sorted(rejects, key=lot)[:_SHOWN]
    return sorted(drawn, key=lambda r: (r["source"], r["name"], r["reason"]))
