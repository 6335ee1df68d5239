"""gioconda export: a motion file as weights of blendshapes."""

import csv
from pathlib import Path

import numpy as np
import pytest

from gioconda.cli import main
from gioconda.face.basis import released_basis
from gioconda.motion import Motion


def still(basis: str | None = None) -> Motion:
    released = released_basis()
    dynamics = np.zeros((30, len(released.dynamics)), np.float32)
    return Motion(np.zeros((30, 6), np.float32), dynamics, basis or released.name)


def test_a_still_face_is_a_table_of_zeros(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still().save(tmp_path / "m.npz")
    assert main(["export", str(tmp_path / "m.npz"), "-o", str(tmp_path / "w.csv")]) == 0
    assert "30 frames (1.2 s)" in capsys.readouterr().out
    with open(tmp_path / "w.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[-1].pop("Timecode") == "00:00:01:04.000"
    assert rows[-1].pop("BlendshapeCount") == "61"
    assert {float(value) for value in rows[-1].values()} == {0}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.npz", "w.csv"]


@pytest.mark.parametrize(
    ("motion", "output", "says"),
    [
        ("missing.npz", "w.csv", "does not exist"),
        ("text.npz", "w.csv", "not a motion file"),
        ("other.npz", "w.csv", "is in the basis another"),
        ("good.npz", "w.txt", "expected .csv"),
        ("good.npz", "none/w.csv", "folder"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    motion: str, output: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still().save(tmp_path / "good.npz")
    still("another").save(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no motion")
    (tmp_path / "w.csv").write_text("from before")
    assert main(["export", str(tmp_path / motion), "-o", str(tmp_path / output)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert (tmp_path / "w.csv").read_text() == "from before"
    assert not list(tmp_path.glob(".gioconda-*"))
