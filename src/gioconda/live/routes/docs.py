"""The list of all routes, as a page that loads nothing from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gioconda.live.routes.page import html
from gioconda.live.routes.requests import TheServer

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request, server: TheServer) -> HTMLResponse:
    """The list of all routes."""
    key = request.query_params.get("key")
    query = f"?{urlencode({'key': key})}" if server.keys and key else ""
    return html(_page(request.app.openapi(), query))


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
