"""Jobs: a portrait and a recording become a file."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import FileResponse, StreamingResponse

from gioconda.live import messages
from gioconda.live.access import client_address
from gioconda.live.dials import constant
from gioconda.live.errors import RefusalError
from gioconda.live.routes.requests import TheServer, file, form

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.post(
    "",
    status_code=202,
    dependencies=[form("portrait", "voice", "controls", "seed", "consent", "badge")],
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
    server.settings.check(consent, badge)
    dials = messages.parse_json(controls, "controls")
    if not isinstance(dials, dict):
        raise RefusalError(400, "controls", "controls must be an object of dials")
    options = {"controls": constant(dials), "seed": seed, "consent": consent, "badge": badge}
    stored, client = server.portraits.get(portrait), request.scope["client_name"]
    add, address = server.jobs.add, client_address(request.scope)
    job = await server.work(lambda: add(stored, voice.file.read(), client, options, address))
    return messages.JobCreated(id=job.id)


@router.get("/{identity}/events", **file("text/event-stream"))
async def events(server: TheServer, identity: str) -> StreamingResponse:
    """How far a job is: server-sent events."""
    job = server.jobs.get(identity)

    async def lines() -> AsyncIterator[str]:
        async for event in server.jobs.events(job):
            if event is None:
                yield ":\n\n"  # a comment
            else:
                yield f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n"

    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@router.get("/{identity}/result", **file("video/mp4"))
async def result(server: TheServer, identity: str) -> FileResponse:
    """The video."""
    path = server.jobs.get(identity).result
    return FileResponse(path, media_type="video/mp4", filename="gioconda.mp4")


@router.delete("/{identity}", status_code=204)
async def remove_job(server: TheServer, identity: str) -> None:
    """Stop a job and delete everything of it."""
    await asyncio.to_thread(server.jobs.remove, identity)
