"""What routes ask of a request: the server, and a form without other fields."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.requests import HTTPConnection

from gioconda.live.errors import RefusalError, check_fields
from gioconda.live.server import Server


async def _server(connection: HTTPConnection) -> Server:
    server: Server = connection.app.state.server
    return server


TheServer = Annotated[Server, Depends(_server)]


def form(*known: str) -> Any:
    """A dependency that refuses what is no form, and a form that has other fields."""

    async def check(request: Request) -> None:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise RefusalError(400, "bad-request", "expected a multipart form, as curl -F sends it")
        check_fields(await request.form(), known)

    return Depends(check)


def file(kind: str) -> dict[str, Any]:
    """Says in the OpenAPI description that the answer is a file."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {"response_class": Response, "responses": {200: {"content": content}}}
