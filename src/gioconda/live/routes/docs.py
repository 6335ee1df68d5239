"""The list of all routes, as a page that loads nothing from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gioconda.live.routes.page import HEADERS
from gioconda.live.routes.requests import TheServer

_STYLE: Final = (
    "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color-scheme:light dark}td,th{text-align:left;padding:.4rem .8rem;vertical-align:top;"
    "border-top:1px solid #8886}"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request, server: TheServer) -> HTMLResponse:
    """The list of all routes."""
    key = request.query_params.get("key")
    query = f"?{urlencode({'key': key})}" if server.keys and key else ""
    return HTMLResponse(_page(request.app.openapi(), query), headers=HEADERS)


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
        f"<style>{_STYLE}</style><h1>{title}</h1><p>The whole description for programs: "
        f'<a href="/openapi.json{escape(query)}">openapi.json</a>. '
        "WebSocket and WebRTC: docs/live.md.</p>"
        f"<table><tr><th>call<th>what it does<th>answers</tr>{''.join(rows)}</table></html>"
    )
