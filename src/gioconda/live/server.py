"""Server: portraits, sessions and jobs over HTTP, WebSocket and WebRTC."""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from html import escape
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import uvicorn
from fastapi import Depends, FastAPI, File, Form, Query, Request, Response, UploadFile, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocketDisconnect

from gioconda.controls import Controls
from gioconda.errors import GiocondaError
from gioconda.live.access import Gate, Keys, given_key
from gioconda.live.calls import Calls
from gioconda.live.errors import RefusalError, check_fields, invalid
from gioconda.live.jobs import Jobs
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.messages import (
    About,
    Answer,
    JobMade,
    Offer,
    PortraitMade,
    Refusal,
    SessionMade,
    SessionWish,
    Text,
)
from gioconda.live.portraits import SIZE, Portraits
from gioconda.live.reader import Reader
from gioconda.live.seats import LOG, Seats, Wish, check_consent
from gioconda.live.session import AHEAD, constant
from gioconda.live.stream import close, parsed, stream
from gioconda.media import FPS, SAMPLE_RATE

_SWEEP: Final = 1.0  # seconds
_HELD_BACK: Final = 2**18  # bytes that the system may keep for a connection; Linux doubles them
_WAITING: Final = 64  # requests that take long
_MESSAGE: Final = 2**20  # bytes of one on a WebSocket
_FAREWELL: Final = 3  # seconds that requests get to end when the server does
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob: data: mediastream:; worker-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
_PLAIN: Final = {
    404: "nothing is at this address; /docs lists what there is",
    405: "this address is not for this method; Allow names those it takes",
}
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
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")


