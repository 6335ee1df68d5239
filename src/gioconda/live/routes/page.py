"""The page, and the files that it loads."""

import hashlib
import mimetypes
from importlib import resources
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

FOLDER: Final = resources.files("gioconda.live") / "page"

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; connect-src 'self' ws: wss:; "
        "object-src 'none'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_KEEP: Final = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)


@router.get("/")
def index() -> HTMLResponse:
    """The page."""
    return html(_read()["index.html"].decode())


@router.get("/page/{version}/{name}")
def asset(version: str, name: str) -> Response:
    """A file that a page loads. Its address changes with its content, so browsers may keep it."""
    content = _read().get(name)
    if content is None or name == "index.html":
        raise HTTPException(404)
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    return Response(content, media_type=kind, headers=_HEADERS | _KEEP)


def html(text: str) -> HTMLResponse:
    """A page, with its files at the addresses of their version."""
    version = hashlib.sha256(b"".join(_read().values())).hexdigest()[:12]
    return HTMLResponse(text.replace('"page/', f'"page/{version}/'), headers=_HEADERS)


def _read() -> dict[str, bytes]:
    """The files, by name; read again for each request, so that they can be edited."""
    files = sorted(FOLDER.iterdir(), key=lambda file: file.name)
    return {file.name: file.read_bytes() for file in files}
