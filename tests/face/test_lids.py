"""Eyes of every size shut when the mean face's do."""

import numpy as np
import pytest

from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.face.lids import Lids, shutting
from gioconda.face.measure import lid_gap


@pytest.fixture(scope="module")
def basis():
    return released_basis()


@pytest.fixture(scope="module")
def blink(basis):
    """Open, half shut and shut, (3, D)."""
    return np.array([[0], [0.5], [1]], np.float32) * shutting(basis)


def opening(basis, dynamics, neutral):
    return measure.lid_opening(basis.rebuild(dynamics, neutral)).mean(1)


@pytest.mark.parametrize("size", [0.7, 1.0, 1.5])
def test_eyes_of_any_size_shut_as_far_as_the_mean_face_s(basis, blink, size):
    wide = basis.mean - (size - 1) * np.tensordot(blink[2], basis.dynamics, 1)
    expected = opening(basis, Lids(basis, basis.mean)(blink), basis.mean)
    found = opening(basis, Lids(basis, wide)(blink), wide)
    assert found / found[0] == pytest.approx(expected / expected[0], abs=0.06)


def test_large_eyes_would_stay_half_open(basis, blink):
    wide = basis.mean - 0.5 * np.tensordot(blink[2], basis.dynamics, 1)
    assert opening(basis, blink, wide)[2] > 2 * opening(basis, Lids(basis, wide)(blink), wide)[2]


def test_eyes_that_look_elsewhere_in_the_photo_shut_as_well(basis, blink):
    aside = np.zeros_like(blink[0])
    aside[basis.gaze] = [-3, 2, 4, -1]
    lids = Lids(basis, basis.mean)
    shut = lids(blink[2:]) + lids.beside(aside)
    assert abs(lid_gap(basis.rebuild(shut, basis.mean))[0]) < 1e-6


def test_lids_meet_where_a_tracker_sees_a_slit(basis, blink):
    left = lid_gap(basis.rebuild(blink, basis.mean)) / lid_gap(basis.mean)
    slit = 0.8 / (1 - left[2]) * blink[2:]
    assert lid_gap(basis.rebuild(slit, basis.mean)) == pytest.approx(
        0.2 * lid_gap(basis.mean), rel=0.01
    )
    met = lid_gap(basis.rebuild(Lids(basis, basis.mean)(slit), basis.mean))
    assert met == pytest.approx(0, abs=0.01 * float(lid_gap(basis.mean)))


def test_what_opens_the_eyes_is_left_alone(basis, blink):
    wide = basis.mean - 0.5 * np.tensordot(blink[2], basis.dynamics, 1)
    assert np.array_equal(Lids(basis, wide)(-blink), -blink)


@pytest.mark.parametrize("rest", [0.85, 1.2])
def test_lids_rest_where_the_face_s_own_do_and_still_shut(basis, blink, rest):
    gaps = lid_gap(basis.rebuild(Lids(basis, basis.mean, rest)(blink), basis.mean))
    assert gaps[0] == pytest.approx(rest * lid_gap(basis.mean), rel=0.01)
    assert gaps[2] == pytest.approx(0, abs=0.02 * float(lid_gap(basis.mean)))


def test_a_photo_of_a_blink_is_no_rest(basis, blink):
    lids = Lids(basis, basis.mean, 0.1)(blink)
    assert lid_gap(basis.rebuild(lids[:1], basis.mean))[0] > 0.75 * lid_gap(basis.mean)


def test_frames_one_by_one_are_those_of_all_at_once(basis, blink):
    dynamics = np.random.default_rng(0).normal(0, 1, (20000, len(basis.dynamics)))
    dynamics = (dynamics + blink[1]).astype(np.float32)
    lids = Lids(basis, basis.mean)
    each = np.concatenate([lids(one[None]) for one in dynamics])
    np.testing.assert_array_equal(lids(dynamics), each)
