"""Files on the disk: checked before they are read, whole before they have a name."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gioconda.errors import GiocondaError
from gioconda.media.hidden import HiddenFolder

# "https://" and the like; a path has lost one of the two slashes. One letter is a drive.
_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def check_readable(path: Path) -> None:
    """Raise GiocondaError unless `path` is a file with something in it that may be read."""
    try:
        if not path.exists() and _ADDRESS.match(str(path)):
            raise GiocondaError(
                f"{path.name or path} is a web address; expected a file on this machine, "
                "download it first."
            )
        if path.is_dir():
            raise GiocondaError(f"{path} is a folder; expected a file.")
        if not path.is_file():
            raise GiocondaError(f"{path} does not exist; check the name.")
        with path.open("rb") as file:
            if not file.read(1):
                raise GiocondaError(f"{path} is empty (0 bytes); expected a complete file.")
    except (OSError, ValueError) as error:
        raise GiocondaError(f"{path} cannot be opened: {reason(error)}.") from error


def check_folder(path: Path) -> None:
    """Raise GiocondaError unless the folder that `path` is to be written into exists."""
    if not path.parent.is_dir():
        raise GiocondaError(f"The folder {path.parent} does not exist; make it or name another.")


def check_apart(output: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Raise GiocondaError if what is to be written is one of the files that are read."""
    for path in inputs:
        try:
            same = os.path.samefile(output, path)
        except (OSError, ValueError):  # one of them is not there
            continue
        if same:
            raise GiocondaError(
                f"{os.fspath(output)} is both input and output and would be overwritten; "
                "give another name for the output."
            )


class PendingFile:
    """A file in a hidden folder beside its final name, until it is whole.

    Making one creates the hidden folder (of `partial`), so a folder that is missing or not
    writable is found before any work is done. `commit` gives the file its final name in one
    step; `discard` removes it. The final name is never touched before `commit`.

    Raises GiocondaError if the name does not end in one of `suffixes` (lower case, with the
    dot), if its folder does not exist, or if the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], suffixes: Collection[str]) -> None:
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if suffix not in suffixes:
            raise GiocondaError(
                f"{self.path} {ending(self.path.suffix)}; expected {' or '.join(suffixes)}."
            )
        try:
            self._check()
            self._hidden = HiddenFolder(self.path)
            self.partial = self._hidden.path / f"whole{suffix}"
        except (OSError, ValueError) as error:
            raise write_error(self.path, error) from error

    def _check(self) -> None:
        check_folder(self.path)
        if self.path.is_dir():
            raise GiocondaError(f"{self.path} is a folder; expected the name of a file.")
        with suppress(FileNotFoundError):
            os.lstat(self.path)  # refuses a name that is too long
            if self.path.is_file() and not os.access(self.path, os.W_OK):
                raise GiocondaError(f"{self.path} is write-protected; name another file.")

    @property
    def address(self) -> str:
        """Where FFmpeg is to write."""
        return f"file:{self.partial}"

    @property
    def files(self) -> list[Path]:
        """What has been written."""
        return [self.partial]

    def commit(self) -> None:
        """Give the whole file its final name, in place of an older file of that name."""
        try:
            os.replace(self.partial, self.path)
        except OSError as error:
            raise write_error(self.path, error) from error

    def discard(self) -> None:
        """Remove what is hidden; nothing happens if it has gone already."""
        self._hidden.remove()


class PendingFolder(PendingFile):
    """As `PendingFile`, a folder of numbered files, 000001 and on, in a new name's place.

    Raises GiocondaError if there is a file of that name, or a folder that is not empty; what is
    in it could be another's.
    """

    def __init__(self, path: str | os.PathLike[str], suffix: str) -> None:
        self.path, self._suffix = Path(path), suffix
        try:
            check_folder(self.path)
            if self.path.exists() and not self.path.is_dir():
                raise GiocondaError(f"{self.path} is a file; expected the name of a new folder.")
            if self.path.is_dir() and any(self.path.iterdir()):
                raise GiocondaError(f"{self.path} is not empty; name a new folder.")
            self._hidden = HiddenFolder(self.path)
            self.partial = self._hidden.path / "whole"
            self.partial.mkdir()
        except (OSError, ValueError) as error:
            raise write_error(self.path, error) from error

    @property
    def address(self) -> str:
        """Where FFmpeg is to write, with a place for the number."""
        folder = str(self.partial).replace("%", "%%")
        return f"file:{folder}/%06d{self._suffix}"

    @property
    def files(self) -> list[Path]:
        """What has been written."""
        return sorted(self.partial.iterdir())


class StandardOutput:
    """In the place of a `PendingFile`, what others read at once: it cannot be taken back.

    Raises GiocondaError if it is a terminal.
    """

    path = Path("-")
    address = "pipe:1"

    def __init__(self) -> None:
        if os.isatty(1):
            raise GiocondaError("standard output is a terminal; pipe it into a program.")

    @property
    def files(self) -> list[Path]:
        """None can be changed."""
        return []

    def commit(self) -> None:
        """All has been written."""

    def discard(self) -> None:
        """What has been written stays."""


@contextmanager
def whole_file(path: str | os.PathLike[str], suffixes: Collection[str]) -> Iterator[Path]:
    """Yields the hidden file of a `PendingFile`, which gets its name if the block ends well.

    Raises GiocondaError as `PendingFile`, and if the block cannot write.
    """
    file = PendingFile(path, suffixes)
    try:
        yield file.partial
        file.commit()
    except OSError as error:
        raise write_error(file.path, error) from error
    finally:
        file.discard()


def ending(suffix: str) -> str:
    """What an error says of a name with this suffix."""
    return f"ends in '{suffix}'" if suffix else "has no ending"


def write_error(path: Path, error: BaseException) -> GiocondaError:
    """The error that tells a user why `path` could not be written."""
    return GiocondaError(f"{path} cannot be written: {reason(error)}.")


def reason(error: BaseException) -> str:
    """What an exception says, in one line and without a full stop."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")
