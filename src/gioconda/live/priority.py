"""Priority: what may take its time does not take it from frames."""

import os
import sys
import threading
from contextlib import suppress
from typing import Final

_LATER: Final = 5  # of the scheduler's 20 steps down


def step_back() -> None:
    """Let other threads of this process go first from now on, where the system knows how."""
    if sys.platform == "linux":  # there a thread has a priority of its own
        with suppress(OSError):
            thread = threading.get_native_id()
            later = os.getpriority(os.PRIO_PROCESS, thread) + _LATER
            os.setpriority(os.PRIO_PROCESS, thread, later)
