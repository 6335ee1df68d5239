"""Statistics: how a session keeps its pace."""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from gioconda.live.playout import STEP, PlayoutBuffer
from gioconda.media import FPS, SAMPLE_RATE

LATE: Final = STEP  # seconds after its time from which a frame is late


@dataclass(frozen=True)
class Statistics:
    """How a session is doing; docs/live.md says what each number means."""

    fps: float
    latency_ms: float | None
    late: float
    frames: int
    left_out: int
    underruns: int
    caught_up_ms: int
    waiting_ms: int
    seconds: float
    overloaded: bool


class _Record(NamedTuple):
    """A frame: when it was ready, how long after its time and after its sound, whether drawn."""

    ready: float
    delay: float
    latency: float | None
    drawn: bool


class Recorder:
    """Counts frames, and keeps the last second's. Not to be called by two threads at once."""

    def __init__(self) -> None:
        self._recent: deque[_Record] = deque(maxlen=FPS)
        self._frames = self._left_out = 0

    def add(self, ready: float, due: float, arrived: float | None, drawn: bool) -> None:
        """Count a frame.

        Args:
            ready: when it was ready.
            due: when it should have been.
            arrived: when the newest of its sound arrived, or None for silence.
            drawn: whether it has a picture.
        """
        latency = None if arrived is None else ready - arrived
        self._recent.append(_Record(ready, ready - due, latency, drawn))
        self._frames += 1
        self._left_out += not drawn

    def summary(self, playout: PlayoutBuffer) -> Statistics:
        """The statistics now, with those of the session's sound."""
        recent = list(self._recent)
        span = recent[-1].ready - recent[0].ready if len(recent) > 1 else 0.0
        drawn = sum(each.drawn for each in recent[1:])
        latencies = [each.latency for each in recent if each.latency is not None]
        return Statistics(
            fps=round(drawn / span, 1) if span > 0 else 0.0,
            latency_ms=round(1000 * float(np.median(latencies)), 1) if latencies else None,
            late=sum(each.delay > LATE for each in recent) / max(len(recent), 1),
            frames=self._frames,
            left_out=self._left_out,
            underruns=playout.underruns,
            caught_up_ms=1000 * playout.caught_up // SAMPLE_RATE,
            waiting_ms=1000 * len(playout) // SAMPLE_RATE,
            seconds=self._frames / FPS,
            overloaded=not all(each.drawn for each in recent),
        )
