"""Session: sound in as it comes, frames out on one clock with the sound that belongs to them.

A session is offline's loop with a clock: 25 times a second the next 640 samples go into the same
generator and renderer, silence where nothing waits. So the sound that comes out, given to an
`Animator`, gives the same frames again, whatever the network did. Only where pictures were left
out, because the machine was too slow, teeth differ a little for two seconds.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Controls
from gioconda.errors import GiocondaError
from gioconda.live.inbox import Inbox
from gioconda.media import FPS, SAMPLE_RATE

SAMPLES: Final = SAMPLE_RATE // FPS  # of a frame
STEP: Final = 1 / FPS  # seconds
AHEAD: Final = 120 * SAMPLE_RATE  # samples that may wait

# What waits before the first sample is spoken, so that the next piece may be a little late.
# It grows when something has been late, by so much at once.
_MARGIN, _MOST_MARGIN, _MORE_MARGIN = SAMPLE_RATE // 100, SAMPLE_RATE // 5, SAMPLE_RATE // 25
_CALMER: Final = 0.8  # a microphone's margin shrinks so in a second in which nothing was late
_PATIENCE: Final = FPS  # frames without sound, until a speaker is taken to be silent
_SETTLE: Final = FPS // 4  # frames that an interrupted face gets to shut its mouth
_FADE: Final = 32  # samples
# To catch up, a pause is shortened to this many frames. A pause is fainter than a share of the
# loudest frame of late, or than so much.
_PAUSE, _FAINT, _FAINTEST, _FALL = 3, 0.05, 0.002, 0.98
# A microphone's sound that waits longer than the first is left out down to the second.
_STALE, _FRESH = 2 * SAMPLE_RATE // 5, SAMPLE_RATE // 10
# A picture later than this is left out; but every so many frames one is drawn.
_LATE, _AT_LEAST = STEP, 5
_LOST: Final = 0.5  # seconds of delay that are given up: the clock is set anew
_GLIDE, _GLANCE = 0.2, 0.08  # seconds that dials and eyes take to where they are set


class State(Enum):
    """What a session does."""

    IDLE = "idle"
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


_MOVES: Final = {
    State.IDLE: (State.IDLE, State.SPEAKING, State.CLOSED),
    State.SPEAKING: (State.SPEAKING, State.IDLE, State.INTERRUPTED, State.CLOSED),
    State.INTERRUPTED: (State.SPEAKING, State.IDLE, State.CLOSED),
    State.CLOSED: (State.CLOSED,),
}


class TransitionError(GiocondaError):
    """A session was asked for what it cannot do in its state."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"a session that is {before.value} cannot become {after.value}")


class Speaker(Protocol):
    """What a session needs of an `Animator`."""

    controls: Controls

    def drawings(self, pcm: NDArray[np.float32]) -> list[Callable[[], NDArray[np.uint8]]]: ...


class Clock(Protocol):
    """Tells and waits for the time."""

    def now(self) -> float: ...
    def wait(self, until: float, stop: threading.Event) -> None: ...


class RealClock:
    """The time that passes, in seconds."""

    def now(self) -> float:
        """Seconds since some time."""
        return time.monotonic()

    def wait(self, until: float, stop: threading.Event) -> None:
        """Sleep until then, or until told to stop."""
        stop.wait(max(until - time.monotonic(), 0))


class VirtualClock:
    """A time that passes only when it is waited for, for tests."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since this clock was made."""
        return self.time

    def wait(self, until: float, stop: threading.Event) -> None:
        """It is then."""
        self.time = max(self.time, until)


@dataclass(frozen=True)
class Frame:
    """40 ms of a session.

    Attributes:
        number: from 0.
        time: seconds on the session's clock when it is to be shown.
        sound: (640,) what is to be heard with it; 16 kHz mono in [-1, 1].
        picture: (H, W, 3) RGB, good until the next frame; None if it was left out because there
            is too much to do: the last one stays.
        state: of the session, when its sound was taken in; an interruption is told at once.
    """

    number: int
    time: float
    sound: NDArray[np.float32]
    picture: NDArray[np.uint8] | None
    state: State


@dataclass(frozen=True)
class Statistics:
    """How a session is doing; see docs/live.md."""

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


