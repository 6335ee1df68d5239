"""How far lips, brows and lids go, on motion that goes as far as it is told to."""

import numpy as np
import pytest

from gioconda.evaluation.articulation import (
    ARTICULATED,
    OTHERS,
    PRESENTERS,
    articulation,
    by_family,
    compared,
    low_lids,
    usual_lids,
)
from gioconda.face import actions
from gioconda.face.basis import released_basis
from gioconda.generator.bank import released_bank
from gioconda.motion import Motion
from tests.evaluation.motions import blinking, syllables, talking, trial

BASIS = released_basis()


def acting(action, amounts):
    """The mean face that does one action by so much, (T,)."""
    weights = np.array([name.startswith(action) for name in actions.ACTIONS], float)
    assert weights.any()
    change = actions.project(actions.face(weights), BASIS).astype(np.float32)
    dynamics = np.asarray(amounts, np.float32)[:, None] * change
    return Motion(np.zeros((len(dynamics), 6), np.float32), dynamics, BASIS.name)


def far(motion):
    return articulation(motion, BASIS.mean, BASIS)


def test_a_mouth_that_opens_half_as_far_has_half_the_spread():
    real, timid = (talking(0.1 + part * syllables(100)) for part in (1, 0.5))
    found = compared([far(timid)], [far(real)]).ratio
    assert found.opening == pytest.approx(0.5, abs=0.02)
    assert 0.45 < found.wide < 0.7
    assert 0.45 < found.widest < 0.7


def test_a_pucker_is_seen_in_protrusion_advance_and_width():
    still, round_lips = far(talking(np.zeros(50))), far(acting("mouthPucker", np.arange(50) % 2))
    assert max(still.protrusion, still.width) < 1e-4
    assert round_lips.protrusion > 0.5
    assert round_lips.advance > 1
    assert round_lips.width > 1


def test_a_jaw_that_opens_brings_the_lips_forward_much_less_than_a_pucker():
    opened, round_lips = (
        far(acting(name, np.arange(50) % 2)) for name in ("jawOpen", "mouthPucker")
    )
    assert opened.advance < round_lips.advance / 4


def test_raised_brows_are_seen_and_lids_are_not_taken_for_them():
    raised = far(acting("browInnerUp", np.arange(50) % 2))
    assert raised.brows > 0.5
    assert raised.opening < 0.5
    assert far(blinking(50, [20])).brows < raised.brows / 3


def test_ratios_are_those_of_each_clip():
    real = [far(talking(size * syllables(100))) for size in (0.5, 1, 2)]
    made = [far(talking(size * syllables(100))) for size in (1, 2, 4)]
    found = compared(made, real)
    assert found.ratio.opening == pytest.approx(2, abs=0.1)
    assert found.value.opening == pytest.approx(real[2].opening, rel=0.1)
    assert compared(real).ratio is None


def test_a_real_mouth_that_keeps_still_gives_no_ratio():
    still = far(talking(np.zeros(50)))
    assert np.isnan(compared([far(talking(syllables(50)))], [still]).ratio.opening)


def test_sources_belong_to_families():
    sources = ["Essa-Ramzy/Arabic-Lip-Reading", "TVR28/LipNet", "OpenTalker/SadTalker", "mine"]
    trials = [trial(talking(np.zeros(30)), source=source) for source in sources]
    assert by_family(trials) == {ARTICULATED: [1, 2], PRESENTERS: [0], OTHERS: [3]}


def test_low_lids_are_told_from_blinks():
    eyes = trial(blinking(200, [50, 120]))
    usual = usual_lids([eyes], BASIS)
    found = low_lids([eyes], [eyes.spoken], usual, BASIS)
    assert found.outside_blinks == 0
    assert 2 < found.all_frames < 8
    half_shut = Motion(eyes.motion.pose, eyes.motion.dynamics.copy(), BASIS.name)
    half_shut.dynamics[:100, BASIS.upper] = 0.5 * released_bank().shut
    drowsy = low_lids([eyes], [half_shut], usual, BASIS)
    assert drowsy.outside_blinks == pytest.approx(50, abs=3)
