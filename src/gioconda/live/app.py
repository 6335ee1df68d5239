"""App: the routes and the answers to errors, for any ASGI server."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from gioconda.errors import GiocondaError
from gioconda.live.access import Gate
from gioconda.live.errors import RefusalError, invalid, refusal_of
from gioconda.live.messages import Refusal
from gioconda.live.routes import ROUTERS
from gioconda.live.server import Server, Settings
from gioconda.version import __version__

_PLAIN: Final = {
    404: "nothing is at this address; /docs lists what there is",
    405: "this address is not for this method; Allow names those it takes",
}


def make_app(settings: Settings | None = None) -> FastAPI:
    """The application, to be run by any ASGI server in one process."""
    server = Server(settings or Settings())
    refused: dict[str, Any] = {"model": Refusal, "description": "Refused, and why"}
    app = FastAPI(
        title="Gioconda live",
        version=__version__,
        summary="A portrait speaks as the voice arrives.",
        description="WebSocket and WebRTC messages are described in docs/live.md.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirection would repeat the key, and trust Host
        lifespan=server.run,
        responses={"4XX": refused, "5XX": refused},
    )
    app.state.server = server
    settings = server.settings
    app.add_middleware(
        Gate,
        keys=settings.keys,
        limits=settings.limits,
        hosts=settings.hosts,
        origins=settings.origins,
        answers=server.answers,
    )
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
            allow_private_network=True,  # from a site to the user's own machine
        )
    app.exception_handler(GiocondaError)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_no_route)
    app.exception_handler(Exception)(_failed)
    for router in ROUTERS:
        app.include_router(router)
    if settings.keys:
        _demand_key(app.openapi())  # is made once
    return app


async def _refused(request: Request, error: GiocondaError) -> JSONResponse:
    return refusal_of(error).response()


async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
    return invalid(error.errors()[0]).response()


async def _no_route(request: Request, error: HTTPException) -> JSONResponse:
    if isinstance(error.detail, dict):
        return JSONResponse(error.detail, error.status_code, error.headers)
    code = "not-found" if error.status_code == 404 else "bad-request"
    body = {"error": _PLAIN.get(error.status_code, str(error.detail)), "code": code}
    return JSONResponse(body, error.status_code, error.headers)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    # uvicorn logs it
    return RefusalError(500, "internal", "the server failed; nothing was made").response()


def _demand_key(description: dict[str, Any]) -> None:
    """Say in the OpenAPI description how a key is given."""
    description["components"]["securitySchemes"] = {
        "header": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
    }
    description["security"] = [{"header": []}, {"query": []}]
    description["paths"]["/about"]["get"]["security"] = []
