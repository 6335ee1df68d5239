"""A fault in the pictures raises its own number."""

import pytest

from gioconda.evaluation import faults
from gioconda.evaluation.faults import evaluate_faults
from gioconda.evaluation.spoiled_faults import SPOILINGS


def nothing(frame):
    """Draws no mouth: quicker."""


@pytest.fixture(autouse=True)
def few_moves(monkeypatch):
    monkeypatch.setattr(faults, "MOVES", ({"yaw": 0.2}, {"x": 0.15, "y": 0.08}))


@pytest.fixture
def clean(portrait):
    return evaluate_faults(portrait, nothing)


def test_a_moved_portrait_is_nearly_clean(clean):
    assert clean.seams < 2
    assert clean.torn < 0.1
    assert clean.mirrored < 5


@pytest.mark.parametrize(
    ("figure", "more"), [("seams", 5), ("torn", 0.05), ("mirrored", 3), ("ghosts", 30)]
)
def test_a_fault_made_on_purpose_raises_its_number(portrait, clean, figure, more):
    _, spoil = SPOILINGS[figure]
    found = getattr(spoil(portrait), figure)
    assert found > max(getattr(clean, figure), 0) + more
