"""Session: sound in as it comes, frames out on one clock with the sound that belongs to them.

A session is offline's loop with a clock: 25 times a second the next 640 samples go into the same
generator and renderer, silence where nothing waits. So the sound that comes out, given to an
`Animator` with what was heard of the other one, gives the same frames again, whatever the network
did. Only where pictures were left out, because the machine was too slow, teeth differ a little for
two seconds.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from gioconda.controls import Controls
from gioconda.errors import GiocondaError
from gioconda.live.dials import constant, glide
from gioconda.live.playout import SAMPLES, STEP, FrameSound, OtherBuffer, PlayoutBuffer
from gioconda.media import FPS, SAMPLE_RATE, Picture, Sound

LATE: Final = STEP  # seconds after its time from which a frame is late
_INTERRUPTED: Final = FPS // 4  # frames that an interrupted face gets to shut its mouth
_DRAWN: Final = 5  # of so many frames at least one is drawn, however late
_LOST: Final = 0.5  # seconds of delay that are given up: the clock is set anew


class State(Enum):
    """What a session does."""

    IDLE = "idle"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


_TRANSITIONS: Final = {
    State.IDLE: (State.IDLE, State.SPEAKING, State.CLOSED),
    State.SPEAKING: (State.SPEAKING, State.IDLE, State.INTERRUPTED, State.CLOSED),
    State.INTERRUPTED: (State.SPEAKING, State.IDLE, State.CLOSED),
    State.CLOSED: (),
}


class TransitionError(GiocondaError):
    """A session was asked for what it cannot do in its state."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"a session that is {before.value} cannot become {after.value}")


