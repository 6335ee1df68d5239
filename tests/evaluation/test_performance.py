"""All figures of a performance are there, and shown."""

import json

import pytest

from gioconda.cli.performance import show_performance
from gioconda.errors import GiocondaError
from gioconda.evaluation import head_movement
from gioconda.evaluation.performance import CLIPS, evaluate_performance
from gioconda.generator import BaselineGenerator


def test_all_figures_are_there_and_shown(clips, capsys, monkeypatch):
    monkeypatch.setattr(head_movement, "minute_of_speech", lambda sounds: sounds[0])
    found = evaluate_performance(clips, [], {"version 0": BaselineGenerator})
    assert (found.people, found.families, found.long_people) == (8, {"others": 8}, 8)
    assert list(found.columns) == ["real", "version 0", "version 0, other sound"]
    real, made, other = found.columns.values()
    assert real.articulation["others"].ratio is None
    assert made.articulation["others"].ratio is not None
    assert made.head is not None
    assert made.head.ratio is not None
    assert real.blinks is not None
    assert set(made.shapes) == set(other.shapes) == {CLIPS}
    assert real.contacts[CLIPS]["p, b, m"].phones == made.contacts[CLIPS]["p, b, m"].phones == 8
    assert other.lips is not None
    assert not other.articulation
    show_performance(found, as_json=False)
    shown = capsys.readouterr().out
    for name in ("lip protrusion, r", "brow height", "head yaw", "lids under", "two voices"):
        assert name in shown
    show_performance(found, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["columns"]["version 0"]["articulation"]["others"]["ratio"]["opening"] >= 0


def test_one_clip_is_too_few(clips):
    with pytest.raises(GiocondaError, match="1 held-out clips have speech"):
        evaluate_performance(clips[:1], [], {"version 0": BaselineGenerator})
