import math

import numpy as np
import pytest

from gioconda.evaluation.provenance import tail


def test_the_tail_of_gumbels_law_is_found_again():
    highest = np.random.default_rng(0).gumbel(5.0, 0.2, 20_000)
    found = tail(highest, 6.5)
    assert found.rate == pytest.approx(-math.expm1(-math.exp(-7.5)), rel=0.3)
    assert found.highest == highest.max()
