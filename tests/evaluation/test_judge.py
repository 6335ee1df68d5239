"""The sync judge's file is the released one, or the error says where it is."""

from pathlib import Path

import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation import judge


def test_a_checkout_has_the_released_judge():
    assert judge.released_judge().name == "judge.onnx"


def test_without_a_checkout_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "_CHECKOUT", tmp_path / "assets" / "judge.onnx")
    with pytest.raises(GiocondaError, match=r"get assets/judge\.onnx .* --judge\.$") as error:
        judge.SyncJudge()
    assert "\n" not in str(error.value)


def test_another_file_is_refused(tmp_path: Path):
    other = tmp_path / "judge.onnx"
    other.write_bytes(b"another judge")
    with pytest.raises(GiocondaError, match="is not the released sync judge"):
        judge.released_judge(other)
