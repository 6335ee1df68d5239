"""Stream: a session over a WebSocket, as docs/live.md says."""

import asyncio
import json
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from fastapi import WebSocket, WebSocketDisconnect

from gioconda.live.errors import RefusalError
from gioconda.live.frame import Frame
from gioconda.live.hosted import HostedSession
from gioconda.live.messages import parse_command, samples
from gioconda.media import Picture, to_int16

_HEADER: Final = struct.Struct("<B3xIII")
_KINDS: Final = {"jpeg": 0, "h264": 1}
_ON_THE_WAY: Final = 25  # frames that may wait for a slow line,
_PICTURES: Final = 3  # and how many of them with a picture: a picture is thirty times its sound
_FAREWELL: Final = 5.0  # seconds in which a client that is told why must take it
_CLOSE_CODES: Final = {
    "key": 1008,
    "taken": 1008,
    "not-found": 1008,
    "bad-request": 1003,
    "too-far-ahead": 1009,
    "internal": 1011,
    "busy": 1013,
    "too-many-requests": 1013,
}


class _Packet(NamedTuple):
    """A frame on its way, and whether it has its picture."""

    content: bytes
    shown: bool


class _Queue:
    """A sink: messages on their way from a session's thread to a socket.

    A line that is slow gets fewer pictures, with all of the sound; none waits for long.
    """

    def __init__(self, hosted: HostedSession, format: str) -> None:
        self._loop, self._hosted = asyncio.get_running_loop(), hosted
        self._kind = _KINDS[format]
        self._seen = 0  # of its fragments, as `Fragments.add` counts
        self._queue: asyncio.Queue[_Packet | str | RefusalError | None] = asyncio.Queue()
        self._lock = threading.Lock()
        self._waiting = self._pictures = 0
        self.dropped = 0

    def frame(self, frame: Frame) -> None:
        """Send a frame if there is room, or its sound alone."""
        picture = frame.picture
        with self._lock:
            if self._waiting >= _ON_THE_WAY:
                self.dropped += 1
                return
            if picture is not None and self._pictures >= _PICTURES:
                self.dropped += 1
                picture = None
            self._waiting += 1
            self._pictures += picture is not None
        self._put(_Packet(self._packed(frame, picture), picture is not None))

    def message(self, message: dict[str, Any]) -> None:
        """Send a text message, unless the line stands still."""
        if self._waiting < _ON_THE_WAY:
            self._put(json.dumps(message))

    def end(self, reason: RefusalError | None) -> None:
        """Nothing more comes."""
        self._put(reason)

    async def send(self, socket: WebSocket, stall_seconds: float) -> None:
        """Send what comes, until the session ends or the client takes nothing more."""
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            while True:
                message = await self._queue.get()
                async with asyncio.timeout(stall_seconds):
                    if isinstance(message, _Packet):
                        await socket.send_bytes(message.content)
                        with self._lock:
                            self._waiting -= 1
                            self._pictures -= message.shown
                    elif isinstance(message, str):
                        await socket.send_text(message)
                    else:
                        return await close(socket, message)

    def _put(self, message: _Packet | str | RefusalError | None) -> None:
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._queue.put_nowait, message)

    def _packed(self, frame: Frame, picture: Picture | None) -> bytes:
        sound = to_int16(frame.sound).astype("<i2").tobytes()
        coded = b"" if picture is None else self._coded(picture, frame.number)
        head = _HEADER.pack(self._kind, frame.number, round(1000 * frame.time), len(sound))
        return head + sound + coded

    def _coded(self, picture: Picture, number: int) -> bytes:
        if self._kind == _KINDS["jpeg"]:
            return self._hosted.jpeg(picture, number)
        fragment, self._seen = self._hosted.fragment(picture, number, self._seen)
        return fragment


async def stream(
    socket: WebSocket, hosted: HostedSession, format: str, stall_seconds: float
) -> None:
    """Serve an accepted socket until either side ends it; the session ends with it."""
    queue = _Queue(hosted, format)
    hosted.claim()
    hosted.start(queue)
    receiver = asyncio.create_task(_receive(socket, hosted))
    await _serve(socket, queue, receiver, hosted.end, stall_seconds)


async def watch(
    socket: WebSocket, hosted: HostedSession, format: str, stall_seconds: float
) -> None:
    """Show an accepted socket what a session shows its client, until either side ends it."""
    queue = _Queue(hosted, format)
    hosted.watch(queue)

    def leave() -> None:
        hosted.leave(queue)
        queue.end(None)

    await _serve(socket, queue, asyncio.create_task(_ignore(socket)), leave, stall_seconds)


async def _serve(
    socket: WebSocket,
    queue: _Queue,
    receiver: asyncio.Task[None],
    end: Callable[[], None],
    stall_seconds: float,
) -> None:
    sender = asyncio.create_task(queue.send(socket, stall_seconds))
    try:
        await asyncio.wait({receiver, sender}, return_when=asyncio.FIRST_COMPLETED)
        end()
        await asyncio.wait({sender}, timeout=_FAREWELL)
    finally:
        end()
        for task in (receiver, sender):
            task.cancel()
        await asyncio.gather(receiver, sender, return_exceptions=True)


async def close(socket: WebSocket, reason: RefusalError | None) -> None:
    """Say why, and close."""
    if reason is not None:
        await socket.send_text(json.dumps(reason.body()))
    await socket.close(_CLOSE_CODES.get(reason.code if reason else "", 1000))


async def _ignore(socket: WebSocket) -> None:
    """Until the client goes."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] == "websocket.receive":
            pass


async def _receive(socket: WebSocket, hosted: HostedSession) -> None:
    """Take what the client sends, until it goes or the session ends."""
    while not hosted.ended:
        try:
            message = await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return
        if message["type"] != "websocket.receive":
            return
        with hosted.reporting_errors():
            if message.get("bytes") is not None:
                hosted.append(samples(message["bytes"]))
            else:
                hosted.execute(parse_command(message.get("text") or ""))
