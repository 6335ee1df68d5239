from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.spoken.voices import Voice
from gioconda.speech import listen
from gioconda.speech.encoder import SpeechEncoder

torch = pytest.importorskip("torch")

from gioconda.training.speech.examples import SpeechSet  # noqa: E402
from gioconda.training.speech.reader import ReaderRecipe  # noqa: E402
from gioconda.training.speech.recipe import Recipe, train_speech  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


SMALL = Recipe(
    clips=3, sentences=2, unvoiced=1, steps=2, held_out_batches=1, reader=ReaderRecipe(steps=2)
)


def spoken(voice: NDArray[np.float32]) -> list[Utterance]:
    said = (Phone("AA", 0.0, 1.0), Phone("M", 1.0, 3.0))
    return [
        Utterance("one", Voice("flite", "rms", "rms", "flite", "nobody"), "am", voice[:48000], said)
    ]


def test_an_encoder_learns_and_hears(
    performances: list[Performance],
    voice: NDArray[np.float32],
    tmp_path: Path,
):
    model, state = tmp_path / "speech.onnx", tmp_path / "state.pt"
    data, held_out = (SpeechSet(some, spoken(voice)) for some in (performances, performances[:4]))
    facts = train_speech(data, SMALL, model, state, 5, held_out)
    assert facts["steps"] == 2
    assert 0 <= facts["held-out right"] <= 1
    heard = SpeechEncoder(model).whole(listen(voice[:16000]).mel)
    assert heard.features.shape == (25, 128)
    assert len(heard.mouth) == len(heard) == 25
    assert ((heard.voice >= 0) & (heard.voice <= 1)).all()


def test_the_judge_learns_from_other_people(
    performances: list[Performance], voice: NDArray[np.float32], tmp_path: Path
):
    data = SpeechSet(performances, spoken(voice))
    recipes = {kind: replace(SMALL, judge=kind == "judge") for kind in ("encoder", "judge")}
    facts = [
        train_speech(data, recipe, tmp_path / "m.onnx", tmp_path / f"{kind}.pt", 5)
        for kind, recipe in recipes.items()
    ]
    assert sum(one["clips"] for one in facts) == len(performances)
    assert min(one["clips"] for one in facts) > 0
