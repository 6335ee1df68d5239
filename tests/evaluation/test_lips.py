"""Lips against lips: late ones are seen to be late, open ones to be open."""

import numpy as np
import pytest

from gioconda.data.phones import Phone
from gioconda.evaluation.lips import (
    Contacts,
    SpokenMotion,
    closure_threshold,
    compare_lips,
    count_closures,
)
from gioconda.face.basis import released_basis
from tests.evaluation.motions import syllables, talking, trial

BASIS = released_basis()
OPENINGS = [syllables(80, seed) for seed in range(6)]
TRIALS = [trial(talking(opening)) for opening in OPENINGS]


def test_the_same_lips_agree() -> None:
    found = compare_lips(TRIALS, [one.spoken for one in TRIALS], BASIS)
    assert found.opening == pytest.approx(1)
    assert found.spread == pytest.approx(1)
    assert found.vertex_error == 0
    assert found.lag == pytest.approx(0, abs=0.1)
    assert found.by_source["s"].trials == 6
    assert found.by_source["s"].opening == pytest.approx(1)


@pytest.mark.parametrize("late", [-2, 1, 3])
def test_late_lips_are_late(late: int) -> None:
    made = [talking(np.roll(opening, late)) for opening in OPENINGS]
    found = compare_lips(TRIALS, made, BASIS)
    assert found.lag == pytest.approx(late, abs=0.2)
    assert found.opening < 0.8


def test_half_a_frame_is_half_a_frame() -> None:
    made = [talking((np.roll(o, 1) + np.roll(o, 2)) / 2) for o in OPENINGS]
    assert compare_lips(TRIALS, made, BASIS).lag == pytest.approx(1.5, abs=0.15)


def test_lips_that_move_less_have_less_spread_and_are_elsewhere() -> None:
    found = compare_lips(TRIALS, [talking(opening / 2) for opening in OPENINGS], BASIS)
    assert 0.35 < found.spread < 0.65
    assert found.vertex_error > 0.1
    assert found.opening == pytest.approx(1, abs=0.05)


def test_lips_of_other_sound_do_not_agree() -> None:
    made = [one.spoken for one in (*TRIALS[3:], *TRIALS[:3])]
    found = compare_lips(TRIALS, made, BASIS)
    assert abs(found.opening) < 0.4


def test_a_mouth_that_never_moves_has_no_lag() -> None:
    found = compare_lips(TRIALS, [talking(np.zeros(80)) for _ in TRIALS], BASIS)
    assert found.opening == 0
    assert np.isnan(found.lag)


def _spoken(level: float) -> SpokenMotion:
    """AA P AA M ..., the mouth open by `level` in P and M."""
    opening = np.ones(100)
    phones = []
    for i in range(10):
        opening[10 * i + 5 : 10 * i + 10] = level
        phones.append(Phone("AA", 0.4 * i, 0.4 * i + 0.2))
        phones.append(Phone("P" if i % 2 else "M", 0.4 * i + 0.2, 0.4 * i + 0.4))
    return SpokenMotion(talking(opening), BASIS.mean, phones)


def test_closures_are_those_in_which_lips_meet() -> None:
    threshold = closure_threshold([_spoken(-0.1)], BASIS)
    assert threshold is not None
    assert threshold < 0.03
    assert count_closures([_spoken(-0.1)], threshold, BASIS) == Contacts(10, 100, 0)
    assert count_closures([_spoken(0.6)], threshold, BASIS).met == 0


def test_a_mouth_that_never_opens_is_found_out_by_its_vowels() -> None:
    shut = SpokenMotion(talking(np.full(100, -0.1)), BASIS.mean, _spoken(0).phones)
    found = count_closures([shut], 0.01, BASIS)
    assert found.met == found.vowels_met == 100


def test_without_closures_there_is_no_threshold() -> None:
    vowel = SpokenMotion(talking(np.ones(25)), BASIS.mean, [Phone("AA", 0, 1)])
    assert closure_threshold([vowel], BASIS) is None
    assert np.isnan(count_closures([vowel], 0.01, BASIS).met)
