"""What routes need of a request, and say of their answer."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from gioconda.controls import Controls
from gioconda.live.dials import constant
from gioconda.live.errors import RefusalError, check_fields
from gioconda.live.server import Server


async def _server(connection: HTTPConnection) -> Server:
    server: Server = connection.app.state.server
    return server


TheServer = Annotated[Server, Depends(_server)]


def client_name(request: Request) -> str:
    """The name of the key that a request was made with."""
    return str(request.scope["client_name"])


def only_fields(*known: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses what is no form, and a form that has other fields."""

    async def check(request: Request) -> None:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise RefusalError(400, "bad-request", "expected a multipart form, as curl -F sends it")
        check_fields(await request.form(), known)

    return check


def read_controls(dials: object) -> Controls:
    """The dials of a request. Raises GiocondaError."""
    if not isinstance(dials, dict):
        raise RefusalError(400, "controls", "controls must be an object of dials")
    return constant(dials)


def file_of(kind: str) -> dict[int | str, dict[str, Any]]:
    """An answer that is no JSON, for the OpenAPI description."""
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}
