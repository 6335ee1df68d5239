"""A fake `Animator` that costs nothing, and a clock with a plan, for tests of sessions."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gioconda import Controls
from gioconda.live import Session
from gioconda.live.session import Clock


class VirtualClock(Clock):
    """Time that passes only when it is waited for."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since this clock was made."""
        return self.time

    def wait(self, until: float, stop: threading.Event) -> None:
        """Jump to then."""
        self.time = max(self.time, until)


class FakeAnimator:
    """Gives frame t when it has the sound of frame t + 2; a picture says how loud it was."""

    def __init__(self, clock: VirtualClock, generating: float = 0.0, drawing: float = 0.0) -> None:
        self.clock, self.generating, self.drawing = clock, generating, drawing
        self.controls = Controls()
        self.given: list[Controls] = []
        self.sounds: list[NDArray[np.float32]] = []
        self.heard: dict[int, NDArray[np.float32]] = {}  # of the other one, by frame of sound

    def listen(self, pcm: NDArray[np.float32]) -> None:
        assert pcm.shape == (640,)
        self.heard[len(self.sounds)] = pcm

    def drawings(self, pcm: NDArray[np.float32]) -> list[Callable[[], NDArray[np.uint8]]]:
        assert pcm.shape == (640,)
        self.clock.time += self.generating
        self.sounds.append(pcm)
        self.given.append(self.controls)
        if len(self.sounds) < 3:
            return []
        loud = np.uint8(255 * np.abs(self.sounds[-3]).max())

        def draw() -> NDArray[np.uint8]:
            self.clock.time += self.drawing
            return np.full((2, 2, 3), loud)

        return [draw]


class PlannedClock(VirtualClock):
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


def speak(
    clock: PlannedClock,
    session: Session,
    sound: NDArray[np.float32],
    begin: float,
    piece: int,
    pace: float = 1,
) -> None:
    """Plan sound that comes piece by piece, each when it has been spoken."""
    for start in range(0, len(sound), piece):
        part = sound[start : start + piece]
        clock.at(begin + (start + len(part)) / 16000 / pace, lambda part=part: session.append(part))
