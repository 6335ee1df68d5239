"""Replicas: the same application on many machines, by Ray Serve.

A session lives in the memory of one process, so what belongs to it must reach that process: HTTP,
WebSocket, and WebRTC, which is no HTTP at all. So each replica listens at a port of its own,
and what Ray Serve balances is the ingress: it redirects every new client to a replica (307, with
method and body), and there the client stays.
"""

import asyncio
import os
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gioconda.errors import GiocondaError
from gioconda.inference import MODELS
from gioconda.live.app import make_app
from gioconda.live.server import Settings, WebServer, configured, listen

_START: Final = 120.0  # seconds that a replica may take to listen


class Replica:
    """The application at a port of its own, and the redirection to it.

    Args:
        settings: of the application.
        host: address that it listens at; clients are sent there.
    """

    def __init__(self, settings: Settings, host: str) -> None:
        self._app = make_app(settings)
        self._listener = listen(host, 0)
        port = self._listener.getsockname()[1]
        self._address = f"http://{_reachable(host)}:{port}"
        self._server = WebServer(configured(self._app))
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, request: Request) -> Response:
        """Redirect a client."""
        await self._start()
        pool = self._app.state.server.pool
        if len(pool) >= pool.seats.total:
            body = {"error": "this replica is full; ask again", "code": "busy"}
            return JSONResponse(body, 503, {"Retry-After": "1"})
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(self._address + request.url.path + query, 307)

    async def check_health(self) -> None:
        """Ray asks now and then; a replica that does not listen is replaced."""
        await self._start()
        if self._task is not None and self._task.done():
            raise RuntimeError("the replica's server has ended")

    async def close(self) -> None:
        """Listen no more."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._server.serve([self._listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.05)


def serve_replicas(settings: Settings, host: str, port: int, replicas: int) -> None:
    """Start them, here or on the Ray cluster that RAY_ADDRESS names, and return.

    Raises:
        GiocondaError: if Ray or its Serve is missing.
    """
    try:
        import ray
        from ray import serve
    except ModuleNotFoundError as error:
        raise GiocondaError(
            f"{error.name} is missing; install it: "
            "pip install 'gioconda-portrait[live]' 'ray[serve]'"
        ) from error
    if not ray.is_initialized():
        # Ray runs its workers at a low priority; these serve people
        os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": host, "port": port})
    options: dict[str, Any] = {"num_cpus": 1}
    if folder := os.environ.get(MODELS):
        options["runtime_env"] = {"env_vars": {MODELS: folder}}
    deployment: Any = serve.deployment(
        num_replicas=replicas,
        ray_actor_options=options,
        # a redirection is quick, so any number may wait for one
        max_ongoing_requests=100,
        health_check_period_s=10,
        health_check_timeout_s=_START,
    )(Replica)
    serve.run(deployment.bind(settings, host), name="gioconda", route_prefix="/")


def _reachable(host: str) -> str:
    """The name by which clients reach this machine, if it listens at `host`."""
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    import ray

    return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
