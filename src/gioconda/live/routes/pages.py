"""Pages: the page, the files that it loads, and the list of all routes."""

import hashlib
import mimetypes
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

FOLDER: Final = resources.files("gioconda.live") / "page"
_PICTURES: Final = resources.files("gioconda.example")

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
    return _html(_read()["index.html"].decode())


@router.get("/page/{version}/{name}")
def asset(version: str, name: str) -> Response:
    """A file that a page loads. Its address changes with its content, so browsers may keep it.

    Other sites load `gioconda-portrait.js` of the version `latest`, and ask each time.
    """
    content = _read().get(name)
    if content is None or name == "index.html":
        raise HTTPException(404)
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    headers = _HEADERS if version == "latest" else _HEADERS | _KEEP
    return Response(content, media_type=kind, headers=headers)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The list of all routes."""
    key = request.query_params.get("key")
    query = f"?{urlencode({'key': key})}" if request.app.state.server.settings.keys and key else ""
    return _html(_page(request.app.openapi(), query))


def _html(text: str) -> HTMLResponse:
    """A page, with its files at the addresses of their version."""
    version = hashlib.sha256(b"".join(_read().values())).hexdigest()[:12]
    return HTMLResponse(text.replace('"page/', f'"page/{version}/'), headers=_HEADERS)


def _read() -> dict[str, bytes]:
    """The files, by name; read again for each request, so that they can be edited."""
    pictures = [file for file in _PICTURES.iterdir() if file.name.endswith(".jpg")]
    files = sorted([*FOLDER.iterdir(), *pictures], key=lambda file: file.name)
    return {file.name: file.read_bytes() for file in files}


def _page(description: Mapping[str, Any], query: str) -> str:
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
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f'<link rel="stylesheet" href="page/docs.css"><h1>{title}</h1>'
        f'<p>The whole description for programs: <a href="/openapi.json{escape(query)}">'
        "openapi.json</a>. WebSocket and WebRTC: docs/live.md.</p>"
        f"<table><tr><th>call<th>what it does<th>answers</tr>{''.join(rows)}</table></html>"
    )
