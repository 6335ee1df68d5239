"""Session pool: the sessions that a server hosts, no more than its cores can serve."""

import logging
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from gioconda.animator import Animator
from gioconda.inference import own_models
from gioconda.live.access import record_output
from gioconda.live.errors import RefusalError, refusal_of
from gioconda.live.hosted import START_FAILED, HostedSession
from gioconda.live.inputs import SAMPLES
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.messages import SessionRequest
from gioconda.live.playout import STEP
from gioconda.live.portraits import Portraits, StoredPortrait
from gioconda.live.seats import THIS_MACHINE, Seats
from gioconda.live.session import Session
from gioconda.machine import cores
from gioconda.media import FPS
from gioconda.portrait import Portrait
from gioconda.provenance import Output

_LOG: Final = logging.getLogger(__name__)
_SHARE: Final = 0.7  # of the cores that drawing may take; coding and sending take the rest
_WARM: Final = 5  # frames after which all is compiled
_PROBE: Final = 2 * FPS  # frames whose cost is measured,
_AT_ONCE: Final = 4  # of so many portraits at once at most


class SessionPool:
    """All sessions of a server. Any thread may call it.

    Args:
        portraits: who may speak.
        limits: how many, how long.
        audit: the log of outputs, or None.

    Attributes:
        seats: for so many sessions at once.
    """

    def __init__(self, portraits: Portraits, limits: Limits, audit: Path | None) -> None:
        self._portraits, self._limits, self._audit = portraits, limits, audit
        self._lock = threading.Lock()
        self._sessions: dict[str, HostedSession] = {}
        self._past: Counter[str] = Counter()  # what those that are forgotten did
        self.seats = Seats(limits.sessions or 1, limits.sessions_each)
        self._threads = self._make_threads()
        self._maker = ThreadPoolExecutor(1, "animators")  # for OpenVINO holds memory here, too

    def warm_up(self) -> None:
        """Load all networks with the bundled portrait; see how many sessions the cores hold."""
        portrait = self._portraits.load_example().portrait
        first = Animator(portrait)
        _draw(first, _WARM)
        if self._limits.sessions is None:
            self.seats.total = self._measure_capacity(portrait, first)
            self._threads = self._make_threads()

    def open(
        self, request: SessionRequest, client: str, address: str = THIS_MACHINE
    ) -> HostedSession:
        """Host a session.

        Args:
            request: what the client asks for.
            client: name of its key.
            address: where it asks from.

        Raises:
            RefusalError: if the pool is full, the portrait is unknown, a dial, the seed or the
                signing key cannot be used, or the session fails to start.
        """
        stored = self._portraits.hold(request.portrait)
        try:
            self.seats.take(address, request.ticket)
        except RefusalError:
            self._portraits.release(stored, False)
            raise
        try:
            hosted = self._host(request, stored, client, address)
        except Exception as error:
            self._release(stored, address, False)
            raise refusal_of(error, START_FAILED) from error
        with self._lock:
            self._sessions[hosted.id] = hosted
        return hosted

    def get(self, identity: str) -> HostedSession:
        """The session of that id. Raises RefusalError if there is none."""
        with self._lock:
            hosted = self._sessions.get(identity)
        if hosted is None or hosted.ended:
            raise RefusalError(404, "not-found", "there is no such session, or it has ended")
        return hosted

    def sweep(self) -> None:
        """End what has gone on for too long, and forget what has ended."""
        for hosted in self.sessions():
            if (reason := self._expired(hosted)) is not None:
                hosted.end(reason)
        with self._lock:
            for hosted in [each for each in self._sessions.values() if each.ended]:
                self._past += _counts(hosted)
                del self._sessions[hosted.id]

    def close(self) -> None:
        """End all."""
        for hosted in self.sessions():
            hosted.end()
        self._threads.shutdown(wait=False)
        self._maker.shutdown(wait=False)

    def counts(self) -> Counter[str]:
        """So far: sessions, and frames that were drawn, left_out and dropped."""
        with self._lock:
            return sum(map(_counts, self._sessions.values()), self._past)

    def sessions(self) -> list[HostedSession]:
        """All that are hosted now."""
        with self._lock:
            return list(self._sessions.values())

    def __len__(self) -> int:
        """Sessions that are open, those that are being made too."""
        return len(self.seats)

    def _host(
        self, request: SessionRequest, stored: StoredPortrait, client: str, address: str
    ) -> HostedSession:
        source = {"session": secrets.token_hex(16), "seed": request.seed, "portrait": stored.hash}
        models = own_models("basis", "speech", "lips", "generator", "renderer")
        output = Output(models, source, request.consent, request.badge)
        make = partial(Animator, stored.portrait, request.seed, mark=output.mark)
        animator = self._maker.submit(make).result()
        session = Session(animator, request.source == "microphone", dials=request.controls)
        record_output(self._audit, output.id, stored.hash, client, request.consent)
        release = partial(self._release, stored, address, True)
        return HostedSession(secrets.token_urlsafe(18), output.id, session, release, self._threads)

    def _release(self, stored: StoredPortrait, address: str, started: bool) -> None:
        self._portraits.release(stored, started)
        self.seats.leave(address)

    def _expired(self, hosted: HostedSession) -> RefusalError | None:
        """Why a session must end now, or None."""
        now, limits = time.monotonic(), self._limits
        if hosted.started is None:
            if now - hosted.created > limits.connect_seconds:
                return RefusalError(408, "idle", "nobody connected to the session in time")
        elif now - hosted.started > limits.session_seconds:
            minutes = limits.session_seconds / 60
            return RefusalError(408, "time", f"a session may last {minutes:g} minutes")
        elif now - hosted.last_input > limits.idle_seconds:
            return RefusalError(408, "idle", "nothing was said for long")
        return None

    def _make_threads(self) -> ThreadPoolExecutor:
        """No more than seats: where a session's last frame takes long, the next one waits for it.

        They are kept, for OpenVINO holds 20 MiB for each thread that draws.
        """
        return ThreadPoolExecutor(self.seats.total, "session")

    def _measure_capacity(self, portrait: Portrait, first: Animator) -> int:
        count = cores()
        # as many at once as there are cores: two halves of one core slow each other down
        animators = [first, *(Animator(portrait) for _ in range(min(count, _AT_ONCE) - 1))]
        # the processor's time, not the clock's: others may be busy on the machine
        start = time.process_time()
        with ThreadPoolExecutor(len(animators)) as threads:
            frames = sum(threads.map(partial(_draw, steps=_PROBE), animators))
        cost = (time.process_time() - start) / frames
        capacity = min(max(int(_SHARE * count * STEP / cost), 1), CONNECTIONS)
        _LOG.info("a frame takes %.1f ms; sessions at once: %d", 1000 * cost, capacity)
        return capacity


def _counts(hosted: HostedSession) -> Counter[str]:
    done = hosted.session.statistics()
    drawn = done.frames - done.left_out
    left_out, dropped = done.left_out, hosted.dropped
    return Counter(sessions=1, drawn=drawn, left_out=left_out, dropped=dropped)


def _draw(animator: Animator, steps: int) -> int:
    """Give an animator silence, and draw what comes; how many frames."""
    count = 0
    for _ in range(steps):
        for draw in animator.drawings(np.zeros(SAMPLES, np.float32)):
            draw()
            count += 1
    return count
