from pathlib import Path

import numpy as np
import pytest

from gioconda.data.samples.performances import Performance
from gioconda.data.samples.talks import Talk
from gioconda.errors import GiocondaError

pytest.importorskip("torch")

from gioconda.training import regressor

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_mouth_is_learned_and_goes_on_where_it_stopped(
    performances: list[Performance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    talks = [Talk(one.clip, one.pcm, one.neutral, one.motion.dynamics) for one in performances]
    monkeypatch.setattr(regressor, "read_talks", lambda *_: talks)
    model, state = tmp_path / "regressor.onnx", tmp_path / "state.pt"
    for steps in (2, 3):
        recipe = regressor.Recipe(steps=steps, batch=4)
        facts = regressor.train_regressor([], recipe, model, state, 5)
        assert facts["steps"] == steps
        assert np.isfinite(list(facts.values())).all()
    assert facts["export_error"] < 1e-5


def test_without_speech_there_is_nothing_to_learn(tmp_path: Path):
    with pytest.raises(GiocondaError, match="none of the 0 clips has a second of speech"):
        regressor.train_regressor([], regressor.Recipe(), tmp_path / "r.onnx", tmp_path / "s.pt", 1)
