import os
from pathlib import Path

import pytest

from gioconda.errors import GiocondaError
from gioconda.media.files import PendingFile, check_apart, check_readable


def test_a_readable_file_passes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    check_readable(tmp_path / "a")


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(GiocondaError, match="does not exist"):
        check_readable(tmp_path / "missing")
    with pytest.raises(GiocondaError, match="is a folder"):
        check_readable(tmp_path)
    with pytest.raises(GiocondaError, match="is empty"):
        check_readable(tmp_path / "empty")
    with pytest.raises(GiocondaError, match=r"does not exist|cannot be opened"):
        check_readable(Path("a\0b"))


def test_a_pending_file_is_hidden_until_it_is_committed(tmp_path: Path) -> None:
    file = PendingFile(tmp_path / "a.mp4", (".mp4",))
    assert not (tmp_path / "a.mp4").exists()
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    file.partial.write_text("whole")
    file.commit()
    file.discard()
    assert os.listdir(tmp_path) == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "whole"


def test_a_committed_file_may_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    file = PendingFile(tmp_path / "a.mp4", (".mp4",))
    file.partial.touch()
    file.commit()
    file.discard()
    assert (tmp_path / "a.mp4").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_discarded_file_leaves_the_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("older")
    PendingFile(tmp_path / "a.mp4", (".mp4",)).discard()
    assert os.listdir(tmp_path) == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "older"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.avi", r"ends in '\.avi'; expected \.mp4"),
        ("a", r"has no ending; expected \.mp4"),
        ("no/such/a.mp4", "does not exist"),
        ("folder.mp4", "is a folder"),
        ("a\0.mp4", "cannot be written"),
        ("a" * 300 + ".mp4", "cannot be written"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(GiocondaError, match=reason):
        PendingFile(tmp_path / name, (".mp4",))
    assert os.listdir(tmp_path) == ["folder.mp4"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_folder_that_is_not_writable_is_refused_at_once() -> None:
    with pytest.raises(GiocondaError, match="cannot be written"):
        PendingFile("/proc/self/a.mp4", (".mp4",))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_write_protected_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch(mode=0o444)
    with pytest.raises(GiocondaError, match="write-protected"):
        PendingFile(tmp_path / "a.mp4", (".mp4",))


@pytest.mark.parametrize("name", ["https://example.org/a.jpg", "http://x/a", "s3://bucket/a.wav"])
def test_an_address_is_no_file_and_that_is_said(name: str) -> None:
    with pytest.raises(GiocondaError, match=r"web address; .* download it first"):
        check_readable(Path(name))


def test_an_output_under_any_name_of_an_input_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("older")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "a.mp4")
    os.link(tmp_path / "a.mp4", tmp_path / "hard.mp4")
    for name in ("a.mp4", "link.mp4", "hard.mp4", "./a.mp4"):
        with pytest.raises(GiocondaError, match="both input and output"):
            check_apart(f"{tmp_path}/{name}", ["missing", tmp_path / "a.mp4"])
    check_apart(tmp_path / "new.mp4", [tmp_path / "a.mp4"])
    check_apart(tmp_path / "a.mp4", [tmp_path / "b.mp4"])
