"""Motion: checked when made, the same after a file."""

from pathlib import Path

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.motion import Motion


def make(frames: int = 5) -> Motion:
    rng = np.random.default_rng(0)
    pose, dynamics = rng.normal(size=(frames, 6)), rng.normal(size=(frames, 32))
    return Motion(pose.astype(np.float32), dynamics.astype(np.float32), "some-basis")


def test_a_file_gives_the_motion_back(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    make().save(path)
    back = Motion.load(path)
    assert (back.pose == make().pose).all()
    assert (back.dynamics == make().dynamics).all()
    assert back.basis == "some-basis"
    assert [file.name for file in tmp_path.iterdir()] == ["m.npz"]


def test_a_slice_is_a_motion() -> None:
    part = make()[1:3]
    assert len(part) == 2
    assert (part.pose == make().pose[1:3]).all()


def test_motion_about_another_middle_keeps_its_changes() -> None:
    middle = np.arange(6, dtype=np.float32)
    moved = make().about(middle)
    np.testing.assert_allclose(np.median(moved.pose, axis=0), middle, atol=1e-5)
    np.testing.assert_allclose(np.diff(moved.pose, axis=0), np.diff(make().pose, axis=0), atol=1e-5)


@pytest.mark.parametrize(
    ("pose", "dynamics", "reason"),
    [
        (np.zeros((3, 5)), np.zeros((3, 8)), r"pose must be \(T, 6\), not \(3, 5\)"),
        (np.zeros((3, 6)), np.zeros((4, 8)), r"dynamics must be \(3, D\), not \(4, 8\)"),
        (np.full((3, 6), np.nan), np.zeros((3, 8)), "finite"),
    ],
)
def test_wrong_shapes_are_told(pose: np.ndarray, dynamics: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Motion(pose.astype(np.float32), dynamics.astype(np.float32), "b")


def test_files_that_are_no_motion_are_refused(tmp_path: Path) -> None:
    text, other, later = (tmp_path / f"{name}.npz" for name in ("text", "other", "later"))
    text.write_text("no motion")
    np.savez(other, a=np.zeros(3))
    np.savez(later, version=99, basis="b", pose=np.zeros((1, 6)), dynamics=np.zeros((1, 2)))
    for path, reason in (
        (text, "not a motion file"),
        (other, "not a motion file"),
        (later, "version 99"),
        (tmp_path / "missing.npz", "does not exist"),
    ):
        with pytest.raises(GiocondaError, match=reason):
            Motion.load(path)


def test_a_name_or_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "m.txt", tmp_path / "missing" / "m.npz"):
        with pytest.raises(GiocondaError):
            make().save(path)
    assert not list(tmp_path.iterdir())
