"""The whole evaluation on the generator that is there, and on ones that misbehave."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.cli.figures import show_figures
from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation import generator as evaluation
from gioconda.evaluation.generator import (
    GeneratorResult,
    SeedDifferences,
    evaluate_generator,
    evaluate_seeds,
    shuffle,
)
from gioconda.evaluation.silence import Drift
from gioconda.evaluation.speed import Delay, bench_generator, measure_delay
from gioconda.evaluation.trials import generate, read_trials
from gioconda.face.basis import released_basis
from gioconda.generator import BaselineGenerator
from gioconda.motion import Motion
from tests.evaluation.motions import talking
from tests.speech.sounds import voice

BASIS = released_basis()


class _Late:
    """Gives frames three at a time, when two more frames of sound are there."""

    def __init__(self, seed: int) -> None:
        self._heard, self._given = 0, 0

    def append(self, pcm: NDArray[np.float32]) -> Motion:
        self._heard += len(pcm)
        ready = max(0, (self._heard // 640 - 2) // 3 * 3)
        return self._give(ready - self._given)

    def finish(self) -> Motion:
        return self._give(-(-self._heard // 640) - self._given)

    def _give(self, count: int) -> Motion:
        self._given += count
        return talking(np.zeros(count))


class _Forgetful(_Late):
    """Each piece of sound has frames of its own."""

    def _give(self, count: int) -> Motion:
        return talking(np.linspace(0, 1, count))


def test_the_delay_is_read_off_without_being_told() -> None:
    assert measure_delay(_Late, voice(2)) == Delay(3, 80, 200)
    assert measure_delay(BaselineGenerator, voice(2)) == Delay(1, 80, 120)


def test_a_generator_is_timed_alone_and_against_drawing() -> None:
    found = bench_generator({"version 0": BaselineGenerator}, size=128, seconds=2)
    (row,) = found.generators.values()
    assert row.fps > 0
    assert row.p95_ms >= row.median_ms > 0
    assert row.to_rendering * found.render_ms == pytest.approx(1000 / row.fps)


def test_the_seed_decides_and_nothing_else() -> None:
    found = evaluate_seeds(BaselineGenerator, voice(4))
    assert found.two_seeds > 0.1
    assert found.one_seed == 0
    assert found.pieces < 1e-4
    assert evaluate_seeds(_Late, voice(4)) == SeedDifferences(0, 0, 0)
    assert evaluate_seeds(_Forgetful, voice(4)).pieces > 0


def test_trials_hold_what_the_set_has(clips: list[Clip]) -> None:
    (trial, *_) = read_trials(clips, BASIS)
    assert (trial.speech, len(trial.motion), len(trial.pcm)) == (slice(0, 125), 125, 80000)
    assert [phone.name for phone in trial.phones] == ["SIL", "AA", "P", "AA"]
    assert len(generate(BaselineGenerator, trial.pcm)) == len(trial.spoken)


def test_every_trial_hears_another(clips: list[Clip]) -> None:
    trials = read_trials(clips[:3], BASIS)
    made = [talking(np.full(length, i)) for i, length in enumerate((125, 50, 125))]
    found = shuffle(trials, made)
    assert [len(motion) for motion in found] == [125, 125, 125]
    for mine, other in zip(made, found, strict=True):
        assert (mine.dynamics[0] != other.dynamics[0]).any()


def test_all_figures_are_there_and_shown(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def quick(make: Any, sounds: Any, basis: Any) -> Any:
        return {"yaw": Drift(1, 1, 1, 1, 1)}

    monkeypatch.setattr(evaluation, "evaluate_long", quick)
    monkeypatch.setattr(evaluation, "evaluate_silence", lambda make, basis: {})
    found = evaluate_generator(clips, [], {"version 0": BaselineGenerator})
    assert (found.people, found.trials, found.long_people) == (8, 8, 8)
    assert _columns_with(found, "lips") == {"version 0", "shuffled"}
    assert _columns_with(found, "closures") == {"real", "version 0", "shuffled"}
    assert _columns_with(found, "movement") == {"real", "version 0"}
    assert found.movement_interval is not None
    assert found.columns["version 0"].distance is not None
    assert found.columns["version 0"].distance.made > 0
    show_figures(found, as_json=False)
    shown = capsys.readouterr().out
    for name in ("real", "shuffled", "mouth opening, r", "lips meet", "head speed", "two seeds"):
        assert name in shown
    show_figures(found, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["trials"] == 8
    assert printed["columns"]["version 0"]["seeds"]["one_seed"] == 0


def _columns_with(found: GeneratorResult, name: str) -> set[str]:
    return {column for column, scores in found.columns.items() if getattr(scores, name)}


def test_one_clip_is_too_few(clips: list[Clip]) -> None:
    with pytest.raises(GiocondaError, match="1 held-out clips have speech"):
        evaluate_generator(clips[:1], [], {"version 0": BaselineGenerator})
