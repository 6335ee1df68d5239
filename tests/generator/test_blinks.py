from itertools import groupby

import numpy as np
import pytest

from gioconda.generator.blinks import DOWN, OPEN, UP, BlinkTimer
from gioconda.generator.calibration import Calibration


def lids(ratio: float, frames: int) -> tuple[list[tuple[int, int]], list[float]]:
    timer, chance = BlinkTimer(Calibration()), np.random.default_rng(0)
    steps, closed = [], []
    for _ in range(frames):
        steps.append(timer.next(ratio, chance))
        closed.append(timer.closed)
    return steps, closed


def test_lids_go_down_then_up_and_rest_between() -> None:
    steps, closed = lids(1, 25 * 60)
    runs = [(step, len(list(run))) for step, run in groupby(steps)]
    assert [step for step, _ in runs[:6]] == [OPEN, DOWN, UP] * 2
    lengths = {kind: {n for step, n in runs if step == kind} for kind in (OPEN, DOWN, UP)}
    assert min(lengths[OPEN]) >= 8
    assert lengths[DOWN] <= {1, 2, 3}
    assert lengths[UP] <= {2, 3, 4, 5}
    assert max(closed) == 1
    assert all(shut == 0 for step, shut in zip(steps, closed, strict=True) if step == OPEN)


@pytest.mark.parametrize(("ratio", "rate"), [(0, 0), (1, 25), (2, 41)])
def test_they_blink_as_often_as_asked(ratio: float, rate: float) -> None:
    steps, _ = lids(ratio, 25 * 60 * 20)
    blinks = sum(step == DOWN for step, _ in groupby(steps)) / 20
    assert blinks == pytest.approx(rate, rel=0.15)


def test_they_blink_more_as_a_voice_falls_silent() -> None:
    timer, chance = BlinkTimer(Calibration()), np.random.default_rng(0)
    begun, before = np.zeros(50), OPEN
    for t in range(25 * 60 * 120):
        lids = timer.next(1, chance, voice=t % 50 < 40)
        begun[t % 50] += lids == DOWN != before
        before = lids
    assert begun[41:44].mean() > 1.3 * begun[:40].mean()
