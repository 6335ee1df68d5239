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
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_LARGE: Final = 4 << 20  # bytes


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


def bound_heap() -> None:
    """Let glibc keep little of what is freed. Elsewhere, nothing.

    Each new thread gets an arena of its own, up to eight for each core, and each arena keeps what
    was once taken from it: 28 MiB after a portrait's networks. So all threads share two. What is
    large has pages of its own, which leave no hole; glibc would raise that bound to the largest
    block that was ever freed, and then each part of a long video would leave holes of its encoder.
    """
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_ARENA_MAX, 2)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_TRIM_THRESHOLD, _LARGE)


def give_back() -> None:
    """Return to the system what glibc keeps of freed memory. Elsewhere, nothing.

    After what takes much and comes seldom: a portrait or a video leaves up to 100 MiB behind.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
