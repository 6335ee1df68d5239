"""A speaker that costs nothing, and a clock that brings its sound, for tests of sessions."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gioconda import Controls
from gioconda.live import Session, VirtualClock


class Puppet:
    """Gives frame t when it has heard frame t + 2; a picture says how loud its sound was."""

    def __init__(self, clock: VirtualClock, listens: float = 0.0, draws: float = 0.0) -> None:
        self.clock, self.listens, self.draws = clock, listens, draws
        self.controls = Controls()
        self.told: list[Controls] = []
        self.heard: list[NDArray[np.float32]] = []

    def drawings(self, pcm: NDArray[np.float32]) -> list[Callable[[], NDArray[np.uint8]]]:
        assert pcm.shape == (640,)
        self.clock.time += self.listens
        self.heard.append(pcm)
        self.told.append(self.controls)
        if len(self.heard) < 3:
            return []
        loud = np.uint8(255 * np.abs(self.heard[-3]).max())

        def draw() -> NDArray[np.uint8]:
            self.clock.time += self.draws
            return np.full((2, 2, 3), loud)

        return [draw]


class Day(VirtualClock):
    """A virtual clock with a plan: what is done when."""

    def __init__(self) -> None:
        super().__init__()
        self._plan: list[tuple[float, Callable[[], object]]] = []

    def at(self, time: float, do: Callable[[], object]) -> None:
        """Do this then. To be called in the order of time."""
        self._plan.append((time, do))

    def wait(self, until: float, stop: threading.Event) -> None:
        while self._plan and self._plan[0][0] <= until:
            time, do = self._plan.pop(0)
            self.time = max(self.time, time)
            do()
        super().wait(until, stop)


def talk(
    day: Day,
    session: Session,
    sound: NDArray[np.float32],
    begin: float,
    piece: int,
    pace: float = 1,
) -> None:
    """Plan sound that comes piece by piece, each when it has been spoken."""
    for start in range(0, len(sound), piece):
        part = sound[start : start + piece]
        day.at(begin + (start + len(part)) / 16000 / pace, lambda part=part: session.append(part))
