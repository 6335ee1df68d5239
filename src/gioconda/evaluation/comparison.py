"""What moved from one result to another, with intervals over people where people are known."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.evaluation.bootstrap import People, drawn_means, ends

# Fields whose keys are names that one gives to models or folders.
_NAMED: Final = ("columns", "methods", "generators", "systems")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One figure of two results.

    Attributes:
        figure: its path in the JSON.
        before, after: its values.
        low, high: the 95 % interval of the difference, by bootstrap over people; NaN where the
            result does not say whose the figure is.
        people: from whom the interval is.
    """

    figure: str
    before: float
    after: float
    low: float = nan
    high: float = nan
    people: int = 0

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def moved(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def compare(before: Json, after: Json) -> list[Change]:
    """All figures that two results of one kind have, those of people first.

    Of people who are in both, the differences of each are drawn from; of others, both means. Where
    models or systems have other names in the one than in the other, they are paired in their order.

    Args:
        before, after: JSON of `gioconda evaluate`: `all`, `videos` or any other.

    Raises:
        GiocondaError: if they have no figure in common.
    """
    before, after = _paired(before, after)
    one, two = dict(_people(before)), dict(_people(after))
    found = [change(name, one[name], two[name]) for name in one if name in two]
    plain, other = dict(_numbers(before)), dict(_numbers(after))
    found += [Change(name, plain[name], other[name]) for name in plain if name in other]
    if not found:
        raise GiocondaError("the two results have no figure in common")
    return found


def _paired(before: Any, after: Any) -> tuple[Any, Any]:
    """Both, with one name for what stands for the same in them."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return before, after
    one, two = dict(before), dict(after)
    for key in one.keys() & two.keys():
        if key in _NAMED and isinstance(one[key], Mapping) and isinstance(two[key], Mapping):
            old = [name for name in one[key] if name not in two[key]]
            new = [name for name in two[key] if name not in one[key]]
            if len(old) == len(new):
                told = {
                    name: f"{a} to {b}" for a, b in zip(old, new, strict=True) for name in (a, b)
                }
                one[key], two[key] = (
                    {told.get(name, name): value for name, value in side[key].items()}
                    for side in (one, two)
                )
        one[key], two[key] = _paired(one[key], two[key])
    return one, two


def change(name: str, before: People, after: People) -> Change:
    """A figure of two results, from what was measured of each person."""
    both = sorted(before.keys() & after.keys())
    if len(both) > 1:
        one, two = (np.array([side[person] for person in both]) for side in (before, after))
        drawn = drawn_means(two - one)
    else:
        one, two = (np.array(list(side.values())) for side in (before, after))
        drawn = drawn_means(two, 1) - drawn_means(one, 0)
    people = len(both) if len(both) > 1 else min(len(one), len(two))
    return Change(name, float(one.mean()), float(two.mean()), *ends(drawn), people)


def people_of(clips: Json, figure: str) -> dict[str, float]:
    """Each person's mean of a figure, from the clips of a system in JSON."""
    found: dict[str, list[float]] = defaultdict(list)
    for clip in clips.values():
        if (value := clip["scores"].get(figure)) is not None:
            found[clip["person"]].append(value)
    return {person: float(np.mean(values)) for person, values in sorted(found.items())}


def _people(result: Any, path: str = "") -> Iterator[tuple[str, dict[str, float]]]:
    """Wherever a result has clips with people: each figure's values by person."""
    if not isinstance(result, Mapping):
        return
    if clips := _clips(result):
        for figure in next(iter(clips.values()))["scores"]:
            if values := people_of(clips, figure):
                yield f"{path}{figure}", values
        return
    for key, value in result.items():
        yield from _people(value, f"{path}{key}.")


def _clips(result: Json) -> Json | None:
    """The clips of a result whose people are known; "clips" may also name something else."""
    clips = result.get("clips")
    found = list(clips.values()) if isinstance(clips, Mapping) else []
    known = all(isinstance(one, Mapping) and {"person", "scores"} <= one.keys() for one in found)
    return clips if found and known else None


def _numbers(result: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """All other numbers, by their paths; of a list of objects, by what names each."""
    if isinstance(result, Mapping):
        own = _clips(result) is not None
        for key, value in result.items():
            if not (own and key in ("clips", "scores")):
                yield from _numbers(value, f"{path}.{key}" if path else str(key))
    elif isinstance(result, list):
        for i, value in enumerate(result):
            named = isinstance(value, Mapping) and "judge" in value
            name = f"{value['judge']} / {value['spoiled']}" if named else str(i)
            yield from _numbers(value, f"{path}.{name}")
    elif isinstance(result, int | float) and not isinstance(result, bool):
        yield path, float(result)


def numbers(result: Any) -> dict[str, float]:
    """All numbers of a result but those of single clips, by their paths in the JSON."""
    return dict(_numbers(result))
