"""Any result that JSON had, as tables: labels, units and formats are those of its fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from math import nan
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from gioconda.evaluation.articulation import Compared
from gioconda.evaluation.captions import label_of, title_of
from gioconda.evaluation.head_voice import Share
from gioconda.evaluation.results import Measure, measures, write

# What each command returns; those that return one for each portrait have a star.
_KINDS: Final = {
    "evaluate videos": "systems:VideosResult",
    "evaluate faults": "faults:Faults*",
    "evaluate rest": "rest:Rest*",
    "evaluate renderer": "renderer:RendererResult",
    "evaluate reenactment": "reenactment:ReenactmentResult",
    "evaluate performance": "performance:PerformanceResult",
    "evaluate generator": "generator:GeneratorResult",
    "evaluate listening": "listening:ListeningResult",
    "evaluate song": "song:SongResult",
    "evaluate speech": "speech:SpeechAgreement",
    "evaluate dials": "dials:DialResult",
    "bench": "speed:SpeedBench",
    "bench speed": "speed:SpeedBench",
    "bench decoder": "speed:DecoderBench",
    "bench generator": "speed:GeneratorBench",
    "bench memory": "speed:MemoryBench",
    "bench live": "live:LiveBench",
    "bench provenance": "provenance:ProvenanceBench",
}
_SIDE_BY_SIDE: Final = ("columns", "methods", "generators")  # fields that become columns
_BESIDE: Final = 3  # things that stand side by side, with a row for each figure
_LEFT_OUT: Final = ("by_source",)  # fields that tell where figures come from

Path = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Cells as text, under heads; the first column says what a row is.

    Without heads it is a line of figures: a name and a value each.
    """

    heads: Sequence[str]
    rows: list[list[str]]
    title: str = ""


def tables_of(command: str, found: Any) -> list[Table]:
    """A command's result as tables: one for each group of its figures.

    Args:
        command: its words after ``gioconda``; of one that is not known, every number has a row.
        found: the result in JSON.
    """
    kind = _kind(command)
    if get_origin(kind) is dict and is_dataclass(get_args(kind)[1]):
        return [_by_name(get_args(kind)[1], found)]
    if kind is None and isinstance(found, Mapping) and _squares(found):
        heads = list(dict.fromkeys(key for row in found.values() for key in row))
        rows = [[name, *(_plain(row.get(key, "")) for key in heads)] for name, row in found.items()]
        return [Table(["", *heads], rows)]
    beside = next((name for name in _SIDE_BY_SIDE if name in found), None)
    if beside is None:
        return _grouped({"": dict(_leaves(kind, found))})
    rest = {name: value for name, value in found.items() if name != beside}
    inner = None if kind is None else get_args(get_type_hints(kind)[beside])[1]
    columns = {name: dict(_leaves(inner, column)) for name, column in found[beside].items()}
    return _grouped({"": dict(_leaves(kind, rest))}) + _grouped(columns)


def _kind(command: str) -> Any:
    words = command.split()
    named = next((n for n in (2, 1) if " ".join(words[:n]) in _KINDS), None)
    if named is None:
        return None
    module, name = _KINDS[" ".join(words[:named])].split(":")
    kind: Any = getattr(import_module(f"gioconda.evaluation.{module}"), name.rstrip("*"))
    return dict[str, kind] if name.endswith("*") else kind


def _squares(found: Mapping[str, Any]) -> bool:
    """Whether these are numbers by two names, as of emotions."""
    return all(
        isinstance(row, Mapping) and all(isinstance(n, int | float) for n in row.values())
        for row in found.values()
    )


