"""Seats: the sessions that a server holds, each in a thread of its own."""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.animator import Animator
from gioconda.errors import GiocondaError
from gioconda.live.errors import RefusalError, check_fields
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.portraits import Kept, Portraits
from gioconda.live.session import STEP, Frame, Session, State
from gioconda.media import FPS
from gioconda.provenance import Output, log_output

LOG: Final = logging.getLogger("gioconda.live")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {  # what a message may do, and what it holds then
    "end_of_speech": (),
    "interrupt": (),
    "set": ("controls",),
    "source": ("source",),
    "close": (),
}
_SHARE: Final = 0.7  # of the cores that drawing may take; coding and sending take the rest
_WARM: Final = 5  # frames after which all is compiled
_PROBE: Final = 2 * FPS  # frames whose cost is measured,
_AT_ONCE: Final = 4  # of so many portraits at once at most


class Sink(Protocol):
    """Where a session's frames go. All is called in the session's thread."""

    def frame(self, frame: Frame) -> None: ...
    def tell(self, message: dict[str, Any]) -> None: ...
    def end(self, reason: RefusalError | None) -> None: ...


@dataclass
class Wish:
    """What a client wants of a session; its dials are those of `Session`."""

    portrait: str
    seed: int = 0
    dials: Mapping[str, Any] = field(default_factory=dict)
    consent: str | None = None
    badge: bool = True
    source: Literal["speech", "microphone"] = "speech"


class Seat:
    """One session, and who looks at it."""

    def __init__(
        self,
        identity: str,
        mark: int,
        session: Session,
        release: Callable[[], None],
        threads: ThreadPoolExecutor,
    ) -> None:
        self.id, self.mark, self.session = identity, mark, session
        self.made = self.heard = time.monotonic()
        self.began: float | None = None
        self.dropped: Callable[[], int] = lambda: 0
        self._release, self._threads = release, threads
        self._reason: RefusalError | None = None
        self._lock = threading.Lock()
        self._left = self._reserved = False

    def reserve(self) -> None:
        """Sit down. Raises RefusalError if somebody else has."""
        with self._lock:
            if self._left:
                raise RefusalError(404, "not-found", "the session has ended")
            if self._reserved:
                raise RefusalError(409, "taken", "somebody is connected to this session already")
            self._reserved = True

    def free(self) -> None:
        """Stand up again: nothing came of it."""
        self._reserved = False

    def start(self, sink: Sink, dropped: Callable[[], int] = lambda: 0) -> None:
        """Begin to give frames, once. Raises RefusalError if there is no thread for it."""
        self.began = self.heard = time.monotonic()
        self.dropped = dropped
        try:
            self._threads.submit(self._run, sink)
        except RuntimeError as error:
            self.leave()
            raise _failed("failed to start") from error

    def append(self, pcm: NDArray[np.float32]) -> None:
        """Sound of the client."""
        self.heard = time.monotonic()
        self.session.append(pcm)

    def do(self, message: object) -> None:
        """A text message of the client. Raises GiocondaError if it cannot be done."""
        self.heard = time.monotonic()
        if not isinstance(message, dict):
            message = {}
        what = message.get("do")
        if not isinstance(what, str) or what not in _FIELDS:
            raise RefusalError(400, "bad-request", f"expected do: {', '.join(_FIELDS)}")
        check_fields(message, ("do", *_FIELDS[what]))
        if what == "end_of_speech":
            self.session.end_of_speech()
        elif what == "interrupt":
            self.session.interrupt()
        elif what == "set":
            dials = message.get("controls")
            if not isinstance(dials, dict):
                raise RefusalError(400, "controls", "set wants controls, an object of dials")
            try:
                self.session.set(dials)
            except GiocondaError as error:
                raise RefusalError(400, "controls", str(error)) from error
        elif what == "source":
            source = message.get("source")
            if source not in ("speech", "microphone"):
                raise RefusalError(400, "bad-request", "source is speech or microphone")
            self.session.microphone = source == "microphone"
        elif what == "close":
            self.leave()

    def leave(self, reason: RefusalError | None = None) -> None:
        """End the session; the first reason counts."""
        with self._lock:
            if self._left:
                return
            self._left, self._reason = True, reason
        self.session.close()
        self._release()

    @property
    def left(self) -> bool:
        """Whether it has ended."""
        return self._left

    def _run(self, sink: Sink) -> None:
        state: State | None = None
        try:
            for frame in self.session:
                sink.frame(frame)
                if frame.number % FPS == FPS - 1 or frame.state is not state:
                    state = frame.state
                    sink.tell(self.told(state))
        except Exception:
            self.leave(_failed("failed" if state else "failed to start"))
        self.leave()
        sink.tell(self.told(State.CLOSED))
        sink.end(self._reason)

    def told(self, state: State) -> dict[str, Any]:
        """A state and the statistics."""
        statistics = asdict(self.session.statistics())
        statistics["late"] = round(statistics["late"], 3)
        statistics["dropped"] = self.dropped()
        return {"state": state.value, "statistics": statistics}


