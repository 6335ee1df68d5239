"""The user's cache: what one run has made and the next need not make again."""

import hashlib
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

CACHE: Final = "GIOCONDA_CACHE"  # in the environment: the folder, or OFF
OFF: Final = "off"
UNUSED: Final = 30 * 24 * 3600  # seconds after which what nobody has read goes

_DIGEST: Final = hashlib.sha256().digest_size


def cache_folder() -> Path | None:
    """Where compiled networks are kept, and what long runs must know to go on; made now if it is
    not there. None to keep nothing.

    It is `networks` in what GIOCONDA_CACHE in the environment says, or in
    $XDG_CACHE_HOME/gioconda, or in ~/.cache/gioconda. It is its owner's alone (0700); what others
    may write to, or somebody else owns, is not used, since networks are read from it as they are.
    """
    named = os.environ.get(CACHE)
    if named == OFF:
        return None
    try:
        shared = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gioconda"
        folder = (Path(named) if named else shared) / "networks"
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    if not hasattr(os, "geteuid"):  # Windows, where a user's folders are private
        return folder
    private = state.st_uid == os.geteuid() and not state.st_mode & 0o077
    return folder if private else None


def load(name: str) -> bytes | None:
    """What was saved under a name; None if nothing is there, or not all of it."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        content = (folder / name).read_bytes()
        os.utime(folder / name)
    except OSError:
        return None
    digest, content = content[:_DIGEST], content[_DIGEST:]
    return content if hashlib.sha256(content).digest() == digest else None


def save(name: str, content: bytes) -> None:
    """Keep something under a name, whole or not at all; others may save the same at once.

    What has not been loaded for a month goes. Where nothing can be kept, nothing is.
    """
    folder = cache_folder()
    if folder is None:
        return
    partial = folder / f".{name}-{secrets.token_hex(8)}"
    with suppress(OSError):
        try:
            partial.touch(mode=0o600, exist_ok=False)
            with open(partial, "wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
            os.replace(partial, folder / name)
        finally:
            partial.unlink(missing_ok=True)
        _forget(folder)


def forget(name: str) -> None:
    """Keep what was saved under a name no longer, if it is there."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            (folder / name).unlink()


def _forget(folder: Path) -> None:
    """Remove what has not been used for long, and what a killed process has left."""
    before = time.time() - UNUSED
    for file in folder.iterdir():
        with suppress(OSError):
            if file.stat().st_mtime < before:
                file.unlink()
