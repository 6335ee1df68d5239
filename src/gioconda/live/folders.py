"""Folders: what a server writes is deleted with it, however it ended."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from gioconda import machine

_PREFIX: Final = "gioconda-server-"


class OwnFolder:
    """A folder in the system's temporary one, which only this user can read.

    It is locked while its server runs; making one deletes those of servers that were killed, on
    systems with locks.
    """

    def __init__(self) -> None:
        self._lock: int | None = None
        if machine.HAS_LOCKS:
            _sweep()
            self.path, self._lock = _locked_folder()
        else:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))

    def close(self) -> None:
        """Delete it, and all in it. Closing again does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _locked_folder() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _locked(path)
        if lock is not None and path.exists():  # else another server has just swept it away
            return path, lock


def _locked(path: Path) -> int | None:
    """A descriptor that holds the folder's lock; None if another process has it."""
    lock = None
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        machine.lock(lock)
    except OSError:
        if lock is not None:
            os.close(lock)
        return None
    return lock


def _sweep() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _locked(path)
        if lock is None:
            continue
        if os.fstat(lock).st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)
        os.close(lock)
