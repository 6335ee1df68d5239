"""Clocks: real time, and time that tests move."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in seconds, and waits for it."""

    def now(self) -> float: ...
    def wait(self, until: float, stop: threading.Event) -> None: ...


class RealClock:
    """The machine's monotonic time."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wait(self, until: float, stop: threading.Event) -> None:
        """Sleep until then, or until `stop` is set."""
        stop.wait(max(until - time.monotonic(), 0))


class VirtualClock:
    """Time that passes only when it is waited for, for tests."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since this clock was made."""
        return self.time

    def wait(self, until: float, stop: threading.Event) -> None:
        """Jump to then."""
        self.time = max(self.time, until)
