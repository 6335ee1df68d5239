"""Routes: the addresses of the server, but for the pages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile, WebSocket
from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from gioconda import example
from gioconda.live import messages
from gioconda.live.access import Keys, check_consent, given_key
from gioconda.live.dials import constant
from gioconda.live.errors import RefusalError, check_fields
from gioconda.live.playout import CAPACITY
from gioconda.live.portraits import SIZE
from gioconda.live.server import Server
from gioconda.live.stream import close, stream
from gioconda.media import FPS, SAMPLE_RATE

_about: Final = APIRouter(tags=["server"])
_portraits: Final = APIRouter(prefix="/portraits", tags=["portraits"])
_voices: Final = APIRouter(tags=["voices"])
_sessions: Final = APIRouter(prefix="/sessions", tags=["sessions"])
_jobs: Final = APIRouter(prefix="/jobs", tags=["jobs"])
ROUTERS: Final = (_about, _portraits, _voices, _sessions, _jobs)


async def _server(connection: HTTPConnection) -> Server:
    server: Server = connection.app.state.server
    return server


TheServer = Annotated[Server, Depends(_server)]


def _form(*known: str) -> Any:
    """A dependency that refuses what is no form, and a form that has other fields."""

    async def check(request: Request) -> None:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise RefusalError(400, "bad-request", "expected a multipart form, as curl -F sends it")
        check_fields(await request.form(), known)

    return Depends(check)


def _file(kind: str) -> dict[str, Any]:
    """Says in the OpenAPI description that the answer is a file."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {"response_class": Response, "responses": {200: {"content": content}}}


# --- the server ---


@_about.get("/about")
async def about(server: TheServer) -> messages.About:
    """What this server is, wants and allows."""
    voices = server.text_to_speech.voices
    return messages.About(
        version=version("gioconda"),
        needs_key=bool(server.keys),
        consent_required=server.settings.require_consent,
        badge=True,
        speech=[messages.Voice(voice=voice, name=name) for voice, name in voices.items()],
        example_voice=True,
        ready=server.ready.is_set(),
        sessions=messages.Occupancy(open=len(server.pool), most=server.pool.capacity),
        limits=messages.LimitsInfo(
            **asdict(server.settings.limits), sound_ahead_seconds=CAPACITY // SAMPLE_RATE
        ),
        frame=messages.FrameInfo(width=SIZE, height=SIZE, fps=FPS),
        sample_rate=SAMPLE_RATE,
    )


# --- portraits ---


@_portraits.post(
    "",
    status_code=201,
    dependencies=[_form("picture", "face")],
)
async def send_portrait(
    server: TheServer,
    picture: Annotated[UploadFile, File()],
    face: Annotated[int | None, Form(ge=1, le=100)] = None,
) -> messages.PortraitInfo:
    """Send a picture (JPEG, PNG or WebP) with a face."""
    server.check_ready()
    if picture.size is not None and picture.size > server.settings.limits.picture_bytes:
        raise RefusalError(413, "too-large", "the picture's file is too large")
    # read when it is its turn: until then it lies on the disk
    add = server.portraits.add
    identity, stored = await server.work(lambda: add(picture.file.read(), face))
    return stored.description(identity)


