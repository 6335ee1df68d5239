"""Stream: a session over a WebSocket, as docs/live.md says."""

import asyncio
import json
import struct
import threading
from contextlib import suppress
from typing import Any, Final

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.live.errors import RefusalError
from gioconda.live.fragments import Fragments
from gioconda.live.portraits import jpeg
from gioconda.live.seats import Seat
from gioconda.live.session import Frame, TransitionError

_HEADER: Final = struct.Struct("<B3xIII")
_JPEG, _H264 = 0, 1
_QUALITY: Final = 85
_ON_THE_WAY: Final = 12  # frames that may wait for a slow line
_CODES: Final = {
    "key": 1008,
    "taken": 1008,
    "not-found": 1008,
    "bad-request": 1003,
    "too-far-ahead": 1009,
    "internal": 1011,
}


class Outbox:
    """Messages on their way from a session's thread to a socket.

    A line that is slow gets fewer frames, whole ones; none waits for long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, format: str) -> None:
        self._loop = loop
        self._kind = {"jpeg": _JPEG, "h264": _H264}[format]
        self._fragments: Fragments | None = None
        self._queue: asyncio.Queue[bytes | str | RefusalError | None] = asyncio.Queue()
        self._lock = threading.Lock()
        self._waiting = 0
        self.dropped = 0

    def frame(self, frame: Frame) -> None:
        """Send a frame if there is room."""
        with self._lock:
            if self._waiting >= _ON_THE_WAY:
                self.dropped += 1
                return
            self._waiting += 1
        # what is not sent is not encoded either, so that no H.264 picture misses another
        self._put(self._packed(frame))

    def tell(self, message: dict[str, Any]) -> None:
        """Send a text message, unless the line stands still."""
        if self._waiting < _ON_THE_WAY:
            self._put(json.dumps(message))

    def end(self, reason: RefusalError | None) -> None:
        """Nothing more comes."""
        self._put(reason)

    async def next(self) -> bytes | str | RefusalError | None:
        """The next message; at the end the reason."""
        return await self._queue.get()

    def sent(self) -> None:
        """A frame is gone."""
        with self._lock:
            self._waiting -= 1

    def _put(self, message: bytes | str | RefusalError | None) -> None:
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._queue.put_nowait, message)

    def _packed(self, frame: Frame) -> bytes:
        sound = pcm_bytes(frame.sound)
        picture = b"" if frame.picture is None else self._coded(frame.picture, frame.number)
        head = _HEADER.pack(self._kind, frame.number, round(1000 * frame.time), len(sound))
        return head + sound + picture

    def _coded(self, picture: NDArray[np.uint8], number: int) -> bytes:
        if self._kind == _JPEG:
            return jpeg(picture, _QUALITY)
        if self._fragments is None:
            self._fragments = Fragments(*picture.shape[:2])
        return self._fragments.add(picture, number)


def pcm_bytes(sound: NDArray[np.float32]) -> bytes:
    """Sound in [-1, 1] as int16, little endian."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2").tobytes()


def pcm_floats(data: bytes) -> NDArray[np.float32]:
    """int16, little endian, as sound in [-1, 1]. Raises RefusalError for half a sample."""
    if len(data) % 2:
        raise RefusalError(
            400, "bad-request", "sound is int16: an even number of bytes was expected"
        )
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


async def stream(socket: WebSocket, seat: Seat, format: str, stall_seconds: float) -> None:
    """Serve an accepted socket until either side ends it; the session ends with it."""
    outbox = Outbox(asyncio.get_running_loop(), format)
    seat.reserve()
    seat.start(outbox, lambda: outbox.dropped)
    reader = asyncio.create_task(_read(socket, seat, outbox))
    writer = asyncio.create_task(_write(socket, outbox, stall_seconds))
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if reader.done() and not writer.done():
            seat.leave()
            await asyncio.wait({writer}, timeout=1)
    finally:
        seat.leave()
        for task in (reader, writer):
            task.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)


async def _read(socket: WebSocket, seat: Seat, outbox: Outbox) -> None:
    """What the client says, until it goes."""
    while not seat.left:
        try:
            message = await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return
        if message["type"] != "websocket.receive":
            return
        try:
            if message.get("bytes") is not None:
                _hear(seat, message["bytes"])
            else:
                seat.do(parsed(message.get("text") or ""))
        except TransitionError as error:
            outbox.tell({"error": str(error), "code": "state"})
        except RefusalError as error:
            if error.code == "too-far-ahead":
                seat.leave(error)
                # the writer says why
                await asyncio.sleep(5)
                return
            outbox.tell(error.told())


def _hear(seat: Seat, data: bytes) -> None:
    pcm = pcm_floats(data)
    try:
        seat.append(pcm)
    except TransitionError:
        raise
    except GiocondaError as error:
        raise RefusalError(413, "too-far-ahead", str(error)) from error


def parsed(text: str, what: str = "a text message") -> object:
    """What a client says. Raises RefusalError if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusalError(400, "bad-request", f"{what} must be JSON") from error


async def _write(socket: WebSocket, outbox: Outbox, stall_seconds: float) -> None:
    while True:
        message = await outbox.next()
        try:
            if isinstance(message, bytes):
                await asyncio.wait_for(socket.send_bytes(message), stall_seconds)
                outbox.sent()
            elif isinstance(message, str):
                await asyncio.wait_for(socket.send_text(message), stall_seconds)
            else:
                await asyncio.wait_for(close(socket, message), stall_seconds)
                return
        except TimeoutError:
            return
        except (WebSocketDisconnect, RuntimeError, OSError):
            return


async def close(socket: WebSocket, reason: RefusalError | None) -> None:
    """Say why, and close."""
    if reason is not None:
        await socket.send_text(json.dumps(reason.told()))
    await socket.close(_CODES.get(reason.code, 1000) if reason is not None else 1000)
