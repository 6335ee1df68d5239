"""Results as tables and as JSON."""

import doctest
import json
from dataclasses import dataclass, field
from math import nan

from gioconda.cli.table import headings, measure_rows, named_rows
from gioconda.evaluation import results
from gioconda.evaluation.results import measure, to_json


@dataclass(frozen=True)
class Scores:
    count: int
    error: float = measure("error of all", "%", ".1f")
    lag: float = measure("lag", form="+.2f")
    by_lag: dict[int, float] = field(default_factory=dict)


def test_the_examples_hold() -> None:
    assert doctest.testmod(results).failed == 0


def test_tables_show_what_is_measured() -> None:
    one, other = Scores(3, 12.34, nan), Scores(1, 0.0, 0.5)
    assert headings(Scores) == ["error of all, %", "lag"]
    assert named_rows({"a": one, "b": other}) == [["a", "12.3", "none"], ["b", "0.0", "+0.50"]]
    rows = measure_rows(Scores, [one, None, other], "lips: ")
    assert rows[0] == ["lips: error of all, %", "12.3", "", "0.0"]


def test_json_has_every_field_by_name() -> None:
    found = json.loads(json.dumps(to_json({"a": Scores(3, 1.5, nan, {-1: 0.5})})))
    assert found == {"a": {"count": 3, "error": 1.5, "lag": None, "by_lag": {"-1": 0.5}}}