class Seats:
    """All sessions of a server. Any thread may call it.

    Args:
        portraits: who may speak.
        limits: how many, how long.
        audit: the log of outputs, or None.
        require_consent: no session without a statement of consent.
    """

    def __init__(
        self, portraits: Portraits, limits: Limits, audit: Path | None, require_consent: bool
    ) -> None:
        self._portraits, self._limits, self._audit = portraits, limits, audit
        self._require_consent = require_consent
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}
        self._taken = 0
        # threads are kept: OpenVINO holds some memory for each that ever asked it
        self._threads = ThreadPoolExecutor(CONNECTIONS, "session")
        self.most = limits.sessions or 1

    def warm_up(self) -> None:
        """Load all networks with the bundled portrait, and see how many sessions the cores hold."""
        portrait = self._portraits.load_example().portrait
        silence = np.zeros(round(STEP * 16000), np.float32)

        def draw(animator: Animator, steps: int) -> int:
            count = 0
            for _ in range(steps):
                for drawing in animator.drawings(silence):
                    drawing()
                    count += 1
            return count

        first = Animator(portrait)
        draw(first, _WARM)
        if self._limits.sessions is not None:
            return
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        # as many at once as there are cores: two halves of one core slow each other down
        animators = [first, *(Animator(portrait) for _ in range(min(cores, _AT_ONCE) - 1))]
        # the processor's time, not the clock's: others may be busy on the machine
        start = time.process_time()
        frames = sum(self._threads.map(partial(draw, steps=_PROBE), animators))
        cost = (time.process_time() - start) / frames
        self.most = min(max(int(_SHARE * cores * STEP / cost), 1), CONNECTIONS)
        LOG.info("a frame takes %.1f ms; room for %d sessions", 1000 * cost, self.most)

    def open(self, wish: Wish, client: str) -> Seat:
        """Seat a client.

        Args:
            wish: what it wants.
            client: name of its key.

        Raises:
            RefusalError: if all seats are taken, the portrait is unknown, consent is missing, or
                the session fails to start.
            GiocondaError: if the seed or the signing key cannot be used.
        """
        check_consent(wish.consent, self._require_consent)
        kept, release = self._portraits.hold(wish.portrait)
        with self._lock:
            room = self._taken < self.most
            self._taken += room
        if not room:
            release(False)
            raise RefusalError(
                503, "busy", f"every seat of this server is taken ({self.most}); try again later"
            )
        try:
            seat = self._seat(wish, kept, client, partial(self._free, release, True))
        except GiocondaError:
            self._free(release, False)
            raise
        except Exception as error:
            self._free(release, False)
            raise _failed("failed to start") from error
        with self._lock:
            self._seats[seat.id] = seat
        return seat

    def get(self, identity: str) -> Seat:
        """The session of that id. Raises RefusalError if there is none."""
        with self._lock:
            seat = self._seats.get(identity)
        if seat is None or seat.left:
            raise RefusalError(404, "not-found", "there is no such session, or it has ended")
        return seat

    def sweep(self) -> None:
        """End what has gone on for too long, and forget what has ended."""
        now, limits = time.monotonic(), self._limits
        with self._lock:
            seats = list(self._seats.values())
        for seat in seats:
            if seat.began is None and now - seat.made > limits.connect_seconds:
                seat.leave(RefusalError(408, "idle", "nobody connected to the session in time"))
            elif seat.began is not None and now - seat.began > limits.session_seconds:
                minutes = limits.session_seconds / 60
                seat.leave(RefusalError(408, "time", f"a session may last {minutes:g} minutes"))
            elif seat.began is not None and now - seat.heard > limits.idle_seconds:
                seat.leave(RefusalError(408, "idle", "nothing was said for long"))
        with self._lock:
            self._seats = {i: seat for i, seat in self._seats.items() if not seat.left}

    def close(self) -> None:
        """End all."""
        with self._lock:
            seats = list(self._seats.values())
        for seat in seats:
            seat.leave()
        self._threads.shutdown(wait=False)

    def __len__(self) -> int:
        """Seats taken."""
        return self._taken

    def _free(self, release: Callable[[bool], None], spoken: bool) -> None:
        release(spoken)
        with self._lock:
            self._taken -= 1

    def _seat(self, wish: Wish, kept: Kept, client: str, leave: Callable[[], None]) -> Seat:
        identity = secrets.token_urlsafe(18)
        said = {"session": secrets.token_hex(16), "seed": wish.seed, "portrait": kept.hash}
        output = Output({}, said, wish.consent, wish.badge)
        animator = Animator(kept.portrait, wish.seed, mark=output.mark)
        session = Session(animator, wish.source == "microphone", dials=wish.dials)
        write_line(self._audit, output.id, kept.hash, client)
        return Seat(identity, output.id, session, leave, self._threads)


def _failed(how: str) -> RefusalError:
    """What a client is told of the exception that is being handled, which the log keeps."""
    LOG.exception("a session %s", how)
    return RefusalError(500, "internal", f"the session {how}; begin another")


def write_line(audit: Path | None, mark: int, portrait: str, client: str) -> None:
    """Write an output into the audit log, if there is one. Raises RefusalError if it fails."""
    if audit is None:
        return
    try:
        log_output(audit, mark, portrait, client)
    except OSError as error:
        LOG.error("the audit log cannot be written: %s", error)
        message = "the server cannot write its audit log; nothing was made"
        raise RefusalError(500, "internal", message) from error


def check_consent(consent: str | None, required: bool) -> None:
    """Raise RefusalError if a statement of consent is missing."""
    if required and not (consent or "").strip():
        raise RefusalError(
            403, "consent", "this server wants a statement of consent: who allowed what?"
        )
