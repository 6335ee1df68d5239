"""Statistics: how a session keeps its pace."""

from collections.abc import Sequence
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


class Delivery(NamedTuple):
    """When a frame was ready and when it should have been.

    Attributes:
        arrived: when the newest of its sound arrived, or None for silence.
        drawn: whether it has a picture.
    """

    ready: float
    due: float
    arrived: float | None
    drawn: bool


def summarise(
    recent: Sequence[Delivery], frames: int, left_out: int, playout: PlayoutBuffer
) -> Statistics:
    """How a session is doing.

    Args:
        recent: the last second's frames.
        frames, left_out: how many there were so far, and how many of them without a picture.
        playout: the session's sound.
    """
    span = recent[-1].ready - recent[0].ready if recent else 0.0
    drawn = sum(each.drawn for each in recent[1:])
    latencies = [each.ready - each.arrived for each in recent if each.arrived is not None]
    return Statistics(
        fps=round(drawn / span, 1) if span > 0 else 0.0,
        latency_ms=round(1000 * float(np.median(latencies)), 1) if latencies else None,
        late=sum(each.ready - each.due > LATE for each in recent) / max(len(recent), 1),
        frames=frames,
        left_out=left_out,
        underruns=playout.underruns,
        caught_up_ms=1000 * playout.caught_up // SAMPLE_RATE,
        waiting_ms=1000 * len(playout) // SAMPLE_RATE,
        seconds=frames / FPS,
        overloaded=not all(each.drawn for each in recent),
    )
