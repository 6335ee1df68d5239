"""Server: what the routes share, and its life from warming up to the end."""

import asyncio
import gc
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar

import cv2
import uvicorn
from fastapi import FastAPI

from gioconda.errors import GiocondaError
from gioconda.live.access import LOCAL, check_badge, check_consent
from gioconda.live.calls import Calls
from gioconda.live.connections import Connection, Seldom
from gioconda.live.errors import RefusalError
from gioconda.live.jobs import Jobs
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.messages import IceServer
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import Portraits
from gioconda.live.text_to_speech import TextToSpeech
from gioconda.machine import bound_heap

_LOG: Final = logging.getLogger(__name__)
_SWEEP: Final = 1.0  # seconds
_SEND_BUFFER: Final = 2**18  # bytes that the system may keep for a connection; Linux doubles them
_WAITING: Final = 64  # requests that take long
_MESSAGE: Final = 2**20  # bytes of one on a WebSocket
_FAREWELL: Final = 3  # seconds that requests get to end when the server does
_SELDOM: Final = Seldom()
_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """How a server is run.

    Attributes:
        keys: name of each key and the key; empty demands none.
        limits: what is refused.
        require_consent: nothing is made without a statement of consent; `audit` keeps it.
        require_badge: nothing is made without the visible badge.
        audit: the log of outputs, or None.
        hosts: names that it answers to where no key is demanded; empty for all.
        origins: of other sites whose pages may use it; "*" for all.
        ice_servers: STUN and TURN servers of calls; clients that open a session are told them.

    Raises:
        GiocondaError: if statements of consent would not be kept.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    require_consent: bool = False
    audit: Path | None = None
    hosts: tuple[str, ...] = LOCAL
    require_badge: bool = False
    origins: tuple[str, ...] = ()
    ice_servers: tuple[IceServer, ...] = ()

    def __post_init__(self) -> None:
        if self.require_consent and self.audit is None:
            raise GiocondaError(
                "a server that demands consent needs an audit log to keep the statements"
            )

    def check(self, consent: str | None, badge: bool) -> None:
        """Raise RefusalError if this server does not make what is asked for."""
        check_consent(consent, self.require_consent)
        check_badge(badge, self.require_badge)


class Server:
    """What the routes share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        limits = settings.limits
        self.portraits = Portraits(limits)
        self.pool = SessionPool(self.portraits, limits, settings.audit)
        self.jobs = Jobs(limits, settings.audit)
        self.calls = Calls(settings.ice_servers)
        self.answers: Counter[int] = Counter()  # to requests, by their status
        self.text_to_speech = TextToSpeech(limits.text_chars)
        self.ready = asyncio.Event()
        self.failed = False  # the networks could not be loaded
        self.watchers: Counter[str] = Counter()  # sockets that watch, by address
        self._working, self._waiting = asyncio.Semaphore(2), 0

    async def work(self, do: Callable[[], _T]) -> _T:
        """Do in a thread what takes long; two such things at a time.

        Raises:
            RefusalError: if too much waits already.
        """
        if self._waiting >= _WAITING:
            raise RefusalError(503, "busy", "the server is too busy; try again later")
        self._waiting += 1
        try:
            async with self._working:
                return await asyncio.to_thread(do)
        finally:
            self._waiting -= 1

    def check_ready(self) -> None:
        """Raise RefusalError while the networks are being loaded, or if they could not be."""
        if self.failed:
            raise RefusalError(500, "internal", "the server could not start; its log says why")
        if not self.ready.is_set():
            raise RefusalError(503, "starting", "the server is starting; try again soon")

    @property
    def state(self) -> Literal["starting", "ready", "failed"]:
        """Whether it can make anything yet."""
        return "failed" if self.failed else "ready" if self.ready.is_set() else "starting"

    @asynccontextmanager
    async def run(self, app: FastAPI) -> AsyncIterator[None]:
        """From the start of the server to its end."""
        bound_heap()
        cv2.setNumThreads(1)  # its others spin while they wait, on the cores that draw
        tasks = [asyncio.create_task(self._warm_up()), asyncio.create_task(self._sweep())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.calls.close()
            self.pool.close()
            await asyncio.to_thread(self.jobs.close)
            gc.unfreeze()

    async def _warm_up(self) -> None:
        try:
            await asyncio.to_thread(self.pool.warm_up)
        except Exception:  # no one waits for this task
            self.failed = True
            _LOG.exception("the server cannot start")
            return
        # what is loaded stays: the collector need not look at it again while frames wait
        gc.collect()
        gc.freeze()
        self.ready.set()
        _LOG.info("ready")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            for each in (self.pool, self.portraits, self.jobs):
                try:
                    await asyncio.to_thread(each.sweep)
                except Exception:  # the next one may go well
                    _LOG.exception("a sweep failed")


def configured(app: FastAPI, log_level: str = "warning") -> uvicorn.Config:
    """How uvicorn runs the application: to be given to `uvicorn.Server`, with what `listen` made.

    Its log holds no requests, since their addresses may hold keys.
    """
    config = uvicorn.Config(
        app,
        http=Connection,
        lifespan="on",
        log_level=log_level,
        access_log=False,
        server_header=False,
        ws_max_size=_MESSAGE,
        ws_per_message_deflate=False,  # pictures are compressed already
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=_FAREWELL,
    )
    logging.getLogger("uvicorn.error").addFilter(_SELDOM)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of each bad form
    return config


class WebServer(uvicorn.Server):
    """uvicorn's, which has the application end what goes on before it waits for it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop. A client that follows a job is told so."""
        self.config.app.state.server.jobs.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Where a server takes connections; port 0 is any that is free.

    What the system keeps for a slow line is held down, from megabytes to half a second of frames:
    what a session drops then is the past, not the present.

    Raises:
        OSError: if the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=256)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return listener
