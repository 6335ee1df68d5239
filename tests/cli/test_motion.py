"""gioconda motion: a voice becomes a motion file."""

import wave
from pathlib import Path

import numpy as np
import pytest

from gioconda.animator import HOP
from gioconda.cli import main
from gioconda.generator import LATER, Generator
from gioconda.media import to_int16
from gioconda.motion import Motion


def test_a_frame_for_every_40_ms_of_voice(
    tmp_path: Path, voice_path: Path, voice: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.npz"
    assert main(["motion", str(voice_path), "-o", str(path), "--seed", "3"]) == 0
    motion = Motion.load(path)
    assert len(motion) == -(-len(voice) // 640)
    assert f"{len(motion)} frames" in capsys.readouterr().out
    generator = Generator(3, later=LATER)
    first = generator.append(voice[:HOP])
    np.testing.assert_array_equal(motion.pose[: len(first)], first.pose)
    np.testing.assert_array_equal(motion.dynamics[: len(first)], first.dynamics)


def test_the_dials_reach_the_generator(tmp_path: Path, voice_path: Path) -> None:
    path = tmp_path / "m.npz"
    assert main(["motion", str(voice_path), "-o", str(path), "--amplitude", "0"]) == 0
    assert not Motion.load(path).pose.any()


def test_who_listens_does_so_until_the_other_one_has_ended(
    tmp_path: Path, voice: np.ndarray
) -> None:
    own, other, path = tmp_path / "own.wav", tmp_path / "other.wav", tmp_path / "m.npz"
    write_sound(own, np.zeros(16000, np.float32))
    write_sound(other, voice[:32000])
    assert main(["motion", str(own), "--listen", str(other), "-o", str(path)]) == 0
    motion = Motion.load(path)
    assert len(motion) == 50
    generator = Generator(later=LATER)
    generator.listen(voice[:32000])
    first = generator.append(np.zeros(32000, np.float32))
    np.testing.assert_allclose(motion.pose[: len(first)], first.pose, atol=1e-4)


def write_sound(path: Path, sound: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(to_int16(sound).astype("<i2").tobytes())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gaze", "50,0"], "gaze: yaw must be"),
        (["--amplitude", "3"], "amplitude must be from 0 to 2"),
        (["--gaze", "-10,0", "--blinks", "9"], "blinks must be from 0 to 4"),
        (["--seed", "-1"], "seed must be 0 or more"),
        (["--controls", "CONTROLS"], "line 2: 'blinks' is set twice"),
        (["--output", "no/such/m.npz"], "folder"),
        (["--output", "m.txt"], ".npz"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    options: list[str],
    says: str,
    tmp_path: Path,
    voice_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "dials.yaml").write_text("blinks: 1\nblinks: 2\n")
    options = [str(tmp_path / "dials.yaml") if o == "CONTROLS" else o for o in options]
    output = str(tmp_path / "m.npz")
    assert main(["motion", str(voice_path), "-o", output, *options]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("gioconda: error: ")
    assert says in lines[0]
    assert [file.name for file in tmp_path.iterdir()] == ["dials.yaml"]


def test_a_voice_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["motion", str(tmp_path / "a.wav"), "-o", str(tmp_path / "m.npz")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
