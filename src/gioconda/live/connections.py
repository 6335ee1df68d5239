"""HTTP connections: who opens one and does not say what for keeps nobody else out."""

import asyncio
import logging
import time
from collections import Counter
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_PATIENCE: Final = 10.0  # seconds for the head of a request, from the first byte or before it
_HEAD: Final = 2**16  # bytes of it
_QUIET: Final = 60.0  # seconds in which a warning is not repeated


class Connection(HttpToolsProtocol):
    """uvicorn's, with limits for the time in which nothing is asked.

    Such a connection is closed after 10 s. Where no more connections are taken it makes room for a
    new one: of the address that has most of them, the one that has waited longest.
    """

    _since: float | None = None  # it has waited for a request
    _timer: asyncio.TimerHandle | None = None
    _size, _in_head = 0, True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._make_room()
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._size += len(data) if self._in_head else 0
        super().data_received(data)
        if self._size > _HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._size, self._in_head = 0, False  # what is left of this piece is no head, or the next
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait()

    def _wait(self) -> None:
        self._stop_waiting()
        self._since = time.monotonic()
        self._timer = self.loop.call_later(_PATIENCE, self._drop)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._since = self._timer = None

    def _drop(self) -> None:
        self._stop_waiting()
        self.connections.discard(self)
        self.transport.abort()

    def _make_room(self) -> None:
        if self.limit_concurrency is None or len(self.connections) + 1 < self.limit_concurrency:
            return
        waiting = [
            (each.client[0] if each.client else "", each._since, each)
            for each in self.connections
            if isinstance(each, Connection) and each._since is not None
        ]
        if waiting:
            held = Counter(client for client, _, _ in waiting)
            max(waiting, key=lambda each: (held[each[0]], -each[1]))[2]._drop()


class Seldom(logging.Filter):
    """Lets a warning through once a minute, and then says how many were like it."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING:
            return True
        now, kind = time.monotonic(), str(record.msg)
        last, more = self._last.get(kind, (now - _QUIET, 0))
        if now - last < _QUIET:
            self._last[kind] = last, more + 1
            return False
        self._last[kind] = now, 0
        if more:
            record.msg = f"{kind} ({more} more since the last time)"
        return True
