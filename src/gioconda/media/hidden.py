"""Hidden folders beside what is being made: each is held by the run that fills it.

What a run that was killed has left, the next one there removes, unless it can be gone on with.
"""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

from gioconda.cache import UNUSED
from gioconda.machine import HAS_LOCKS, lock

_OWN: Final = re.compile(r"\.gioconda-[0-9a-f]{16}([0-9a-f]{16})?")  # the longer ones have a key
_LOCK: Final = ".lock"
# What others may have put there is neither followed nor waited for; Windows has no such flags.
_FLAGS: Final = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class HiddenFolder:
    """A hidden folder beside a file that is being made. No other run touches it until it is
    removed, or this process ends.

    Args:
        beside: the file.
        key: 32 hex digits that stand for what is made, which another run can then go on with; by
            default the folder serves this run alone.

    Attributes:
        path: the folder.

    Raises:
        BlockingIOError: if another run holds the folder of this key.
        OSError: if it cannot be made.
    """

    def __init__(self, beside: Path, key: str | None = None) -> None:
        held = None
        while held is None:  # who sweeps may have removed what nobody held yet
            self.path = beside.with_name(f".gioconda-{key or secrets.token_hex(8)}")
            self.path.mkdir(mode=0o700, exist_ok=True)
            try:
                held = _hold(self.path)
            except BlockingIOError:
                if key:
                    raise
        self._lock = held

    def leave(self) -> None:
        """It stays for another run, which may have it at once."""
        self._lock.close()

    def remove(self) -> None:
        """It goes, with all that is in it; nothing happens if it has gone already."""
        _clear(self.path, self._lock)


def _opened(folder: Path) -> FileIO:
    """The lock of a folder, as it is."""
    return open(
        folder / _LOCK, "r+b", 0, opener=lambda path, flags: os.open(path, flags | _FLAGS, 0o600)
    )


def _hold(folder: Path) -> FileIO | None:
    """The lock of a folder, held; None if the folder has gone."""
    try:
        file = _opened(folder)
    except FileNotFoundError:
        return None
    try:
        lock(file.fileno())
        if os.path.samestat(os.fstat(file.fileno()), os.stat(folder / _LOCK)):
            return file
    except FileNotFoundError:
        pass
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def sweep(folder: Path) -> None:
    """Remove the hidden folders that no run holds, but those that one can still go on with."""
    found: list[os.DirEntry[str]] = []
    with suppress(OSError, ValueError), os.scandir(folder) as entries:  # or a name no file can have
        found += entries
    for entry in found:
        own = _OWN.fullmatch(entry.name)
        with suppress(OSError):  # another run has removed it
            if own and entry.is_dir(follow_symlinks=False) and _is_ours(entry):
                _remove(Path(entry), bool(own[1]))


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether this user has made it, where the system knows users."""
    owner = entry.stat(follow_symlinks=False).st_uid
    return not hasattr(os, "geteuid") or owner == os.geteuid()


def _remove(folder: Path, keyed: bool) -> None:
    """If nobody holds it; with a key, if its state is no longer kept."""
    with suppress(OSError):
        if keyed and folder.stat().st_mtime > time.time() - UNUSED:
            return
        with _opened(folder) as file:
            if lock(file.fileno()):
                _clear(folder, file)


def _clear(folder: Path, held: FileIO) -> None:
    """Remove a folder before its lock is let go, so that nobody takes it in between."""
    if not HAS_LOCKS:  # as on Windows, where an open file cannot be removed
        held.close()
    shutil.rmtree(folder, ignore_errors=True)
    held.close()
    with suppress(OSError):  # on NFS what was open goes only now, and then the folder can
        folder.rmdir()
