"""Sessions: a portrait that speaks live, over WebSocket or WebRTC."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, WebSocket
from starlette.websockets import WebSocketDisconnect

from gioconda.live import messages
from gioconda.live.access import client_address, given_key, key_name
from gioconda.live.dials import constant
from gioconda.live.errors import RefusalError
from gioconda.live.hosted import HostedSession
from gioconda.live.limits import WATCHERS
from gioconda.live.routes.requests import TheServer
from gioconda.live.seats import counted, share
from gioconda.live.stream import close, stream, watch

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.post("", status_code=201)
async def open_session(
    server: TheServer, body: messages.SessionRequest, request: Request
) -> messages.SessionCreated:
    """Begin a session; connect to it within 30 seconds."""
    server.check_ready()
    server.settings.check(body.consent, body.badge)
    constant(body.controls)  # refused before the pool is asked
    client, address = request.scope["client_name"], client_address(request.scope)
    hosted = await server.work(partial(server.pool.open, body, client, address))
    return messages.SessionCreated(
        id=hosted.id,
        mark=f"{hosted.mark:08x}",
        ice_servers=list(server.settings.ice_servers),
    )


@router.post("/{identity}/offer")
async def offer(
    server: TheServer, identity: str, body: messages.Offer, request: Request
) -> messages.Answer:
    """Connect to a session by WebRTC: an offer (SDP) is answered."""
    host = request.client.host if request.client else None
    return await server.calls.answer(server.pool.get(identity), body.sdp, host)


@router.delete("/{identity}", status_code=204)
async def end_session(server: TheServer, identity: str) -> None:
    """End a session; its portrait is deleted."""
    server.pool.get(identity).end()


@router.websocket("/{identity}/stream")
async def stream_session(
    socket: WebSocket,
    server: TheServer,
    identity: str,
    format: Annotated[str, Query()] = "jpeg",
) -> None:
    """Connect to a session by WebSocket."""
    await _connect(socket, server, identity, format, stream)


@router.websocket("/{identity}/watch")
async def watch_session(
    socket: WebSocket,
    server: TheServer,
    identity: str,
    format: Annotated[str, Query()] = "jpeg",
) -> None:
    """See what a session shows its client."""

    async def seated(socket: WebSocket, *more: Any) -> None:
        with _seat(server.watchers, client_address(socket.scope)):
            await watch(socket, *more)

    await _connect(socket, server, identity, format, seated)


@contextmanager
def _seat(watchers: Counter[str], address: str) -> Iterator[None]:
    """A watcher's place. Raises RefusalError if there is none, or the address has its share."""
    if watchers.total() >= WATCHERS:
        raise RefusalError(503, "busy", "too many watch this server's sessions; try again later")
    if watchers[address] >= share(WATCHERS, address):
        message = "your address has half of the places to watch from; leave one first"
        raise RefusalError(429, "too-many-requests", message)
    with counted(watchers, address):
        yield


async def _connect(
    socket: WebSocket,
    server: TheServer,
    identity: str,
    format: str,
    serve: Callable[[WebSocket, HostedSession, str, float], Coroutine[Any, Any, None]],
) -> None:
    with suppress(WebSocketDisconnect):  # it went before it was let in, or told why not
        await socket.accept()
        try:
            await _check_key(socket, server.settings.keys)
            if format not in ("jpeg", "h264"):
                raise RefusalError(400, "bad-request", "format must be jpeg or h264")
            hosted = server.pool.get(identity)
            await serve(socket, hosted, format, server.settings.limits.stall_seconds)
        except RefusalError as error:
            with suppress(RuntimeError, OSError):
                await close(socket, error)


async def _check_key(socket: WebSocket, keys: Mapping[str, str]) -> None:
    """Check the key of a socket, in its address or in its first message."""
    if not keys:
        return
    key = given_key(socket.scope)
    if key is None:
        message: Any = None
        with suppress(TimeoutError, KeyError, RuntimeError):
            text = await asyncio.wait_for(socket.receive_text(), 10)
            message = messages.parse_json(text, "a text message")
        key = message.get("key") if isinstance(message, dict) else None
    key_name(keys, key if isinstance(key, str) else None)
