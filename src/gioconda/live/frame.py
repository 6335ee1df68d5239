"""What comes out of a session: frames, and how it is doing."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from gioconda.media import Picture, Sound


class State(Enum):
    """What a session does."""

    IDLE = "idle"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


@dataclass(frozen=True)
class Frame:
    """40 ms of a session.

    Every utterance that begins also ends, in a frame of its own if it was interrupted; no frame
    has sound of two.

    Attributes:
        number: from 0.
        time: seconds on the session's clock when it is to be shown.
        sound: (sample_rate / 25,) what is to be heard with it, as it was given; mono in [-1, 1].
        heard: (640,) what the face moves by, at 16 kHz; given to an `Animator` it makes the same
            pictures again. After an interruption it is not silent at once, `sound` is.
        picture: (H, W, 3) RGB, (H, W, 4) before a transparent background; None if it was left out
            because there is too much to do: the last one stays. Good until the next frame, or for
            good in `async for`.
        state: of the session, when its sound was taken in; an interruption shows at once.
        utterance: number of the utterance that it belongs to, from its first sound to its end,
            gaps included; None while the portrait is idle.
        begins: whether the utterance begins with it.
        ends: whether the utterance ends with it, spoken or interrupted.
        spoken: samples of the utterance that have come out, with this frame's.
    """

    number: int
    time: float
    sound: Sound
    heard: Sound
    picture: Picture | None
    state: State
    utterance: int | None = None
    begins: bool = False
    ends: bool = False
    spoken: int = 0

    @property
    def idle(self) -> bool:
        """Whether nobody speaks in it: its silence need not be played."""
        return self.utterance is None


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
