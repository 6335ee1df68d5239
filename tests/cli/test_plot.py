"""gioconda plot: a motion file as a picture."""

import sys
from pathlib import Path

import numpy as np
import pytest

from gioconda.cli import main
from gioconda.cli.plot import measured
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.media import read_image
from gioconda.motion import Motion


def still(frames: int = 30) -> Motion:
    basis = released_basis()
    dynamics = np.zeros((frames, len(basis.dynamics)), np.float32)
    return Motion(np.zeros((frames, 6), np.float32), dynamics, basis.name)


def panel(motion: Motion, word: str) -> dict[str, np.ndarray]:
    return next(lines for title, lines in measured(motion).items() if title.startswith(word))


def test_with_and_without_a_voice(tmp_path: Path, voice_path: Path) -> None:
    still().save(tmp_path / "m.npz")
    line = ["plot", str(tmp_path / "m.npz"), "-o"]
    assert main([*line, str(tmp_path / "mute.png")]) == 0
    assert main([*line, str(tmp_path / "voiced.png"), "--audio", str(voice_path)]) == 0
    mute, voiced = (read_image(tmp_path / f"{name}.png") for name in ("mute", "voiced"))
    assert mute.shape[1] == voiced.shape[1] >= 1000
    assert voiced.shape[0] > mute.shape[0]
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".npz", ".png", ".png"]


def test_one_frame_is_enough(tmp_path: Path) -> None:
    still(1).save(tmp_path / "m.npz")
    assert main(["plot", str(tmp_path / "m.npz"), "-o", str(tmp_path / "m.png")]) == 0


def test_eyes_that_hold_still_in_a_turning_head_look_aside() -> None:
    motion = still(2)
    motion.pose[1] = [np.radians(10), np.radians(5), 0, 0.1, -0.2, np.log(1.5)]
    gaze, turned, moved = (panel(motion, word) for word in ("Gaze", "Head turned", "Head moved"))
    assert np.diff(gaze["yaw, right"])[0] == pytest.approx(10, abs=0.5)
    assert np.diff(gaze["pitch, up"])[0] == pytest.approx(5, abs=0.5)
    assert [values[1] for values in turned.values()] == pytest.approx([10, 5, 0], abs=1e-4)
    assert [values[1] for values in moved.values()] == pytest.approx([10, -20, 50], abs=1e-4)


def test_long_motion_is_measured_as_a_whole() -> None:
    motion = still(2100)
    motion.dynamics[:] = np.random.default_rng(0).normal(size=motion.dynamics.shape)
    basis = released_basis()
    opening = measure.mouth_opening(basis.rebuild(motion.dynamics, basis.mean))
    np.testing.assert_allclose(panel(motion, "Mouth")[""], 100 * opening, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("motion", "output", "says"),
    [
        ("missing.npz", "m.png", "does not exist"),
        ("text.npz", "m.png", "not a motion file"),
        ("other.npz", "m.png", "is in the basis another"),
        ("good.npz", "m.jpg", "expected .png"),
        ("good.npz", "none/m.png", "folder"),
    ],
)
def test_what_cannot_be_plotted_is_one_line(
    motion: str, output: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still().save(tmp_path / "good.npz")
    Motion(still().pose, still().dynamics, "another").save(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no motion")
    assert main(["plot", str(tmp_path / motion), "-o", str(tmp_path / output)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert {file.suffix for file in tmp_path.iterdir()} == {".npz"}


def test_missing_matplotlib_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", str(tmp_path / "m.npz"), "-o", str(tmp_path / "m.png")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("gioconda: error: the plot needs matplotlib")
    assert "pip install 'gioconda-portrait[data]'" in error