@_portraits.get("/{identity}/picture", **_file("image/jpeg"))
async def picture(server: TheServer, identity: str) -> Response:
    """The crop that will speak, as JPEG."""
    stored = server.portraits.get(identity)
    coded = await asyncio.to_thread(stored.picture)
    return Response(coded, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@_portraits.delete("/{identity}", status_code=204)
async def remove_portrait(server: TheServer, identity: str) -> None:
    """Forget a portrait."""
    server.portraits.remove(identity)


# --- voices: the bundled recording, and text read aloud ---


@_voices.get("/voices/example", **_file("audio/flac"))
async def example_voice() -> Response:
    """The bundled voice, as FLAC."""
    return Response(example.VOICE.read_bytes(), media_type="audio/flac")


@_voices.post("/speech", **_file("audio/wav"))
async def speech(server: TheServer, body: messages.SpeechRequest) -> Response:
    """A text read aloud by espeak-ng, if it is installed there, as WAV."""
    synthesise = partial(server.text_to_speech.synthesise, body.text, body.voice)
    return Response(await server.work(synthesise), media_type="audio/wav")


# --- sessions ---


@_sessions.post("", status_code=201)
async def open_session(
    server: TheServer, body: messages.SessionRequest, request: Request
) -> messages.SessionCreated:
    """Begin a session; connect to it within 30 seconds."""
    server.check_ready()
    constant(body.controls)  # refused before the pool is asked
    hosted = await server.work(partial(server.pool.open, body, request.scope["client_name"]))
    return messages.SessionCreated(id=hosted.id, mark=f"{hosted.mark:08x}")


@_sessions.post("/{identity}/offer")
async def offer(server: TheServer, identity: str, body: messages.Offer) -> messages.Answer:
    """Connect to a session by WebRTC: an offer (SDP) is answered."""
    return await server.calls.answer(server.pool.get(identity), body.sdp)


@_sessions.delete("/{identity}", status_code=204)
async def end_session(server: TheServer, identity: str) -> None:
    """End a session; its portrait is deleted."""
    server.pool.get(identity).end()


@_sessions.websocket("/{identity}/stream")
async def stream_session(
    socket: WebSocket,
    server: TheServer,
    identity: str,
    format: Annotated[str, Query()] = "jpeg",
) -> None:
    """Connect to a session by WebSocket."""
    with suppress(WebSocketDisconnect):  # it went before it was let in, or told why not
        await socket.accept()
        try:
            await _check_key(socket, server.keys)
            if format not in ("jpeg", "h264"):
                raise RefusalError(400, "bad-request", "format must be jpeg or h264")
            hosted = server.pool.get(identity)
            await stream(socket, hosted, format, server.settings.limits.stall_seconds)
        except RefusalError as error:
            with suppress(RuntimeError, OSError):
                await close(socket, error)


async def _check_key(socket: WebSocket, keys: Keys) -> None:
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
    keys.name(key if isinstance(key, str) else None)


# --- jobs ---


@_jobs.post(
    "",
    status_code=202,
    dependencies=[_form("portrait", "voice", "controls", "seed", "consent", "badge")],
)
async def begin_job(
    server: TheServer,
    request: Request,
    portrait: Annotated[str, Form(max_length=64)],
    voice: Annotated[UploadFile, File()],
    controls: Annotated[str, Form(max_length=10_000)] = "{}",
    seed: Annotated[int, Form(ge=0, lt=2**63)] = 0,
    consent: Annotated[str | None, Form(max_length=2000)] = None,
    badge: Annotated[bool, Form()] = True,
) -> messages.JobCreated:
    """Make a video of a portrait and a recording."""
    server.check_ready()
    check_consent(consent, server.settings.require_consent)
    dials = messages.parse_json(controls, "controls")
    if not isinstance(dials, dict):
        raise RefusalError(400, "controls", "controls must be an object of dials")
    options = {"controls": constant(dials), "seed": seed, "consent": consent, "badge": badge}
    stored, client = server.portraits.get(portrait), request.scope["client_name"]
    add = server.jobs.add
    job = await server.work(lambda: add(stored, voice.file.read(), client, options))
    return messages.JobCreated(id=job.id)


@_jobs.get("/{identity}/events", **_file("text/event-stream"))
async def events(server: TheServer, identity: str) -> StreamingResponse:
    """How far a job is: server-sent events."""
    job = server.jobs.get(identity)

    async def lines() -> AsyncIterator[str]:
        async for name, content in server.jobs.events(job):
            yield f"event: {name}\ndata: {json.dumps(content)}\n\n"

    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@_jobs.get("/{identity}/result", **_file("video/mp4"))
async def result(server: TheServer, identity: str) -> FileResponse:
    """The video."""
    path = server.jobs.get(identity).result
    return FileResponse(path, media_type="video/mp4", filename="gioconda.mp4")


@_jobs.delete("/{identity}", status_code=204)
async def remove_job(server: TheServer, identity: str) -> None:
    """Stop a job and delete everything of it."""
    await asyncio.to_thread(server.jobs.remove, identity)
