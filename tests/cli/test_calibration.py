"""``gioconda train calibration``: what is printed, what is set, what is refused."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from gioconda.cli import main
from gioconda.face.basis import released_basis
from gioconda.generator import Generator
from gioconda.generator.calibration import Calibration
from gioconda.inference import CALIBRATION, read_calibration

RELEASED = Path(__file__).parents[2] / "src/gioconda/weights/generator.zip"


def run(*options: str) -> int:
    return main(["train", "calibration", str(RELEASED), *options])


def test_it_prints_the_released_numbers_which_are_the_recipes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run() == 0
    assert "gate_voice=0.5\n" in capsys.readouterr().out
    assert read_calibration(RELEASED, "a generator", Calibration) == Calibration()


def test_numbers_are_set_and_all_else_stays(tmp_path: Path) -> None:
    model = tmp_path / "still.zip"
    assert run("--set", "articulation=0", "meet=0.1,0.3", "gate_hold=9", "-o", str(model)) == 0
    found = read_calibration(model, "a generator", Calibration)
    assert found == Calibration(articulation=0.0, meet=(0.1, 0.3), gate_hold=9)
    with ZipFile(RELEASED) as before, ZipFile(model) as after:
        assert before.namelist() == after.namelist()
        for name in {*before.namelist()} - {CALIBRATION}:
            assert before.read(name) == after.read(name)


def test_a_generator_obeys_its_files_numbers(tmp_path: Path, voice: NDArray[np.float32]) -> None:
    model = tmp_path / "still.zip"
    assert run("--set", "articulation=0", "-o", str(model)) == 0
    still, released = (Generator(0, model=file).append(voice[:8000]) for file in (model, None))
    lower = released_basis().lower
    moves, usual = (np.abs(one.dynamics[:, lower]).max() for one in (still, released))
    assert moves < 0.2 * usual  # they still meet
    assert_array_equal(still.pose, released.pose)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "gain=2", "-o", "x.zip"], "no calibration gain; it has pose_scale, gaze_scale"),
        (["--set", "gate_voice", "-o", "x.zip"], "gate_voice is not NAME=VALUE"),
        (["--set", "gate_voice=much", "-o", "x.zip"], "gate_voice must be 1 number, as 0.5 is"),
        (["--set", "gate_voice=nan", "-o", "x.zip"], "gate_voice must be 1 number"),
        (["--set", "steps=2.5", "-o", "x.zip"], "steps must be 1 whole number, as 3 is"),
        (["--set", "meet=0.1", "-o", "x.zip"], "meet must be 2 numbers, as 0.45,0.55 is; is 0.1"),
        (["--set", "gate_voice=2"], "give --set and -o together"),
        (["--set", "gate_voice=2", "-o", "x.onnx"], "expected .zip"),
    ],
)
def test_what_cannot_be_set_is_refused(
    options: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*options) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_without_one_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert main(["train", "calibration", str(tmp_path / "empty.zip")]) == 2
    assert "calibration.json is missing or cannot be read" in capsys.readouterr().err
