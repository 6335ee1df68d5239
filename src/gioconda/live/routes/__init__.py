"""Routes: the addresses of the server, one module for each thing that they are about."""

from typing import Final

from gioconda.live.routes import about, docs, jobs, page, portraits, sessions, voices

ROUTERS: Final = tuple(
    module.router for module in (page, docs, about, portraits, voices, sessions, jobs)
)