def _plain(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _by_name(kind: Any, found: Mapping[str, Any]) -> Table:
    known = measures(kind)
    rows = [[name, *(_cell(each, one) for each in known)] for name, one in found.items()]
    return Table(["", *(each.heading for each in known)], rows)


def _cell(each: Measure, found: Mapping[str, Any]) -> str:
    value = found.get(each.name)
    return write(nan if value is None else value, each.form)


def _grouped(systems: Mapping[str, Mapping[Path, str]]) -> list[Table]:
    """A table for each first word of the paths, or first two; one of all that have no other."""
    groups: dict[Path, dict[Path, None]] = {}
    for values in systems.values():
        for path in values:
            group = path[: min(len(path) // 2, 2)]
            groups.setdefault(group, {})[path[len(group) :]] = None
    return [_group(group, list(groups[group]), systems) for group in sorted(groups, key=bool)]


def _group(group: Path, paths: list[Path], systems: Mapping[str, Mapping[Path, str]]) -> Table:
    """The figures of one group: names of things on one side, of figures on the other."""
    known = {
        name: {path: values[*group, *path] for path in paths if (*group, *path) in values}
        for name, values in systems.items()
    }
    known = {name: values for name, values in known.items() if values}
    names = [name for name in known if name]
    first = group[0] if group else ""
    title = title_of(first) + "".join(f" ({part})" for part in group[1:])
    things = list(dict.fromkeys(path[:-1] for path in paths))
    figures = list(dict.fromkeys(path[-1] for path in paths))
    unit = _shared(figures) if title else ""
    title += f", {unit}" if unit else ""
    if things == [()]:
        rows = [
            [
                label_of(figure.strip(), first).removesuffix(f", {unit}"),
                *(one.get((figure,), "") for one in known.values()),
            ]
            for figure in figures
        ]
        plain = not names and (not group or len(rows) <= _BESIDE)
        return Table([] if plain else ["", *(names or ["value"])], rows, title)

    def cell(thing: Path, figure: str) -> str:
        values = [one.get((*thing, figure), "") for one in known.values()]
        return " / ".join(one or "–" for one in values) if any(values) else ""

    rows = [[cell(thing, figure) for figure in figures] for thing in things]
    left = [label_of(", ".join(thing), first) for thing in things]
    top = [label_of(figure.strip()).removesuffix(f", {unit}") for figure in figures]
    if len(things) < len(figures) and len(things) <= _BESIDE:
        rows, left, top = [list(row) for row in zip(*rows, strict=True)], top, left
    told = [[name, *row] for name, row in zip(left, rows, strict=True)]
    return Table(["", *top], told, title + (f": {' / '.join(names)}" if names else ""))


def _shared(figures: Sequence[str]) -> str:
    """The unit that all of several figures have."""
    units = {figure.rpartition(", ")[2] if ", " in figure else "" for figure in figures}
    return units.pop() if len(units) == 1 and len(figures) > 1 else ""


def _leaves(kind: Any, found: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every value of a result with its path, in the order of its fields."""
    kind = _without_none(kind)
    plain = get_origin(kind) or kind
    if found is None:
        return
    if plain is Share:
        yield path, f"{found['value']:.0f} [{found['low']:.0f}, {found['high']:.0f}]"
    elif plain is Compared:
        yield from _compared(get_args(kind)[0], found, path)
    elif is_dataclass(plain) and isinstance(found, Mapping):
        yield from _fields(plain, found, path)
    elif isinstance(found, Mapping):
        inner = get_args(kind)[1] if len(get_args(kind)) == 2 else None
        for name, value in found.items():
            yield from _leaves(inner, value, (*path, name.replace("_", " ")))
    elif isinstance(found, list):
        inner = get_args(kind)[0] if get_args(kind) else None
        ends = ("from", "to") if plain is tuple else ()
        for i, value in enumerate(found):
            yield from _leaves(inner, value, (*path, ends[i] if ends else _name(value, i)))
    else:
        yield path, _plain(found)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def _name(value: Any, number: int) -> str:
    """What a thing in a list calls itself."""
    facts = value.values() if isinstance(value, Mapping) else ()
    return next((one for one in facts if isinstance(one, str)), str(number + 1))


def _fields(kind: Any, found: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    hints = get_type_hints(kind)
    known = {each.name: each for each in measures(kind)}
    for each in fields(kind):
        told = found.get(each.name)
        if told is None or each.name in _LEFT_OUT or (path and told == path[-1]):
            continue
        if each.name in known:
            yield (*path, known[each.name].heading), _cell(known[each.name], found)
        else:
            named = (*path, each.name.replace("_", " "))
            yield from _leaves(hints[each.name], found[each.name], named)


def _compared(kind: Any, found: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """Values, and what they are to the real ones in brackets."""
    ratio = found.get("ratio") or {}
    for each in measures(kind):
        value = _cell(each, found["value"])
        part = ratio.get(each.name)
        yield (*path, each.heading), value if part is None else f"{value} (x\u00a0{part:.2f})"
