"""Server: what the routes share, and its life from warming up to the end."""

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import uvicorn
from fastapi import FastAPI

from gioconda.live.access import LOCAL
from gioconda.live.calls import Calls
from gioconda.live.errors import RefusalError
from gioconda.live.jobs import Jobs
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import Portraits
from gioconda.live.text_to_speech import TextToSpeech

_LOG: Final = logging.getLogger(__name__)
_SWEEP: Final = 1.0  # seconds
_SEND_BUFFER: Final = 2**18  # bytes that the system may keep for a connection; Linux doubles them
_WAITING: Final = 64  # requests that take long
_MESSAGE: Final = 2**20  # bytes of one on a WebSocket
_FAREWELL: Final = 3  # seconds that requests get to end when the server does
_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """How a server is run.

    Attributes:
        keys: name of each key and the key; empty demands none.
        limits: what is refused.
        require_consent: nothing is made without a statement of consent.
        audit: the log of outputs, or None.
        hosts: names that it answers to where no key is demanded; empty for all.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    require_consent: bool = False
    audit: Path | None = None
    hosts: tuple[str, ...] = LOCAL


class Server:
    """What the routes share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        limits = settings.limits
        self.portraits = Portraits(limits)
        self.pool = SessionPool(self.portraits, limits, settings.audit, settings.require_consent)
        self.jobs = Jobs(limits, settings.audit)
        self.calls = Calls()
        self.text_to_speech = TextToSpeech(limits.text_chars)
        self.ready = asyncio.Event()
        self.failed = False  # the networks could not be loaded
        self._working, self._waiting = asyncio.Semaphore(2), 0

    async def work(self, do: Callable[[], _T]) -> _T:
        """Do in a thread what takes long; two such things at a time.

        Raises:
            RefusalError: if too much waits already.
        """
        if self._waiting >= _WAITING:
            raise RefusalError(503, "busy", "the server has too much to do; try again later")
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
            raise RefusalError(503, "starting", "the server is starting; try again in some seconds")

    @asynccontextmanager
    async def run(self, app: FastAPI) -> AsyncIterator[None]:
        """From the start of the server to its end."""
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
    return uvicorn.Config(
        app,
        lifespan="on",
        log_level=log_level,
        access_log=False,
        server_header=False,
        ws_max_size=_MESSAGE,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=_FAREWELL,
    )


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