class Server:
    """What the routes share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = Keys(settings.keys)
        limits = settings.limits
        self.portraits = Portraits(limits)
        self.seats = Seats(self.portraits, limits, settings.audit, settings.require_consent)
        self.jobs = Jobs(limits, settings.audit)
        self.calls = Calls()
        self.reader = Reader(limits.text_chars)
        self.ready = asyncio.Event()
        self.failed = False  # the networks could not be loaded
        self._making, self._waiting = asyncio.Semaphore(2), 0

    async def work(self, do: Callable[[], _T]) -> _T:
        """Do in a thread what takes long; two such things at a time.

        Raises:
            RefusalError: if too much waits already.
        """
        if self._waiting >= _WAITING:
            raise RefusalError(503, "busy", "the server has too much to do; try again later")
        self._waiting += 1
        try:
            async with self._making:
                return await asyncio.to_thread(do)
        finally:
            self._waiting -= 1

    async def check_ready(self) -> None:
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
            self.seats.close()
            await asyncio.to_thread(self.jobs.close)
            gc.unfreeze()

    async def _warm_up(self) -> None:
        try:
            await asyncio.to_thread(self.seats.warm_up)
        except Exception:  # nobody waits for this task
            self.failed = True
            LOG.exception("the server cannot start")
            return
        # what is loaded stays: the collector need not look at it again while frames wait
        gc.collect()
        gc.freeze()
        self.ready.set()
        LOG.info("ready")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            for each in (self.seats, self.portraits, self.jobs):
                try:
                    await asyncio.to_thread(each.sweep)
                except Exception:  # the next one may go well
                    LOG.exception("a sweep failed")

    def about(self) -> dict[str, Any]:
        """What a client should know beforehand."""
        limits = self.settings.limits
        names = (
            "picture_bytes",
            "picture_pixels",
            "voice_bytes",
            "voice_seconds",
            "text_chars",
            "session_seconds",
            "idle_seconds",
        )
        told = {name: getattr(limits, name) for name in names}
        return {
            "version": version("gioconda"),
            "needs_key": bool(self.keys),
            "consent_required": self.settings.require_consent,
            "badge": True,
            "speech": [{"voice": v, "name": name} for v, name in self.reader.voices.items()],
            "example_voice": True,
            "ready": self.ready.is_set(),
            "sessions": {"open": len(self.seats), "most": self.seats.most},
            "limits": {**told, "sound_ahead_seconds": AHEAD // SAMPLE_RATE},
            "frame": {"width": SIZE, "height": SIZE, "fps": FPS},
            "sample_rate": SAMPLE_RATE,
        }


def make_app(settings: Settings | None = None) -> FastAPI:
    """The application, to be run by any ASGI server in one process."""
    server = Server(settings or Settings())
    refused: dict[str, Any] = {"model": Refusal, "description": "Refused, and why"}
    app = FastAPI(
        title="Gioconda live",
        version=version("gioconda"),
        summary="A portrait speaks as the voice arrives.",
        description="WebSocket and WebRTC messages are described in docs/live.md.",
        docs_url=None,
        redoc_url=None,
        lifespan=server.run,
        responses={"4XX": refused, "5XX": refused},
    )
    app.state.server = server
    settings = server.settings
    app.add_middleware(Gate, keys=server.keys, limits=settings.limits, hosts=settings.hosts)
    _add_errors(app)
    _add_pages(app, server)
    _add_portraits(app, server)
    _add_voices(app, server)
    _add_sessions(app, server)
    _add_jobs(app, server)
    if server.keys:
        _demand_key(app.openapi())  # is made once
    return app


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
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD_BACK)
    return listener


# --- errors ---


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusalError)
    async def refused(request: Request, error: RefusalError) -> JSONResponse:
        headers = {"Retry-After": "10"} if error.status == 503 else None
        return JSONResponse(error.told(), error.status, headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        told = {"error": "the server failed; nothing was made", "code": "internal"}
        return JSONResponse(told, 500)

    @app.exception_handler(GiocondaError)
    async def unusable(request: Request, error: GiocondaError) -> JSONResponse:
        return JSONResponse({"error": str(error), "code": "bad-request"}, 400)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        refusal = invalid(error.errors()[0])
        return JSONResponse(refusal.told(), refusal.status)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.detail, dict):
            return JSONResponse(error.detail, error.status_code, error.headers)
        code = "not-found" if error.status_code == 404 else "bad-request"
        told = {"error": _PLAIN.get(error.status_code, str(error.detail)), "code": code}
        return JSONResponse(told, error.status_code, error.headers)


def _only(*known: str) -> Callable[[Request], Awaitable[None]]:
    """Refuses what is no form, and a form that has other fields."""

    async def check(request: Request) -> None:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise RefusalError(400, "bad-request", "expected a multipart form, as curl -F sends it")
        check_fields(await request.form(), known)

    return check


# --- pages ---


def _add_pages(app: FastAPI, server: Server) -> None:
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        file = resources.files("gioconda.live") / "page.html"
        return HTMLResponse(file.read_text("utf-8"), headers=headers)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        key = request.query_params.get("key")
        query = f"?{urlencode({'key': key})}" if server.keys and key else ""
        return HTMLResponse(_docs(app.openapi(), query), headers=headers)

    @app.get("/about", tags=["server"], response_model=About)
    async def about() -> dict[str, Any]:
        """What this server is, wants and allows."""
        return server.about()


def _demand_key(description: dict[str, Any]) -> None:
    """Say in the OpenAPI description how a key is given."""
    description["components"]["securitySchemes"] = {
        "header": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
    }
    description["security"] = [{"header": []}, {"query": []}]
    description["paths"]["/about"]["get"]["security"] = []


def _file(kind: str) -> dict[int | str, dict[str, Any]]:
    """An answer that is no JSON, for the OpenAPI description."""
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


def _docs(description: Mapping[str, Any], query: str) -> str:
    """The OpenAPI description as a page that loads nothing from elsewhere."""
    rows = []
    for path, calls in description["paths"].items():
        for verb, call in calls.items():
            answers = ", ".join(call["responses"])
            text = call.get("description", call.get("summary", ""))
            rows.append(
                f"<tr><td><code>{verb.upper()} {escape(path)}</code></td>"
                f"<td>{escape(text)}</td><td>{escape(answers)}</td></tr>"
            )
    title = escape(description["info"]["title"])
    style = (
        "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;"
        "color-scheme:light dark}td,th{text-align:left;padding:.4rem .8rem;vertical-align:top;"
        "border-top:1px solid #8886}"
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<style>{style}</style><h1>{title}</h1><p>The whole description for programs: "
        f'<a href="/openapi.json{escape(query)}">openapi.json</a>. '
        "WebSocket and WebRTC: docs/live.md.</p>"
        f"<table><tr><th>call<th>what it does<th>answers</tr>{''.join(rows)}</table></html>"
    )


# --- portraits ---


def _add_portraits(app: FastAPI, server: Server) -> None:
    fields = Depends(_only("picture", "face"))

    @app.post(
        "/portraits",
        status_code=201,
        tags=["portraits"],
        response_model=PortraitMade,
        dependencies=[fields],
    )
    async def send_portrait(
        picture: Annotated[UploadFile, File()],
        face: Annotated[int | None, Form(ge=1, le=100)] = None,
    ) -> dict[str, Any]:
        """Send a picture (JPEG, PNG or WebP) with a face."""
        await server.check_ready()
        if picture.size is not None and picture.size > server.settings.limits.picture_bytes:
            raise RefusalError(413, "too-large", "the picture's file is too large")
        # read when it is its turn: until then it lies on the disk
        add = server.portraits.add
        identity, kept = await server.work(lambda: add(picture.file.read(), face))
        return kept.told(identity)

    @app.get(
        "/portraits/{identity}/picture",
        tags=["portraits"],
        response_class=Response,
        responses=_file("image/jpeg"),
    )
    async def picture(identity: str) -> Response:
        """The crop that will speak, as JPEG."""
        kept = server.portraits.get(identity)
        coded = await asyncio.to_thread(kept.picture)
        return Response(coded, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @app.delete("/portraits/{identity}", status_code=204, tags=["portraits"])
    async def remove_portrait(identity: str) -> None:
        """Forget a portrait."""
        server.portraits.remove(identity)


# --- voices ---


def _add_voices(app: FastAPI, server: Server) -> None:
    @app.get(
        "/voices/example",
        tags=["voices"],
        response_class=Response,
        responses=_file("audio/flac"),
    )
    async def example_voice() -> Response:
        """The bundled voice, as FLAC."""
        file = resources.files("gioconda") / "example" / "voice.flac"
        return Response(file.read_bytes(), media_type="audio/flac")

    @app.post("/speech", tags=["voices"], response_class=Response, responses=_file("audio/wav"))
    async def speech(body: Text) -> Response:
        """A text read aloud by espeak-ng, if it is installed there, as WAV."""
        spoken = await server.work(partial(server.reader.read, body.text, body.voice))
        return Response(spoken, media_type="audio/wav")


# --- sessions ---


def _add_sessions(app: FastAPI, server: Server) -> None:
    @app.post("/sessions", status_code=201, tags=["sessions"], response_model=SessionMade)
    async def open_session(body: SessionWish, request: Request) -> dict[str, Any]:
        """Begin a session; connect to it within 30 seconds."""
        await server.check_ready()
        read_controls(body.controls)  # refused before a seat is taken
        wish = Wish(
            body.portrait,
            body.seed,
            body.controls,
            body.consent,
            body.badge,
            body.source,
        )
        client = request.scope["client_name"]
        seat = await server.work(partial(server.seats.open, wish, client))
        return {"id": seat.id, "mark": f"{seat.mark:08x}"}

    @app.post("/sessions/{identity}/offer", tags=["sessions"], response_model=Answer)
    async def offer(identity: str, body: Offer) -> dict[str, str]:
        """Connect to a session by WebRTC: an offer (SDP) is answered."""
        seat = server.seats.get(identity)
        return await server.calls.answer(seat, body.sdp)

    @app.delete("/sessions/{identity}", status_code=204, tags=["sessions"])
    async def end_session(identity: str) -> None:
        """End a session; its portrait is deleted."""
        server.seats.get(identity).leave()

    @app.websocket("/sessions/{identity}/stream")
    async def stream_session(
        socket: WebSocket, identity: str, format: Annotated[str, Query()] = "jpeg"
    ) -> None:
        with suppress(WebSocketDisconnect):  # it went before it was let in, or told why not
            await socket.accept()
            try:
                await _let_in(socket, server.keys)
                if format not in ("jpeg", "h264"):
                    raise RefusalError(400, "bad-request", "format must be jpeg or h264")
                seat = server.seats.get(identity)
                await stream(socket, seat, format, server.settings.limits.stall_seconds)
            except RefusalError as error:
                with suppress(RuntimeError, OSError):
                    await close(socket, error)


# --- jobs ---


def _add_jobs(app: FastAPI, server: Server) -> None:
    fields = Depends(_only("portrait", "voice", "controls", "seed", "consent", "badge"))

    @app.post(
        "/jobs", status_code=202, tags=["jobs"], response_model=JobMade, dependencies=[fields]
    )
    async def begin_job(
        request: Request,
        portrait: Annotated[str, Form(max_length=64)],
        voice: Annotated[UploadFile, File()],
        controls: Annotated[str, Form(max_length=10_000)] = "{}",
        seed: Annotated[int, Form(ge=0, lt=2**63)] = 0,
        consent: Annotated[str | None, Form(max_length=2000)] = None,
        badge: Annotated[bool, Form()] = True,
    ) -> dict[str, str]:
        """Make a video of a portrait and a recording."""
        await server.check_ready()
        check_consent(consent, server.settings.require_consent)
        dials = read_controls(parsed(controls, "controls"))
        kept = server.portraits.get(portrait)
        client = request.scope["client_name"]
        add = partial(
            server.jobs.add,
            kept,
            seed=seed,
            controls=dials,
            consent=consent,
            badge=badge,
            client=client,
        )
        job = await server.work(lambda: add(voice=voice.file.read()))
        return {"id": job.id}

    @app.get(
        "/jobs/{identity}/events",
        tags=["jobs"],
        response_class=StreamingResponse,
        responses=_file("text/event-stream"),
    )
    async def events(identity: str) -> StreamingResponse:
        """How far a job is: server-sent events."""
        job = server.jobs.get(identity)

        async def lines() -> AsyncIterator[str]:
            async for name, content in server.jobs.events(job):
                yield f"event: {name}\ndata: {json.dumps(content)}\n\n"

        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)

    @app.get(
        "/jobs/{identity}/result",
        tags=["jobs"],
        response_class=FileResponse,
        responses=_file("video/mp4"),
    )
    async def result(identity: str) -> FileResponse:
        """The video."""
        path = server.jobs.get(identity).result
        return FileResponse(path, media_type="video/mp4", filename="gioconda.mp4")

    @app.delete("/jobs/{identity}", status_code=204, tags=["jobs"])
    async def remove_job(identity: str) -> None:
        """Stop a job and delete everything of it."""
        await asyncio.to_thread(server.jobs.remove, identity)


async def _let_in(socket: WebSocket, keys: Keys) -> None:
    """Check the key of a socket, in its address or in its first message."""
    if not keys:
        return
    key = given_key(socket.scope)
    if key is None:
        message: Any = None
        with suppress(TimeoutError, KeyError, RuntimeError):
            message = parsed(await asyncio.wait_for(socket.receive_text(), 10))
        key = message.get("key") if isinstance(message, dict) else None
    keys.name(key if isinstance(key, str) else None)


def read_controls(dials: object) -> Controls:
    """The dials of a request. Raises RefusalError."""
    if not isinstance(dials, dict):
        raise RefusalError(400, "controls", "controls must be an object of dials")
    try:
        return constant(dials)
    except GiocondaError as error:
        raise RefusalError(400, "controls", str(error)) from error
