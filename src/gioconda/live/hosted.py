"""Hosted session: a session of the server, the client that is connected to it, and its thread."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, Protocol, assert_never

from gioconda.live import messages
from gioconda.live.errors import RefusalError, refusal_of
from gioconda.live.fragments import Fragments
from gioconda.live.frame import Frame, State
from gioconda.live.portraits import jpeg
from gioconda.live.session import Session
from gioconda.media import FPS, Picture, Sound

_QUALITY: Final = 85  # of pictures as JPEG
START_FAILED: Final = "the session failed to start; begin another"


class Sink(Protocol):
    """A connection that takes what a session gives. Any thread may call it."""

    @property
    def dropped(self) -> int: ...  # frames that a slow line did not get whole
    def frame(self, frame: Frame) -> None: ...
    def message(self, message: dict[str, Any]) -> None: ...
    def end(self, reason: RefusalError | None) -> None: ...


class HostedSession:
    """One session. A client claims it, is served by `start`, and sends sound and commands.

    Args:
        identity: its id.
        mark: the id in its frames' invisible mark.
        session: what is hosted.
        release: called once, when it ends.
        threads: one of which will make the frames.

    Attributes:
        created, last_input, started: times; `started` is None until a client is served.
        ended: whether it has ended.
    """

    def __init__(
        self,
        identity: str,
        mark: int,
        session: Session,
        release: Callable[[], None],
        threads: ThreadPoolExecutor,
    ) -> None:
        self.id, self.mark, self.session = identity, mark, session
        self.created = self.last_input = time.monotonic()
        self.started: float | None = None
        self._release, self._threads = release, threads
        self._sink: Sink | None = None
        self._dropped = 0  # by a sink that is gone
        self._watchers: set[Sink] = set()
        self._coded: tuple[int, bytes] = (-1, b"")  # number and JPEG of the last picture
        self._fragments: Fragments | None = None
        self._reason: RefusalError | None = None
        self._lock = threading.Lock()
        self.ended = self._claimed = False

    @property
    def dropped(self) -> int:
        """Frames that a slow line did not get whole."""
        sink = self._sink
        return sink.dropped if sink else self._dropped

    def claim(self) -> None:
        """Reserve it for one client. Raises RefusalError if it has ended or another has it."""
        with self._lock:
            if self.ended:
                raise RefusalError(404, "not-found", "the session has ended")
            if self._claimed:
                raise RefusalError(409, "taken", "somebody is already connected to this session")
            self._claimed = True

    def unclaim(self) -> None:
        """Let another client claim it: the connection did not come about."""
        self._claimed = False

    def start(self, sink: Sink) -> None:
        """Begin to give frames, once. Raises RefusalError if there is no thread for it."""
        self.started = self.last_input = time.monotonic()
        self._sink = sink
        try:
            self._threads.submit(self._run, sink)
        except RuntimeError as error:
            self.end()
            raise refusal_of(error, START_FAILED) from error

    def watch(self, sink: Sink) -> None:
        """Give another connection the same frames; it can say nothing.

        Raises RefusalError if the session has ended.
        """
        with self._lock:
            if self.ended:
                raise RefusalError(404, "not-found", "the session has ended")
            self._watchers.add(sink)

    def leave(self, sink: Sink) -> None:
        """Give a connection that watched no more."""
        with self._lock:
            self._watchers.discard(sink)

    def jpeg(self, picture: Picture, number: int) -> bytes:
        """A frame's picture, coded once for all who see it; for sinks, in the session's thread."""
        if self._coded[0] != number:
            self._coded = number, jpeg(picture, _QUALITY)
        return self._coded[1]

    def fragment(self, picture: Picture, number: int, seen: int) -> tuple[bytes, int]:
        """A frame's picture as H.264, for a viewer, as `Fragments.add`; for sinks likewise."""
        if self._fragments is None:
            self._fragments = Fragments(*picture.shape[:2])
        return self._fragments.add(picture, number, seen)

    def append(self, pcm: Sound) -> None:
        """Add the client's sound, as `Session.append`."""
        self.last_input = time.monotonic()
        self.session.append(pcm)

    def execute(self, command: messages.Command) -> None:
        """Do what the client asks for. Raises GiocondaError if it cannot be done."""
        self.last_input = time.monotonic()
        match command:
            case messages.EndOfSpeech():
                self.session.end_of_speech()
            case messages.Interrupt():
                self.session.interrupt()
            case messages.Listen():
                self.session.listen(command.pcm())
            case messages.SetControls():
                self.session.set(command.controls)
            case messages.SetSource():
                self.session.microphone = command.source == "microphone"
            case messages.Close():
                self.end()
            case _:
                assert_never(command)

    @contextmanager
    def reporting_errors(self) -> Iterator[None]:
        """What every connection does with an error of its client's input.

        The client is told; the session ends or goes on as `RefusalError.ends_session` says.
        """
        try:
            yield
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.ends_session:
                self.end(refusal)
            elif (sink := self._sink) is not None:
                sink.message(refusal.body())

    def end(self, reason: RefusalError | None = None) -> None:
        """End the session; the first reason counts."""
        with self._lock:
            if self.ended:
                return
            self.ended, self._reason = True, reason
            untold = [*self._watchers] if self.started is None else []  # no thread will do it
        self.session.close()
        self._release()
        for each in untold:
            each.end(reason)

    def _run(self, sink: Sink) -> None:
        state: State | None = None
        try:
            for frame in self.session:
                for each in self._sinks(sink):
                    each.frame(frame)
                if frame.number % FPS == FPS - 1 or frame.state is not state:
                    state = frame.state
                    self._tell(sink, state)
        except Exception as error:
            self.end(refusal_of(error) if state else refusal_of(error, START_FAILED))
        self.end()
        self._tell(sink, State.CLOSED)
        for each in self._sinks(sink):
            each.end(self._reason)
        # sinks, and errors of clients, hold this: its encoder would wait for the collector
        self._dropped, self._sink, self._fragments = sink.dropped, None, None

    def _sinks(self, sink: Sink) -> list[Sink]:
        with self._lock:
            return [sink, *self._watchers]

    def _tell(self, sink: Sink, state: State) -> None:
        status = self._status(state)
        for each in self._sinks(sink):
            each.message(status)

    def _status(self, state: State) -> dict[str, Any]:
        statistics = asdict(self.session.statistics())
        statistics["dropped"] = self.dropped
        return {"state": state.value, "statistics": statistics}
