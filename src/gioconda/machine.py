"""What systems do not have in common: cores that may be used, files held by one process, memory."""

import ctypes
import os
from contextlib import suppress
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS: Final = fcntl is not None
_ARENA_MAX: Final = -8  # of malloc.h


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lock(descriptor: int) -> bool:
    """Hold a file until it is closed, or the process ends.

    Returns:
        Whether it is held: some systems, and some file systems, have no locks.

    Raises:
        BlockingIOError: if another process holds it.
    """
    if not HAS_LOCKS:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def share_arenas() -> None:
    """Let all threads allocate from two of glibc's arenas. Elsewhere, nothing.

    Each new thread gets an arena of its own, up to eight for each core, and each arena keeps what a
    portrait's networks once took: 28 MiB.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def give_back() -> None:
    """Return to the system what glibc keeps of freed memory. Elsewhere, nothing.

    After what takes much and comes seldom: a portrait or a video leaves up to 100 MiB behind.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
