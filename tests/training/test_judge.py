from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.spoken.voices import Voice
from gioconda.evaluation.judge import SHIFTS, SyncJudge
from gioconda.face.basis import released_basis

torch = pytest.importorskip("torch")

from gioconda.data.people import for_judge  # noqa: E402
from gioconda.training.judge.examples import SpeechSet  # noqa: E402
from gioconda.training.judge.recipe import Recipe, train_judge  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


SMALL = Recipe(clips=3, sentences=2, unvoiced=1, steps=2, held_out_batches=1)


def spoken(voice: NDArray[np.float32]) -> list[Utterance]:
    said = (Phone("AA", 0.0, 1.0), Phone("M", 1.0, 3.0))
    return [
        Utterance("one", Voice("flite", "rms", "rms", "flite", "nobody"), "am", voice[:48000], said)
    ]


def test_the_judge_learns_from_people_that_are_kept_for_it(
    performances: list[Performance], voice: NDArray[np.float32], tmp_path: Path
):
    model, state = tmp_path / "judge.onnx", tmp_path / "state.pt"
    data = SpeechSet(performances, spoken(voice))
    facts = train_judge(data, SMALL, model, state, 5, data)
    kept = sum(for_judge(one.clip.person) for one in performances)
    assert (facts["steps"], facts["clips"]) == (2, kept)
    assert 0 <= facts["held-out right"] <= 1
    lower = performances[0].motion.dynamics[:, released_basis().lower]
    assert len(SyncJudge(model).scores(voice[: 640 * len(lower)], lower)) == len(SHIFTS)
