"""The page."""

from importlib import resources
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob: data: mediastream:; worker-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> HTMLResponse:
    """The page."""
    file = resources.files("gioconda.live") / "page.html"
    return HTMLResponse(file.read_text("utf-8"), headers=HEADERS)
