"""What moved, and how sure that is."""

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.comparison import compare


def result(shift: float, people: int = 8) -> dict:
    rng = np.random.default_rng(0)
    clips = {
        f"c{i}": {
            "person": f"p{i % people}",
            "scores": {"sync": rng.normal() + shift, "blinks": None, "pop": 1.0},
        }
        for i in range(2 * people)
    }
    return {"systems": {"ours": {"people": people, "scores": {"sync": 9}, "clips": clips}}}


def test_a_figure_that_moved_for_all_people_has_moved():
    found = {one.figure: one for one in compare(result(0), result(0.1))}
    sync = found["systems.ours.sync"]
    assert sync.difference == pytest.approx(0.1)
    assert (sync.people, sync.moved) == (8, True)
    assert not found["systems.ours.pop"].moved
    assert found["systems.ours.people"].people == 0


def test_of_other_people_the_same_difference_says_less():
    other = result(0.1)
    for clip in other["systems"]["ours"]["clips"].values():
        clip["person"] += " else"
    sync = next(one for one in compare(result(0), other) if one.figure.endswith("sync"))
    assert not sync.moved
    assert sync.low < 0.1 < sync.high


def test_an_interval_holds_the_mean_and_shrinks_with_people():
    few, many = ({str(i): float(i % 4) for i in range(n)} for n in (8, 80))
    wide, narrow = interval(few), interval(many)
    assert wide.low < wide.mean < wide.high
    assert narrow.high - narrow.low < wide.high - wide.low


def test_models_of_other_names_are_paired_in_their_order():
    one, two = (
        {"columns": {"real": {"r": 1.0}, name: {"r": r}}}
        for name, r in (("released", 0.5), ("mine", 0.7))
    )
    found = {change.figure: change for change in compare(one, two)}
    assert found["columns.released to mine.r"].difference == pytest.approx(0.2)
    assert found["columns.real.r"].difference == 0


def test_what_is_only_called_clips_is_compared_as_any_figure():
    one, two = ({"shapes": {"clips": {"A": {"opening": level}}}} for level in (1.0, 2.0))
    assert [change.figure for change in compare(one, two)] == ["shapes.clips.A.opening"]


def test_results_without_a_common_figure_are_refused():
    with pytest.raises(GiocondaError, match="no figure in common"):
        compare({"a": 1}, {"b": 1})
