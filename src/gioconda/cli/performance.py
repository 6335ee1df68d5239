"""The figures of ``gioconda evaluate performance`` as tables."""

from collections.abc import Callable, Sequence
from typing import Any

from gioconda.cli.table import measure_rows, show
from gioconda.evaluation import performance
from gioconda.evaluation.articulation import Articulation, Compared, LowLids
from gioconda.evaluation.brow_movement import BrowMovement
from gioconda.evaluation.head_movement import HeadMovement, Likeness
from gioconda.evaluation.head_voice import HeadVoice, Share
from gioconda.evaluation.lips import LipAgreement
from gioconda.evaluation.performance import CLIPS, SENTENCES, Performance, PerformanceResult
from gioconda.evaluation.results import measures, write
from gioconda.evaluation.shapes import CLASSES, Order, Shape

_Rows = list[list[str]]

_MEETING = {"p, b, m": "lips meet in p, b, m", "f, v": "lip near the teeth in f, v"}


def show_performance(result: PerformanceResult, as_json: bool) -> None:
    """Print all figures, or one JSON object."""
    columns = list(result.columns.values())
    rows = [
        *_by_family(result, columns),
        *_phones(columns),
        *_head(result, columns),
        *_head_voice(columns),
        *_likeness(columns),
    ]
    clips = ", ".join(f"{count} of {name}" for name, count in result.families.items())
    title = (
        f"Performance on {result.people} people never seen; clips: {clips}\n"
        f"in brackets: the median of each clip's ratio to its real one; heads against "
        f"{result.long_people} people in speech of 4 s and more"
    )
    show(result, as_json, title, ["", *result.columns], rows)


def _compared_rows(kind: type, found: Sequence[Compared[Any] | None], prefix: str = "") -> _Rows:
    """A row for each measure: its value, and its ratio in brackets."""

    def cell(name: str, form: str, one: Compared[Any] | None) -> str:
        if one is None:
            return ""
        ratio = "" if one.ratio is None else f" (x {write(getattr(one.ratio, name), '.2f')})"
        return write(getattr(one.value, name), form) + ratio

    return [
        [prefix + each.heading, *(cell(each.name, each.form, one) for one in found)]
        for each in measures(kind)
    ]


def _by_family(result: PerformanceResult, columns: Sequence[Performance]) -> _Rows:
    rows = measure_rows(LipAgreement, [column.lips for column in columns])
    for name in result.families:
        prefix = f"{name}: "
        rows += _compared_rows(
            Articulation, [column.articulation.get(name) for column in columns], prefix
        )
        rows += _compared_rows(
            Articulation,
            [column.own_level.get(name) for column in columns],
            f"{prefix}dials at each clip's own level: ",
        )
        rows += measure_rows(
            LipAgreement, [column.lips_by_family.get(name) for column in columns], prefix
        )
        rows += measure_rows(LowLids, [column.lids.get(name) for column in columns], prefix)
    return rows


def _phones(columns: Sequence[Performance]) -> _Rows:
    """Shapes, whether their order is the real one, and contacts; real ones are of all people."""
    rows: _Rows = []
    names = " / ".join(each.label for each in measures(Shape))
    for where in (CLIPS, SENTENCES):
        found = [column.shapes.get(where, {}) for column in columns]
        if not any(found):
            continue
        for kind in CLASSES:
            cells = [_shape(one.get(kind)) for one in found]
            rows.append([f"{where}: {kind}: {names}, % (phones)", *cells])
        orders = [column.order.get(where) for column in columns]
        rows.append([f"{where}: order of vowels, rho", *_orders(orders, lambda o: o.vowels)])
        rows.append([f"{where}: order of all, rho", *_orders(orders, lambda o: o.classes)])
        rows += _contacts([column.contacts.get(where, {}) for column in columns], where, columns[0])
    return rows


def _shape(found: Shape | None) -> str:
    if found is None:
        return ""
    return " / ".join(each.text(found) for each in measures(Shape)) + f" ({found.phones})"


def _orders(orders: Sequence[Order | None], part: Callable[[Order], dict[str, float]]) -> list[str]:
    return [
        "" if one is None else " / ".join(write(rho, "+.2f") for rho in part(one).values())
        for one in orders
    ]


def _contacts(found: Sequence[dict[str, Any]], where: str, real: Performance) -> _Rows:
    """The share of phones in which lips meet, and of vowels; in brackets its ratio to the real."""
    rows: _Rows = []
    for sounds, true in real.contacts.get(CLIPS, {}).items():
        for field, label in (("met", _MEETING[sounds]), ("vowels_met", "  and in vowels")):
            cells = []
            for one in found:
                value = getattr(one[sounds], field) if sounds in one else None
                level = getattr(true, field)
                ratio = (
                    f" (x {value / level:.2f})"
                    if value is not None and one[sounds] is not true and level > 0
                    else ""
                )
                cells.append(write(value, ".0f") + ratio)
            rows.append([f"{where}: {label}, %", *cells])
    return rows


def _head(result: PerformanceResult, columns: Sequence[Performance]) -> _Rows:
    rows = _compared_rows(HeadMovement, [column.head for column in columns])
    if result.head_interval is not None:
        for row, each in zip(rows, measures(HeadMovement), strict=True):
            low, high = (each.text(end) for end in result.head_interval)
            row[1] += f" [{low}, {high}]"
    rows += _compared_rows(BrowMovement, [column.brows for column in columns])
    rows.append(["blinks, a minute", *(write(column.blinks, ".1f") for column in columns)])
    return rows


def _head_voice(columns: Sequence[Performance]) -> _Rows:
    rows: _Rows = []
    for kind in (performance.OWN, performance.OTHER):
        found = [column.head_voice.get(kind) for column in columns]
        if any(found):
            rows += measure_rows(HeadVoice, found, f"{kind}: ")
    own = [column.head_voice.get(performance.OWN) for column in columns]
    for label, field in (("moment's", "own_moment"), ("person's", "own_voice")):
        cells = [_share(getattr(one, field) if one else None) for one in own]
        if any(cells):
            rows.append([f"head judge prefers the own sound to another {label}, %", *cells])
    return rows


def _share(found: Share | None) -> str:
    return f"{found.value:.0f} [{found.low:.0f}, {found.high:.0f}]" if found else ""


def _likeness(columns: Sequence[Performance]) -> _Rows:
    kinds = next((column.likeness for column in columns if column.likeness), {})
    return [
        row
        for kind in kinds
        for row in measure_rows(
            Likeness, [column.likeness.get(kind) for column in columns], f"{kind}: "
        )
    ]
