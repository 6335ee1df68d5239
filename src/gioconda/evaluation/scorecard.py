"""The answer at the top of a report: a few figures in plain words, beside those of real video."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from gioconda.evaluation.comparison import Change, change, people_of
from gioconda.evaluation.film_scores import FilmScores
from gioconda.evaluation.results import EYES, measures, write

SAME, LESS, MORE = "no clear difference", "less", "more"
_ASKED: Final = {
    "sync": ("Lips go with the voice", "sync judge, at most 1"),
    "met": ("Lips meet on p, b, m", "%"),
    "opening": ("Mouth opens and shuts by", EYES),
    "width": ("Mouth widens and narrows by", EYES),
    "tremble": ("Lips tremble in silence by", f"{EYES} a frame"),
    "blinks": ("Eyes blink", "times a minute"),
    "gaze_shifts": ("Eyes look elsewhere", "times a minute"),
    "brows": ("Brows rise and fall by", EYES),
    "head_speed": ("Head turns by", "degrees a frame"),
    "sway": ("Head sways by", "degrees"),
    "head_voice": ("Head goes with the voice", "head judge, at most 1; videos of 8 s"),
    "identity": ("Face stays the same person", "likeness, at most 1"),
    "sharp_face": ("Face is sharp", "energy of edges"),
    "flicker": ("Skin flickers by", "levels of 255"),
}
_WIDE, _HIGH, _OCTAVES = 150, 20, 1.6  # pixels; doublings to both sides of a strip

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One figure of a system.

    Attributes:
        label, unit: in plain words.
        form: of the values, as for `format`.
        moved: from real video to the system's, with the interval over people.
    """

    label: str
    unit: str
    form: str
    moved: Change

    @property
    def verdict(self) -> str:
        """`SAME`, `LESS` or `MORE`."""
        if not self.moved.moved:
            return SAME
        return MORE if self.moved.low > 0 else LESS


def lines_of(real: Json, made: Json) -> list[Line]:
    """The figures that are known of people in both.

    Args:
        real, made: clips of systems in the JSON of a report.
    """
    forms = {each.name: each.form for each in measures(FilmScores)}
    found = []
    for name, (label, unit) in _ASKED.items():
        true, seen = people_of(real, name), people_of(made, name)
        if len(true.keys() & seen.keys()) > 1:
            found.append(Line(label, unit, forms[name], change(name, true, seen)))
    return found


def answer(lines: list[Line]) -> str:
    """The first sentence of a report."""
    same = sum(one.verdict == SAME for one in lines)
    return (
        f"{same} of {len(lines)} figures show no clear difference from real video of the same "
        "people."
    )


def scorecard(lines: list[Line], system: str) -> str:
    """A table in HTML."""
    heads = ("", "compared with real", system, "real", "")
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(_rows(lines))
    return (
        f'<div class="wide"><table class="score"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _rows(lines: list[Line]) -> Iterator[str]:
    for one in lines:
        kind = "" if one.verdict == SAME else ' class="off"'
        made, real = (write(value, one.form) for value in (one.moved.after, one.moved.before))
        yield (
            f'<tr{kind}><td>{escape(one.label)} <span class="soft">{escape(one.unit)}</span></td>'
            f"<td>{_strip(one.moved)}</td><td>{made}</td><td>{real}</td>"
            f"<td>{one.verdict}</td></tr>"
        )


def _strip(moved: Change) -> str:
    """A dot where the figure is, a bar for its interval; the middle is as real."""
    if moved.before <= 0:
        return ""
    ends = moved.before + np.array([moved.difference, moved.low, moved.high])
    octaves = np.log2(np.maximum(ends / moved.before, 0.01)).clip(-_OCTAVES, _OCTAVES)
    at, low, high = (_WIDE / 2 * (1 + 0.95 * octaves / _OCTAVES)).tolist()
    middle, y = _WIDE / 2, _HIGH / 2
    return (
        f'<svg width="{_WIDE}" height="{_HIGH}" aria-hidden="true">'
        f'<line class="one" x1="{middle}" x2="{middle}" y1="0" y2="{_HIGH}"/>'
        f'<line class="bar" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
        f'<circle cx="{at:.1f}" cy="{y}" r="4"/></svg>'
    )
