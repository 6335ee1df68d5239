"""Pictures that are sent, shown and forgotten."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from gioconda.live.errors import RefusalError
from gioconda.live.messages import PortraitInfo
from gioconda.live.routes.requests import TheServer, file_of, only_fields

router = APIRouter(prefix="/portraits", tags=["portraits"])


@router.post(
    "",
    status_code=201,
    response_model=PortraitInfo,
    dependencies=[Depends(only_fields("picture", "face"))],
)
async def send_portrait(
    server: TheServer,
    picture: Annotated[UploadFile, File()],
    face: Annotated[int | None, Form(ge=1, le=100)] = None,
) -> dict[str, Any]:
    """Send a picture (JPEG, PNG or WebP) with a face."""
    await server.check_ready()
    if picture.size is not None and picture.size > server.settings.limits.picture_bytes:
        raise RefusalError(413, "too-large", "the picture's file is too large")
    # read when it is its turn: until then it lies on the disk
    add = server.portraits.add
    identity, stored = await server.work(lambda: add(picture.file.read(), face))
    return stored.description(identity)


@router.get("/{identity}/picture", response_class=Response, responses=file_of("image/jpeg"))
async def picture(server: TheServer, identity: str) -> Response:
    """The crop that will speak, as JPEG."""
    stored = server.portraits.get(identity)
    coded = await asyncio.to_thread(stored.picture)
    return Response(coded, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.delete("/{identity}", status_code=204)
async def remove_portrait(server: TheServer, identity: str) -> None:
    """Forget a portrait."""
    server.portraits.remove(identity)
