import numpy as np

from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator.closing import Closing


def test_lips_meet_at_once_and_part_over_frames() -> None:
    basis = released_basis()
    closing = Closing(basis)
    wide = np.random.default_rng(0).normal(size=basis.parts[2]).astype(np.float32)
    openings = []
    for sure in (0.0, 0.15, 0.4, 0.0, 0.0, 0.0):
        dynamics = np.zeros((1, sum(basis.parts)), np.float32)
        dynamics[0, basis.lower] = 2 * np.abs(wide) * np.sign(basis.dynamics[basis.lower, 14, 1])
        closing.next(sure, 0.0, dynamics[0, basis.lower])
        openings.append(float(measure.mouth_opening(basis.rebuild(dynamics, basis.mean))[0]))
    free, half, met, *after = openings
    assert met < 0.007 < half < free
    assert met < after[0] < after[1] < after[2] <= free


def test_on_f_and_v_the_lips_come_near_and_do_not_meet() -> None:
    basis = released_basis()
    openings = []
    for touching in (0.0, 1.0):
        wide = 2 * np.sign(basis.dynamics[basis.lower, 14, 1])
        dynamics = np.zeros((1, sum(basis.parts)), np.float32)
        dynamics[0, basis.lower] = wide
        Closing(basis).next(0.0, touching, dynamics[0, basis.lower])
        openings.append(float(measure.mouth_opening(basis.rebuild(dynamics, basis.mean))[0]))
    free, near = openings
    assert 0.004 < near < 0.02 < free
