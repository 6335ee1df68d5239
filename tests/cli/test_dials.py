"""The dials as options: what is read, what the file says, what is refused."""

import argparse
from pathlib import Path

import pytest

from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.controls import Controls
from gioconda.errors import GiocondaError


def read(*options: str) -> Controls:
    parser = argparse.ArgumentParser()
    parser.add_argument("photo")
    add_dial_options(parser)
    return read_controls(parser.parse_args(["photo.jpg", *options]))


def test_without_options_the_dials_rest() -> None:
    assert read() == Controls()


def test_options_set_constants() -> None:
    options = ["--gaze", "-10,5", "--distance", "1.2", "--amplitude", "0", "--blinks", ".5"]
    options += ["--emotion", "happy", "--emotion", "afraid:0.3", "--pose", "-5,0,2.5"]
    assert read(*options) == Controls(
        gaze=(-10, 5),
        distance=1.2,
        emotion={"happy": 1, "afraid": 0.3},
        amplitude=0,
        blinks=0.5,
        pose=(-5, 0, 2.5),
    )
    assert read("--emotion", "auto") == Controls(emotion="auto")
    assert read("--gaze=-.5,-3") == Controls(gaze=(-0.5, -3))


def test_an_option_goes_before_the_files_dial(tmp_path: Path) -> None:
    path = tmp_path / "dials.yaml"
    path.write_text("gaze: {0: [1, 2], 3: free}\ndistance: {0: 1, 2: 2}\npursuit: true\n")
    controls = Controls(gaze={0: (1, 2), 3: None}, distance={0: 1, 2: 2}, pursuit=True)
    both = str(path)
    assert read("--controls", both).at(0, 80).gaze[:75].tolist() == (
        controls.at(0, 80).gaze[:75].tolist()
    )
    assert read("--controls", both, "--distance", "0.8").distance == 0.8
    assert read("--controls", both, "--distance", "0.8").pursuit
    assert read("--controls", both, "--gaze", "free").turned == ("distance",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gaze", "45,0"], "gaze: yaw must be from -30 to 30 degrees"),
        (["--gaze", "1"], r"gaze must be \[yaw, pitch\]"),
        (["--pose", "1,2"], "pose must be"),
        (["--distance", "nan"], "distance must be from 0.5 to 2"),
        (["--distance", "-1"], "distance must be from 0.5 to 2"),
        (["--emotion", "bored"], "'bored' is none of"),
        (["--emotion", "auto:0.5"], "'auto' is none of"),
        (["--emotion", "sad:2"], "sad must be from 0 to 1"),
        (["--controls", "missing.yaml"], "missing.yaml does not exist"),
    ],
)
def test_values_out_of_range(options: list[str], says: str) -> None:
    with pytest.raises(GiocondaError, match=says):
        read(*options)


@pytest.mark.parametrize(
    "options",
    [
        ["--gaze", "left"],
        ["--gaze", "1,"],
        ["--emotion", "sad:very"],
        ["--pose", "1;2;3"],
        ["--distance", "far"],
        ["--gaze"],
    ],
)
def test_words_for_numbers(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        read(*options)
    assert stop.value.code == 2
    assert options[0] in capsys.readouterr().err
