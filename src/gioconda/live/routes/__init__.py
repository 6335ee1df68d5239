"""Routes: the addresses of the server, a module for each thing that they are about."""

from typing import Final

from gioconda.live.routes import about, jobs, metrics, pages, portraits, sessions

ROUTERS: Final = (
    pages.router,
    about.router,
    metrics.router,
    portraits.portraits,
    portraits.voices,
    sessions.router,
    jobs.router,
)
