"""Lips against lips: late ones are seen to be late, open ones to be open."""

import numpy as np
import pytest

from gioconda.data.phones import Phone
from gioconda.evaluation.lips import Said, closure_threshold, compare_lips, count_closures
from gioconda.face.basis import released_basis
from tests.evaluation.motions import syllables, take, talking

BASIS = released_basis()
OPENINGS = [syllables(80, seed) for seed in range(6)]
TAKES = [take(talking(opening)) for opening in OPENINGS]


def test_the_same_lips_agree() -> None:
    found = compare_lips(TAKES, [one.spoken for one in TAKES], BASIS)
    assert found["opening"] == pytest.approx(1)
    assert found["spread"] == pytest.approx(1)
    assert found["vertex error"] == 0
    assert found["offset"] == pytest.approx(0, abs=0.1)
    assert found["by source"] == {"s (6)": pytest.approx(1)}


@pytest.mark.parametrize("late", [-2, 1, 3])
def test_late_lips_are_late(late: int) -> None:
    made = [talking(np.roll(opening, late)) for opening in OPENINGS]
    found = compare_lips(TAKES, made, BASIS)
    assert found["offset"] == pytest.approx(late, abs=0.2)
    assert isinstance(found["opening"], float)
    assert found["opening"] < 0.8


def test_half_a_frame_is_half_a_frame() -> None:
    made = [talking((np.roll(o, 1) + np.roll(o, 2)) / 2) for o in OPENINGS]
    assert compare_lips(TAKES, made, BASIS)["offset"] == pytest.approx(1.5, abs=0.15)


def test_lips_that_move_less_have_less_spread_and_are_elsewhere() -> None:
    found = compare_lips(TAKES, [talking(opening / 2) for opening in OPENINGS], BASIS)
    assert isinstance(found["spread"], float)
    assert isinstance(found["vertex error"], float)
    assert 0.35 < found["spread"] < 0.65
    assert found["vertex error"] > 0.1
    assert found["opening"] == pytest.approx(1, abs=0.05)


def test_lips_of_other_sound_do_not_agree() -> None:
    made = [one.spoken for one in (*TAKES[3:], *TAKES[:3])]
    found = compare_lips(TAKES, made, BASIS)
    assert isinstance(found["opening"], float)
    assert abs(found["opening"]) < 0.4


def test_a_mouth_that_never_moves_has_no_offset() -> None:
    found = compare_lips(TAKES, [talking(np.zeros(80)) for _ in TAKES], BASIS)
    assert found["opening"] == 0
    assert np.isnan(found["offset"])


def _said(level: float) -> Said:
    """AA P AA M ..., the mouth open by `level` in P and M."""
    opening = np.ones(100)
    phones = []
    for i in range(10):
        opening[10 * i + 5 : 10 * i + 10] = level
        phones.append(Phone("AA", 0.4 * i, 0.4 * i + 0.2))
        phones.append(Phone("P" if i % 2 else "M", 0.4 * i + 0.2, 0.4 * i + 0.4))
    return Said(talking(opening), BASIS.mean, phones)


def test_closures_are_those_in_which_lips_meet() -> None:
    threshold = closure_threshold([_said(-0.1)], BASIS)
    assert threshold is not None
    assert threshold < 0.03
    assert count_closures([_said(-0.1)], threshold, BASIS) == {
        "heard": 10,
        "met": 100,
        "vowels met": 0,
    }
    assert count_closures([_said(0.6)], threshold, BASIS)["met"] == 0


def test_a_mouth_that_never_opens_is_found_out_by_its_vowels() -> None:
    shut = Said(talking(np.full(100, -0.1)), BASIS.mean, _said(0).phones)
    found = count_closures([shut], 0.01, BASIS)
    assert found["met"] == found["vowels met"] == 100


def test_without_closures_there_is_no_threshold() -> None:
    vowel = Said(talking(np.ones(25)), BASIS.mean, [Phone("AA", 0, 1)])
    assert closure_threshold([vowel], BASIS) is None
    assert np.isnan(count_closures([vowel], 0.01, BASIS)["met"])
