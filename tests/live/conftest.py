"""A server that is ready, once for all tests, and clients of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from gioconda.live.app import make_app
from gioconda.live.limits import Limits
from gioconda.live.server import Server, Settings, WebServer, configured, listen


@dataclass
class Running:
    """A server at a port of this machine."""

    url: str
    server: Server

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def stream(self, session: str, query: str = "") -> str:
        return f"{self.url.replace('http', 'ws')}/sessions/{session}/stream{query}"


@contextmanager
def serving(settings: Settings, port: int = 0) -> Iterator[Running]:
    """A server in a thread of its own, ready; at any port that is free."""
    app = make_app(settings)
    listener = listen("127.0.0.1", port)
    server = WebServer(configured(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    running = Running(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.server)
    try:
        with running.client() as client:
            wait(lambda: server.started and client.get("/about").json()["ready"], 120)
        yield running
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
    assert not thread.is_alive(), "the server did not end"


def wait(until: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    limits = Limits(sessions=2, requests=100_000, connect_seconds=3, stall_seconds=2, portraits=3)
    with serving(Settings(limits=limits)) as server:
        yield server


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client
    wait(lambda: len(running.server.pool) == 0)


@pytest.fixture
def session(client: httpx.Client) -> str:
    return str(client.post("/sessions", json={"portrait": "example"}).json()["id"])
