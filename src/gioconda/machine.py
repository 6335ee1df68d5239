"""What systems do not have in common: cores that may be used, and files held by one process."""

import os
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS: Final = fcntl is not None


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lock(descriptor: int) -> None:
    """Hold a file until it is closed, or the process ends. Where there are no locks, nothing.

    Raises:
        BlockingIOError: if another process holds it.
    """
    if HAS_LOCKS:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
