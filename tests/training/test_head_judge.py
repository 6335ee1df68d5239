from dataclasses import replace

import numpy as np
import pytest

from gioconda.data.people import for_judge
from gioconda.errors import GiocondaError

torch = pytest.importorskip("torch")

from gioconda.evaluation.head_judge import HeadJudge  # noqa: E402
from gioconda.training.head_judge import (  # noqa: E402
    Recipe,
    kept_for_judge,
    train_head_judge,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = Recipe(steps=3, windows=8)


def test_it_learns_goes_on_and_judges(performances, tmp_path):
    model, state = tmp_path / "head_judge.onnx", tmp_path / "state.pt"
    assert train_head_judge(performances, SMALL, model, state, 0)["steps"] == 0
    facts = train_head_judge(performances, SMALL, model, state, 5)
    assert facts["steps"] == 3
    assert facts["people"] > 1
    rng = np.random.default_rng(0)
    pose, sound = rng.normal(size=(2, 75, 6)), rng.normal(size=(3, 75, 12))
    scores = HeadJudge(model).scores(pose, sound)
    assert scores.shape == (2, 3)
    assert (np.abs(scores) <= 1).all()
    moved = HeadJudge(model).scores(pose + 5, sound)
    assert moved == pytest.approx(scores, abs=1e-3)  # where the head stands does not count


def test_nobody_teaches_it_whose_head_the_generator_learns_but_the_judges_people(performances):
    kept = {one.clip.person for one in kept_for_judge(performances)}
    for one in performances:
        assert (one.clip.person in kept) == (for_judge(one.clip.person) or not one.long)


def test_without_speech_there_is_an_error(performances, tmp_path):
    silent = [replace(one, own=np.zeros(len(one), bool)) for one in performances]
    with pytest.raises(GiocondaError, match="30 frames of speech"):
        train_head_judge(silent, SMALL, tmp_path / "a.onnx", tmp_path / "a.pt", 1)
