"""Portraits, and voices to try them with: the bundled recording, and text read aloud."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from gioconda import example
from gioconda.live import messages
from gioconda.live.access import client_address
from gioconda.live.errors import RefusalError
from gioconda.live.routes.requests import TheServer, file, form

portraits = APIRouter(prefix="/portraits", tags=["portraits"])
voices = APIRouter(tags=["voices"])


@portraits.post("", status_code=201, dependencies=[form("picture", "face")])
async def send_portrait(
    server: TheServer,
    request: Request,
    picture: Annotated[UploadFile, File()],
    face: Annotated[int | None, Form(ge=1, le=100)] = None,
) -> messages.PortraitInfo:
    """Send a picture (JPEG, PNG or WebP) with a face."""
    server.check_ready()
    if picture.size is not None and picture.size > server.settings.limits.picture_bytes:
        raise RefusalError(413, "too-large", "the picture's file is too large")
    # read when it is its turn: until then it lies on the disk
    add, address = server.portraits.add, client_address(request.scope)
    stored = await server.work(lambda: add(picture.file.read(), face, address))
    return stored.description()


@portraits.get("/{identity}/picture", **file("image/jpeg"))
async def picture(server: TheServer, identity: str) -> Response:
    """The crop that will speak, as JPEG."""
    server.check_ready()
    stored = server.portraits.get(identity)
    coded = await asyncio.to_thread(stored.picture)
    return Response(coded, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@portraits.delete("/{identity}", status_code=204)
async def remove_portrait(server: TheServer, identity: str) -> None:
    """Forget a portrait."""
    server.portraits.remove(identity)


@voices.get("/voices/example", **file("audio/flac"))
async def example_voice() -> Response:
    """The bundled voice, as FLAC."""
    return Response(example.VOICE.read_bytes(), media_type="audio/flac")


@voices.post("/speech", **file("audio/wav"))
async def speech(server: TheServer, body: messages.SpeechRequest) -> Response:
    """A text read aloud by espeak-ng, if it is installed there, as WAV."""
    synthesise = partial(server.text_to_speech.synthesise, body.text, body.voice)
    return Response(await server.work(synthesise), media_type="audio/wav")