class Session:
    """One portrait, awake.

    Any thread may call `append`, `end_of_speech`, `interrupt`, `set` and `close`; one thread takes
    the frames by iterating.

    Args:
        speaker: an `Animator` of its own.
        microphone: sound that has waited too long is left out, as in a call; otherwise every
            word is spoken.
        clock: real time by default.
        dials: from the first frame on, as `set` takes them; by default as the speaker's are.

    Raises:
        GiocondaError: if there is no such dial, or it cannot be set to that.
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
        self.microphone = microphone
        self._speaker = speaker
        self._clock = clock or RealClock()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._state = State.IDLE
        self._inbox = Inbox()
        self._ended = False  # nothing more belongs to what is being said
        self._flowing = False  # sound went into the last frame
        self._gap = 0  # samples of silence since sound was late
        self._still = 0  # frames since the last sound, or since the interruption
        self._debt = 0  # samples of silence that a pause can give back
        self._margin = _MARGIN
        self._spares: deque[int] = deque(maxlen=FPS)  # samples that waited after each frame
        self._piece = 0  # samples that come together
        self._loudest, self._pause = 0.0, 0
        self._dials = dict(dials or {})
        self._turned: Controls | None = None
        self._fed: deque[tuple[NDArray[np.float32], float | None, State]] = deque()
        self._ready: deque[Callable[[], NDArray[np.uint8]]] = deque()
        self._moved = 0  # frames whose motion is made
        self._anchor: float | None = None  # when frame 0 was to be shown
        self._number = self._undrawn = 0
        self._left_out = self._underruns = self._caught_up = 0
        # of the last second: when it was ready, how late, after its sound, whether drawn
        self._recent: deque[tuple[float, float, float | None, bool]] = deque(maxlen=FPS)

    @property
    def state(self) -> State:
        """What it does now."""
        return self._state

    def append(self, pcm: NDArray[np.float32]) -> None:
        """Sound to be spoken.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].

        Raises:
            TransitionError: if the session is closed.
            GiocondaError: if more than two minutes would wait.
        """
        if not len(pcm):
            return
        with self._lock:
            if len(self._inbox) + len(pcm) > AHEAD:
                raise GiocondaError(
                    f"more than {AHEAD // SAMPLE_RATE} s of sound would wait; send it later"
                )
            self._move(State.SPEAKING)
            self._ended = False
            self._piece = len(pcm)
            self._inbox.append(pcm, self._clock.now())

    def end_of_speech(self) -> None:
        """What was sent is all: do not wait for more. Raises TransitionError if closed."""
        with self._lock:
            if self._state is State.CLOSED:
                raise TransitionError(self._state, State.IDLE)
            self._ended = True

    def interrupt(self) -> None:
        """Say no more of what was sent. Raises TransitionError unless speaking."""
        with self._lock:
            self._move(State.INTERRUPTED)
            self._silence()
            # what was said before is still on its way, and not spoken any more
            self._fed = deque((*fed[:2], State.INTERRUPTED) for fed in self._fed)

    def set(self, dials: Mapping[str, Any]) -> None:
        """Turn some dials, by the names of `Controls`; the face gets there smoothly.

        Raises:
            TransitionError: if the session is closed.
            GiocondaError: if there is no such dial, or it cannot be set to that.
        """
        with self._lock:
            if self._state is State.CLOSED:
                raise TransitionError(self._state, self._state)
            wanted = {**self._dials, **dials}
            self._turned = constant(wanted)
            self._dials = wanted

    def close(self) -> None:
        """The end; the iteration ends too. Closing again does nothing."""
        with self._lock:
            self._state = State.CLOSED
            self._inbox.clear()
        self._stop.set()

    def statistics(self) -> Statistics:
        """How it is doing."""
        with self._lock:
            recent = list(self._recent)
            waiting = len(self._inbox)
        spans = recent[-1][0] - recent[0][0] if len(recent) > 1 else 0.0
        drawn = sum(each[3] for each in recent[1:])
        waits = [each[2] for each in recent if each[2] is not None]
        return Statistics(
            fps=round(drawn / spans, 1) if spans > 0 else 0.0,
            latency_ms=round(1000 * float(np.median(waits)), 1) if waits else None,
            late=sum(each[1] > _LATE for each in recent) / max(len(recent), 1),
            frames=self._number,
            left_out=self._left_out,
            underruns=self._underruns,
            caught_up_ms=1000 * self._caught_up // SAMPLE_RATE,
            waiting_ms=1000 * waiting // SAMPLE_RATE,
            seconds=self._number / FPS,
            overloaded=not all(each[3] for each in recent),
        )

    def __iter__(self) -> Iterator[Frame]:
        """The frames, each at its time, until the session is closed."""
        while not self._stop.is_set():
            if self._anchor is None:
                self._fill()
                self._anchor = self._clock.now()
            now = self._clock.now()
            due = self._anchor + self._number * STEP
            if now < due:
                self._clock.wait(due, self._stop)
                if self._stop.is_set():
                    return
            elif now - due > _LOST:
                # what is lost is lost: a viewer would rather see the present
                self._anchor += now - due
                due = now
            self._fill()
            yield self._frame(due)

    # --- one frame ---

    def _frame(self, due: float) -> Frame:
        draw = self._ready.popleft()
        with self._lock:
            sound, heard, state = self._fed.popleft()
        picture = None
        if self._clock.now() - due <= _LATE or self._undrawn + 1 >= _AT_LEAST:
            picture = draw()
            self._undrawn = 0
        else:
            self._undrawn += 1
            self._left_out += 1
        now = self._clock.now()
        assert self._anchor is not None
        frame = Frame(self._number, self._number * STEP, sound, picture, state)
        with self._lock:
            waited = None if heard is None else now - heard
            self._recent.append((now, now - due, waited, picture is not None))
        self._number += 1
        return frame

    def _fill(self) -> None:
        while not self._ready:
            self._feed()

    def _feed(self) -> None:
        """The next 40 ms go to the generator."""
        with self._lock:
            state = self._state
            sound, heard = self._next_sound()
            self._fed.append((sound, heard, state))
            turned, self._turned = self._turned, None
        if turned is not None:
            self._speaker.controls = glide(self._speaker.controls, turned, self._moved)
        drawings = self._speaker.drawings(sound)
        self._moved += len(drawings)
        self._ready.extend(drawings)

    def _next_sound(self) -> tuple[NDArray[np.float32], float | None]:
        """640 samples, and when the newest that was sent came."""
        if self._state is State.SPEAKING:
            if self.microphone:
                self._leave_out_stale()
            return self._flow() if self._flowing else self._lead_in()
        if self._state is State.INTERRUPTED:
            self._still += 1
            if self._still >= _SETTLE:
                self._move(State.IDLE)
        return np.zeros(SAMPLES, np.float32), None

    def _flow(self) -> tuple[NDArray[np.float32], float | None]:
        self._catch_up()
        pcm, heard = self._inbox.take(SAMPLES)
        self._spares.append(len(self._inbox))
        whole = np.zeros(SAMPLES, np.float32)
        whole[: len(pcm)] = pcm
        if self._ended:
            if not len(self._inbox):
                self._rest()
        elif len(pcm) < SAMPLES:
            fade = min(_FADE, len(pcm))
            whole[len(pcm) - fade : len(pcm)] *= np.linspace(1, 0, fade, dtype=np.float32)
            self._flowing = False
            self._spares.clear()
            self._gap, self._still = SAMPLES - len(pcm), 0
        self._heed(whole)
        return whole, heard

    def _lead_in(self) -> tuple[NDArray[np.float32], float | None]:
        """Silence, then sound, so much of it that the margin waits on."""
        whole = np.zeros(SAMPLES, np.float32)
        margin = self._margin
        if self._gap and len(self._inbox):
            margin = min(margin + min(self._gap, _MORE_MARGIN), _MOST_MARGIN)
        # pieces that do not make up whole frames leave more at one time than at another
        uneven = self._piece if self._piece and SAMPLES % self._piece else 0
        spare = 0 if self._ended else max(margin, min(uneven, _MOST_MARGIN))
        size = int(np.clip(len(self._inbox) - spare, 0, SAMPLES))
        if not size:
            self._still += 1
            self._gap += SAMPLES if self._gap else 0
            if self._still > _PATIENCE or (self._ended and not len(self._inbox)):
                self._rest()
            return whole, None
        pcm, heard = self._inbox.take(size)
        # the end of a recording is filled up behind, as offline
        whole[:size] = pcm
        if not self._ended:
            whole = np.roll(whole, SAMPLES - size)
        if self._gap:
            fade = min(_FADE, size)
            begin = SAMPLES - size if not self._ended else 0
            whole[begin : begin + fade] *= np.linspace(0, 1, fade, dtype=np.float32)
            self._underruns += 1
            self._debt += self._gap + SAMPLES - size
            self._margin = margin
        self._gap, self._flowing = 0, True
        self._still = 0
        if self._ended and not len(self._inbox):
            self._rest()
        self._heed(whole)
        return whole, heard

    def _catch_up(self) -> None:
        """Shorten the pause that is on, if silence had to be put in before."""
        if self.microphone:
            self._trim()
        while (
            self._debt >= SAMPLES
            and self._pause >= _PAUSE
            and len(self._inbox) >= 2 * SAMPLES + self._margin
            and self._faint(self._inbox.look(SAMPLES))
        ):
            self._inbox.take(SAMPLES)
            self._debt = max(self._debt - SAMPLES, 0)
            self._caught_up += SAMPLES

    def _trim(self) -> None:
        """Leave out of a microphone's pause what was not needed for a second.

        Its clock may be quicker than ours, and what came in a burst would wait for good.
        """
        if self._pause < _PAUSE or len(self._spares) < FPS:
            return
        self._margin = max(_MARGIN, int(_CALMER * self._margin))
        spare = min(self._spares) - self._margin
        self._spares.clear()
        if spare > 0 and self._faint(self._inbox.look(spare)):
            self._inbox.take(spare)
            self._debt = max(self._debt - spare, 0)
            self._caught_up += spare

    def _leave_out_stale(self) -> None:
        if len(self._inbox) > _STALE:
            stale = len(self._inbox) - _FRESH
            self._inbox.take(stale)
            self._spares.clear()
            self._debt = 0
            self._caught_up += stale

    def _heed(self, pcm: NDArray[np.float32]) -> None:
        """Notice how loud the voice is and whether it pauses."""
        self._pause = self._pause + 1 if self._faint(pcm) else 0
        self._loudest = max(self._loudest * _FALL, _loudness(pcm))

    def _faint(self, pcm: NDArray[np.float32]) -> bool:
        return _loudness(pcm) < max(self._loudest * _FAINT, _FAINTEST)

    # --- states ---

    def _move(self, after: State) -> None:
        if after not in _MOVES[self._state] or self._state is State.CLOSED:
            raise TransitionError(self._state, after)
        self._state = after

    def _rest(self) -> None:
        """All is said."""
        self._silence()
        self._move(State.IDLE)

    def _silence(self) -> None:
        self._inbox.clear()
        self._spares.clear()
        self._ended = self._flowing = False
        self._gap = self._debt = self._still = 0
        self._margin = max(_MARGIN, self._margin // 2)


def _loudness(pcm: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(pcm))))


# --- dials ---


def constant(dials: Mapping[str, Any]) -> Controls:
    """Controls of constants, as JSON gives them.

    Raises:
        GiocondaError: if there is no such dial, or it cannot be set to that.
    """
    names = ("gaze", "distance", "emotion", "amplitude", "blinks", "pose")
    for name, value in dials.items():
        if name not in names:
            raise GiocondaError(f"{name!r:.40} is no dial; there are {', '.join(names)}")
        if isinstance(value, Mapping) and name != "emotion":
            raise GiocondaError(f"{name} must be constant, keyframes are for files")
    given = dict(dials)
    if given.get("gaze") == "free":
        given["gaze"] = None
    return Controls(**given)


def glide(before: Controls, after: Controls, frame: int) -> Controls:
    """From where the dials are in a frame to where they are to be."""
    now = frame / FPS
    there, here = after.at(0, 1), before.at(frame, frame + 1)
    slow, quick = now + _GLIDE, now + _GLANCE

    def pose(values: NDArray[np.float32]) -> tuple[float, ...]:
        turned = np.clip(np.degrees(values[:3].astype(float)), -30, 30)
        return (*turned.tolist(), *np.clip(values[3:5].astype(float), -1, 1).tolist())

    def gaze(values: NDArray[np.float32]) -> tuple[float, float] | None:
        if np.isnan(values).any():
            return None
        yaw, pitch = np.clip(np.degrees(values.astype(float)), -30, 30).tolist()
        return yaw, pitch

    def emotion(values: NDArray[np.float32]) -> dict[str, float]:
        return dict(zip(EMOTIONS, values.astype(float).tolist(), strict=True))

    return Controls(
        gaze={now: gaze(here.gaze[0]), quick: gaze(there.gaze[0])},
        distance={now: float(here.distance[0]), slow: float(there.distance[0])},
        emotion={now: emotion(here.emotion[0]), slow: emotion(there.emotion[0])},
        amplitude={now: float(here.amplitude[0]), slow: float(there.amplitude[0])},
        blinks=float(there.blinks[0]),
        pose={now: pose(here.pose[0]), slow: pose(there.pose[0])},
        pursuit=True,
    )