class Clock:
    """The machine's monotonic time; others may go otherwise."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wait(self, until: float, stop: threading.Event) -> None:
        """Sleep until then, or until `stop` is set."""
        stop.wait(max(until - time.monotonic(), 0))


class Speaker(Protocol):
    """What a session needs of an `Animator`."""

    controls: Controls

    def listen(self, pcm: Sound) -> None: ...
    def drawings(self, pcm: Sound) -> list[Callable[[], Picture]]: ...


@dataclass(frozen=True)
class Frame:
    """40 ms of a session.

    Attributes:
        number: from 0.
        time: seconds on the session's clock when it is to be shown.
        sound: (640,) what is to be heard with it; 16 kHz mono in [-1, 1].
        picture: (H, W, 3) RGB, good until the next frame; None if it was left out because there
            is too much to do: the last one stays.
        state: of the session, when its sound was taken in; an interruption shows at once.
    """

    number: int
    time: float
    sound: Sound
    picture: Picture | None
    state: State


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


class Session:
    """One portrait that speaks live.

    Any thread may call `append`, `listen`, `end_of_speech`, `interrupt`, `set` and `close`; one
    thread takes the frames by iterating.

    Args:
        speaker: an `Animator` of its own.
        microphone: sound that has waited too long is left out, as in a call; otherwise every
            word is spoken.
        clock: real time by default.
        dials: from the first frame on, as `set` takes them; by default as the speaker's are.

    Attributes:
        microphone: as above; may be changed at any time.

    Raises:
        DialError: if there is no such dial, or it cannot be set to that.
    """

    def __init__(
        self,
        speaker: Speaker,
        microphone: bool = False,
        clock: Clock | None = None,
        dials: Mapping[str, Any] | None = None,
    ) -> None:
        if dials:
            speaker.controls = constant(dials)
        self._speaker = speaker
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._state = State.IDLE
        self._interrupted = 0  # frames since the interruption
        self.microphone = microphone
        self._playout, self._other = PlayoutBuffer(), OtherBuffer()
        self._dials = dict(dials or {})
        self._controls: Controls | None = None  # that dials were set to since the last frame
        # sound that the generator has, and whose frame has not come out yet
        self._pending: deque[tuple[FrameSound, State]] = deque()
        self._drawings: deque[Callable[[], Picture]] = deque()
        self._generated = 0  # frames whose motion is made
        self._start: float | None = None  # when frame 0 was to be shown
        self._number = self._left_out = self._undrawn = 0
        self._recent: deque[Delivery] = deque(maxlen=FPS)

    @property
    def state(self) -> State:
        """What it does now."""
        return self._state

    def append(self, pcm: Sound) -> None:
        """Add sound to be spoken.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].

        Raises:
            TransitionError: if the session is closed.
            BufferFullError: if more than two minutes would wait.
        """
        if not len(pcm):
            return
        with self._lock:
            self._check(State.SPEAKING)
            self._playout.append(pcm, self._clock.now())
            self._state = State.SPEAKING

    def listen(self, pcm: Sound) -> None:
        """Add sound of the other one, to whom the portrait listens while it does not speak.

        As it is spoken: where more than a second waits, all but the last 0.2 s is discarded.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].

        Raises:
            TransitionError: if the session is closed.
        """
        with self._lock:
            self._check(State.CLOSED)
            self._other.append(pcm, self._clock.now())

    def end_of_speech(self) -> None:
        """Wait for no more sound: the speech is complete. Raises TransitionError if closed."""
        with self._lock:
            self._check(State.IDLE)
            self._playout.end()

    def interrupt(self) -> None:
        """Discard the sound that waits, and fall silent. Raises TransitionError unless speaking."""
        with self._lock:
            self._check(State.INTERRUPTED)
            self._state, self._interrupted = State.INTERRUPTED, 0
            self._playout.clear()
            # frames on their way belong to the interruption, not to the speech before it
            self._pending = deque((sound, State.INTERRUPTED) for sound, _ in self._pending)

    def set(self, dials: Mapping[str, Any]) -> None:
        """Set some dials, by the names of `Controls`; the face gets there smoothly.

        Raises:
            TransitionError: if the session is closed.
            DialError: if there is no such dial, or it cannot be set to that.
        """
        with self._lock:
            self._check(State.CLOSED)
            wanted = {**self._dials, **dials}
            self._controls = constant(wanted)
            self._dials = wanted

    def close(self) -> None:
        """End the session, and the iteration too. Closing again does nothing."""
        with self._lock:
            self._state = State.CLOSED
            self._playout.clear()
        self._stop.set()

    def statistics(self) -> Statistics:
        """How it is doing."""
        with self._lock:
            recent, playout = list(self._recent), self._playout
            span = recent[-1].ready - recent[0].ready if recent else 0.0
            drawn = sum(each.drawn for each in recent[1:])
            latencies = [each.ready - each.arrived for each in recent if each.arrived is not None]
            return Statistics(
                fps=round(drawn / span, 1) if span > 0 else 0.0,
                latency_ms=round(1000 * float(np.median(latencies)), 1) if latencies else None,
                late=round(sum(e.ready - e.due > LATE for e in recent) / max(len(recent), 1), 3),
                frames=self._number,
                left_out=self._left_out,
                underruns=playout.underruns,
                caught_up_ms=1000 * playout.caught_up // SAMPLE_RATE,
                waiting_ms=1000 * len(playout) // SAMPLE_RATE,
                seconds=self._number / FPS,
                overloaded=not all(each.drawn for each in recent),
            )

    def __iter__(self) -> Iterator[Frame]:
        """The frames, each at its time, until the session is closed."""
        while not self._stop.is_set():
            if self._start is None:
                self._generate()  # the first frame needs look-ahead, which is ready before time 0
                self._start = self._clock.now()
            now = self._clock.now()
            due = self._start + self._number * STEP
            if now < due:
                self._clock.wait(due, self._stop)
                if self._stop.is_set():
                    return
            elif now - due > _LOST:
                # what is lost is lost: a viewer would rather see the present
                self._start += now - due
                due = now
            self._generate()
            yield self._frame(due)

    # --- one frame ---

    def _frame(self, due: float) -> Frame:
        draw = self._drawings.popleft()
        with self._lock:
            sound, state = self._pending.popleft()
        drawn = self._clock.now() - due <= LATE or self._undrawn + 1 >= _DRAWN
        picture = draw() if drawn else None
        self._undrawn = 0 if drawn else self._undrawn + 1
        frame = Frame(self._number, self._number * STEP, sound.pcm, picture, state)
        now = self._clock.now()
        with self._lock:
            self._recent.append(Delivery(now, due, sound.arrived, drawn))
            self._number += 1
            self._left_out += not drawn
        return frame

    def _generate(self) -> None:
        """Give the generator sound until there is a frame to draw."""
        while not self._drawings:
            with self._lock:
                state = self._state
                sound, other = self._next_sound(), self._other.take()
                self._pending.append((sound, state))
                controls, self._controls = self._controls, None
            if controls is not None:
                self._speaker.controls = glide(self._speaker.controls, controls, self._generated)
            if other is not None:
                self._speaker.listen(other)
            drawings = self._speaker.drawings(sound.pcm)
            self._generated += len(drawings)
            self._drawings.extend(drawings)

    def _next_sound(self) -> FrameSound:
        if self._state is State.SPEAKING:
            sound = self._playout.take(self.microphone)
            if sound.last:
                self._state = State.IDLE
            return sound
        if self._state is State.INTERRUPTED:
            self._interrupted += 1
            if self._interrupted >= _INTERRUPTED:
                self._state = State.IDLE
        return FrameSound(np.zeros(SAMPLES, np.float32), None)

    def _check(self, after: State) -> None:
        """Raise TransitionError unless the session can become this."""
        if after not in _TRANSITIONS[self._state]:
            raise TransitionError(self._state, after)
