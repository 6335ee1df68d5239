"""Hidden folders beside what is being made: each is held by the run that fills it.

What a run that was killed has left, the next one there removes, unless it can be gone on with.
"""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from gioconda.cache import UNUSED
from gioconda.machine import lock

_OWN: Final = re.compile(r"\.gioconda-[0-9a-f]{16}([0-9a-f]{16})?")  # the longer ones have a key
_LOCK: Final = ".lock"


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

    def remove(self) -> None:
        """It goes, with all that is in it; nothing happens if it has gone already."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def _hold(folder: Path) -> TextIO | None:
    """The lock of a folder, held; None if the folder has gone."""
    try:
        file = open(folder / _LOCK, "w")  # noqa: SIM115, held until it is closed
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
    with suppress(OSError):
        for entry in os.scandir(folder):
            own = _OWN.fullmatch(entry.name)
            if own and entry.is_dir(follow_symlinks=False):
                _remove(Path(entry), bool(own[1]))


def _remove(folder: Path, keyed: bool) -> None:
    """If nobody holds it; with a key, if its state is no longer kept."""
    with suppress(OSError):
        if keyed and folder.stat().st_mtime > time.time() - UNUSED:
            return
        with open(folder / _LOCK, "w") as file:
            if lock(file.fileno()):
                shutil.rmtree(folder, ignore_errors=True)
