"""Jobs: a portrait and a recording become a video."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import FileResponse, StreamingResponse

from gioconda.live.consent import check_consent
from gioconda.live.messages import JobCreated, parse_json
from gioconda.live.routes.requests import (
    TheServer,
    client_name,
    file_of,
    only_fields,
    read_controls,
)

router = APIRouter(prefix="/jobs", tags=["jobs"])
_FIELDS = ("portrait", "voice", "controls", "seed", "consent", "badge")


@router.post(
    "",
    status_code=202,
    response_model=JobCreated,
    dependencies=[Depends(only_fields(*_FIELDS))],
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
) -> dict[str, str]:
    """Make a video of a portrait and a recording."""
    await server.check_ready()
    check_consent(consent, server.settings.require_consent)
    add = partial(
        server.jobs.add,
        controls=read_controls(parse_json(controls, "controls")),
        stored=server.portraits.get(portrait),
        seed=seed,
        consent=consent,
        badge=badge,
        client=client_name(request),
    )
    job = await server.work(lambda: add(voice=voice.file.read()))
    return {"id": job.id}


@router.get(
    "/{identity}/events",
    response_class=StreamingResponse,
    responses=file_of("text/event-stream"),
)
async def events(server: TheServer, identity: str) -> StreamingResponse:
    """How far a job is: server-sent events."""
    job = server.jobs.get(identity)

    async def lines() -> AsyncIterator[str]:
        async for name, content in server.jobs.events(job):
            yield f"event: {name}\ndata: {json.dumps(content)}\n\n"

    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@router.get("/{identity}/result", response_class=FileResponse, responses=file_of("video/mp4"))
async def result(server: TheServer, identity: str) -> FileResponse:
    """The video."""
    path = server.jobs.get(identity).result
    return FileResponse(path, media_type="video/mp4", filename="gioconda.mp4")


@router.delete("/{identity}", status_code=204)
async def remove_job(server: TheServer, identity: str) -> None:
    """Stop a job and delete everything of it."""
    await asyncio.to_thread(server.jobs.remove, identity)
