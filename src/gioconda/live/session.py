"""Session: sound in as it comes, frames out on one clock with the sound that belongs to them.

A session is offline's loop with a clock: 25 times a second the next 40 ms go into the same
generator and renderer, silence where nothing waits. So what the face heard, given to an `Animator`
with what was heard of the other one, gives the same frames again, whatever the network did; but
for pictures that were left out because the machine was too slow.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any, ClassVar, Final, NamedTuple, Protocol
from weakref import WeakSet

import numpy as np

from gioconda.controls import Controls
from gioconda.errors import GiocondaError
from gioconda.live.dials import constant, glide
from gioconda.live.frame import Delivery, Frame, State, Statistics
from gioconda.live.inputs import OtherBuffer, check_rate, check_sound
from gioconda.live.playout import STEP, FrameSound, PlayoutBuffer
from gioconda.media import FPS, SAMPLE_RATE, Picture, Sound
from gioconda.start import warm_up

LATE: Final = STEP  # seconds after its time from which a frame is late
_INTERRUPTED: Final = FPS // 4  # frames that an interrupted face gets to shut its mouth
_DRAWN: Final = 5  # of so many frames at least one is drawn, however late
_TIMED: Final = 5  # pictures whose median says how long the next one takes
_LOST: Final = 0.5  # seconds of delay that are given up: the clock is set anew


class ClosedError(GiocondaError):
    """A session was asked for something after its end."""


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


@dataclass
class _Moment:
    """The sound of a frame that has not come out yet, and the state in which it was taken in."""

    number: int
    sound: FrameSound
    state: State


class _Drawn(NamedTuple):
    """A frame that waits for its sound."""

    number: int
    due: float
    ready: float
    picture: Picture | None


class Session:
    """One portrait that speaks live.

        session = gioconda.Session(gioconda.Animator(portrait), sample_rate=24000)
        session.append(pcm)  # as it comes, from any thread
        for frame in session:  # 25 a second; or: async for frame in session
            show(frame.picture, frame.sound)

    Any thread may call `append`, `listen`, `end_of_speech`, `interrupt`, `set` and `close`; one
    thread, or one task, takes the frames by iterating.

    Args:
        speaker: an `Animator` of its own. Its pictures are given out as it draws them.
        microphone: drop sound that has waited too long, as in a call; otherwise the portrait
            speaks every word.
        clock: real time by default.
        dials: from the first frame on, as `set` takes them; by default as the speaker's are.
        sample_rate: of the sound in and out, in Hz: a multiple of 25 from 8000 to 192000.

    Attributes:
        microphone: as above; may be changed at any time.
        sample_rate: as above.

    Raises:
        DialError: if there is no such dial, or it cannot be set to that.
        GiocondaError: if there cannot be such a sample rate, or another session has the speaker.
    """

    _speakers: ClassVar[WeakSet[Speaker]] = WeakSet()  # that sessions have, or had
    _taking: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        speaker: Speaker,
        microphone: bool = False,
        clock: Clock | None = None,
        dials: Mapping[str, Any] | None = None,
        sample_rate: int = SAMPLE_RATE,
    ) -> None:
        self.sample_rate = check_rate(sample_rate, FPS)
        controls = constant(dials) if dials else None
        self._take(speaker)
        if controls is not None:
            speaker.controls = controls
        self._speaker: Speaker | None = speaker  # none once it is closed
        self._turn = threading.Lock()  # of who draws with it
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._state = State.IDLE
        self._interrupted = 0  # frames since the interruption
        self.microphone = microphone
        self._playout, self._other = PlayoutBuffer(sample_rate), OtherBuffer()
        self._dials = dict(dials or {})
        self._controls: Controls | None = None  # that dials were set to since the last frame
        # sound that the generator has, and whose frame has not come out yet
        self._moments: deque[_Moment] = deque()
        self._drawings: deque[Callable[[], Picture]] = deque()
        self._taken = self._generated = 0  # frames whose sound is taken in, whose motion is made
        self._start: float | None = None  # when frame 0 was to be shown
        self._number = self._left_out = self._undrawn = 0
        self._spoken: tuple[int, int] | None = None  # utterance that is on, samples of it
        self._cut: tuple[int, int] | None = None  # the same of one that was interrupted
        self._recent: deque[Delivery] = deque(maxlen=FPS)
        self._drawing: deque[float] = deque(maxlen=_TIMED)  # seconds that pictures took

    @classmethod
    def _take(cls, speaker: Speaker) -> None:
        """Two sessions would share one face's history, and mix their sound in it."""
        with cls._taking:
            if speaker in cls._speakers:
                raise GiocondaError(
                    "this animator has had a session; make another for each: "
                    "Session(Animator(portrait))"
                )
            cls._speakers.add(speaker)

    @property
    def state(self) -> State:
        """What the session does now."""
        return self._state

    def warm_up(self) -> None:
        """Load, compile and draw what the first frame needs, so that it comes at once.

        Call it before you iterate: in a new process, frames would be late for seconds without it.
        """
        try:
            with self._turn:
                if self._start is not None or self._drawings or self._stop.is_set():
                    return
                warm_up()
                self._generate()
                picture = np.array(self._drawings[0]())
                self._drawings[0] = lambda: picture
        finally:
            self._let_go_if_closed()

    def append(self, pcm: Sound) -> int | None:
        """Add sound to speak.

        Args:
            pcm: (samples,) mono in [-1, 1] at the session's sample rate.

        Returns:
            The number of its utterance, which its frames will have; None for no sound.

        Raises:
            ClosedError: if the session is closed.
            BufferFullError: if more than two minutes would wait.
            GiocondaError: if it is no such sound.
        """
        if not len(check_sound(pcm)):
            return None
        with self._lock:
            self._check()
            utterance = self._playout.append(pcm, self._clock.now())
            self._state = State.SPEAKING
            return utterance

    def listen(self, pcm: Sound, sample_rate: int | None = None) -> None:
        """Add sound of the other one, to whom the portrait listens while it does not speak.

        As it is spoken: where more than a second waits, all but the last 0.2 s is discarded.

        Args:
            pcm: (samples,) mono in [-1, 1].
            sample_rate: in Hz; the session's by default.

        Raises:
            ClosedError: if the session is closed.
            GiocondaError: if it is no such sound, or cannot have that rate.
        """
        rate = self.sample_rate if sample_rate is None else check_rate(sample_rate)
        with self._lock:
            self._check()
            self._other.append(check_sound(pcm), self._clock.now(), rate)

    def end_of_speech(self) -> None:
        """Wait for no more sound: the utterance is complete. The next sound begins another.

        Raises ClosedError if the session is closed.
        """
        with self._lock:
            self._check()
            self._playout.end()

    def interrupt(self) -> None:
        """Discard the sound that waits, and fall silent; what is silent or closed stays so.

        No frame that is taken after this has any sound from before it; the mouth shuts within
        a quarter of a second.
        """
        with self._lock:
            under_way = any(moment.sound.utterance is not None for moment in self._moments)
            if self._state is State.CLOSED or not (under_way or self._state is State.SPEAKING):
                return
            self._state, self._interrupted = State.INTERRUPTED, 0
            self._playout.clear()
            self._cut, self._spoken = self._spoken or self._cut, None
            # frames on their way belong to the interruption, not to the speech before it
            silent = self._playout.silence().original
            for moment in self._moments:
                moment.state = State.INTERRUPTED
                moment.sound = FrameSound(moment.sound.pcm, silent)

    def set(self, dials: Mapping[str, Any]) -> None:
        """Set some dials, by the names of `Controls`; the face gets there smoothly.

        Raises:
            ClosedError: if the session is closed.
            DialError: if there is no such dial, or it cannot be set to that.
        """
        with self._lock:
            self._check()
            wanted = {**self._dials, **dials}
            self._controls = constant(wanted)
            self._dials = wanted

    def close(self) -> None:
        """End session and iteration, and let the speaker go. Closing again does nothing."""
        with self._lock:
            self._state = State.CLOSED
            self._playout.clear()
        self._stop.set()
        self._let_go_if_closed()  # else the thread that draws does it

    def statistics(self) -> Statistics:
        """How the session is doing."""
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
        while (drawn := self._next()) is not None:
            yield self._give(drawn)

    async def __aiter__(self) -> AsyncIterator[Frame]:
        """The same for asyncio: frames are drawn in a thread, one ahead, the next meanwhile."""
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "gioconda-session")
        try:
            coming = loop.run_in_executor(thread, self._next, True)
            while (drawn := await asyncio.shield(coming)) is not None:
                coming = loop.run_in_executor(thread, self._next, True)
                yield self._give(drawn)
        finally:
            await asyncio.wait([coming])  # nobody else may draw before
            thread.shutdown(wait=False)

    # --- one frame ---

    def _next(self, keep: bool = False) -> _Drawn | None:
        """Wait for the next frame's time, and draw it; None if the session is closed meanwhile.

        Its picture is good until the next, or longer if it is to `keep`.
        """
        try:
            with self._turn:
                return None if self._stop.is_set() else self._draw_next(keep)
        finally:
            self._let_go_if_closed()

    def _draw_next(self, keep: bool) -> _Drawn | None:
        if self._start is None:
            self._generate()  # the first frame needs look-ahead, which is ready before time 0
            self._start = self._clock.now()
        now = self._clock.now()
        due = self._start + self._number * STEP
        behind = now > due
        if now < due:
            self._clock.wait(due, self._stop)
            if self._stop.is_set():
                return None
        elif now - due > _LOST:
            # what is lost is lost: a viewer would rather see the present
            self._start += now - due
            due = now
        self._generate()
        draw, number = self._drawings.popleft(), self._number
        drawn = not behind or self._in_time(due) or self._undrawn + 1 >= _DRAWN
        picture = self._draw(draw) if drawn else None
        self._undrawn = 0 if drawn else self._undrawn + 1
        with self._lock:
            self._number += 1
            self._left_out += not drawn
        copied = np.array(picture) if keep and picture is not None else picture
        return _Drawn(number, due, self._clock.now(), copied)

    def _let_go_if_closed(self) -> None:
        """Keep nothing to draw by: it is large, and who still knows of the session may be many.

        Whoever draws meanwhile does it afterwards.
        """
        if self._stop.is_set() and self._turn.acquire(blocking=False):
            self._drawings.clear()
            self._speaker = None
            self._turn.release()

    def _in_time(self, due: float) -> bool:
        """Whether a picture that is begun now will not be late."""
        return self._clock.now() + median(self._drawing or [0.0]) - due <= LATE

    def _draw(self, draw: Callable[[], Picture]) -> Picture:
        begin = self._clock.now()
        picture = draw()
        self._drawing.append(self._clock.now() - begin)
        return picture

    def _give(self, drawn: _Drawn) -> Frame:
        """The frame with its sound, which an interruption may have silenced meanwhile."""
        with self._lock:
            while (moment := self._moments.popleft()).number < drawn.number:
                pass  # drawn for an iteration that was left
            sound, (number, due, ready, picture) = moment.sound, drawn
            self._recent.append(Delivery(ready, due, sound.arrived, picture is not None))
            utterance, spoken = sound.utterance, sound.spoken
            ends = sound.last and utterance is not None
            if self._cut is not None:
                (utterance, spoken), ends, self._cut = self._cut, True, None
            elif utterance is not None:
                self._spoken = None if ends else (utterance, spoken)
        return Frame(
            number,
            number * STEP,
            sound.original,
            sound.pcm,
            picture,
            moment.state,
            utterance,
            sound.begins,
            ends,
            spoken,
        )

    def _generate(self) -> None:
        """Give the generator sound until there is a frame to draw."""
        assert self._speaker is not None
        while not self._drawings:
            with self._lock:
                state = self._state
                sound, other = self._next_sound(), self._other.take()
                self._moments.append(_Moment(self._taken, sound, state))
                self._taken += 1
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
            if sound.last and self._playout.empty:
                self._state = State.IDLE
            return sound
        if self._state is State.INTERRUPTED:
            self._interrupted += 1
            if self._interrupted >= _INTERRUPTED:
                self._state = State.IDLE
        return self._playout.silence()

    def _check(self) -> None:
        if self._state is State.CLOSED:
            raise ClosedError("the session is closed")
