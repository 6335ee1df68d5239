"""The ingress to replicas, and two of them by Ray Serve on this machine."""

import asyncio
import socket
import time

import httpx
import pytest

from gioconda.live.limits import Limits
from gioconda.live.server import Settings


def test_a_replica_redirects_clients_to_itself_until_it_is_full():
    from starlette.requests import Request

    from gioconda.live.replicas import Replica

    def request(path):
        address, _, query = path.partition("?")
        head = {"type": "http", "method": "POST", "scheme": "http", "server": ("ingress", 80)}
        return Request({**head, "path": address, "query_string": query.encode(), "headers": []})

    async def visit():
        replicas = [Replica(Settings(limits=Limits(sessions=1)), "127.0.0.1") for _ in range(2)]
        try:
            answers = [await replica(request("/sessions?key=a")) for replica in replicas]
            homes = [answer.headers["location"] for answer in answers]
            assert {answer.status_code for answer in answers} == {307}
            assert all(home.endswith("/sessions?key=a") for home in homes)
            assert homes[0] != homes[1]
            async with httpx.AsyncClient() as client:
                for home in homes:
                    about = home.replace("/sessions?key=a", "/about")
                    found = (await client.get(about)).json()["sessions"]
                    assert found == {"open": 0, "most": 1, "waiting": 0}
            replicas[0]._app.state.server.pool.seats.take("another")
            assert (await replicas[0](request("/"))).status_code == 503
            assert (await replicas[1](request("/"))).status_code == 307
            for replica in replicas:
                await replica.check_health()
        finally:
            for replica in replicas:
                await replica.close()
        with pytest.raises(RuntimeError, match="ended"):
            await replicas[0].check_health()

    asyncio.run(visit())


@pytest.fixture
def ingress(monkeypatch):
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "120")  # a busy machine
    monkeypatch.setenv("RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S", "120")
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.serve")
    from ray import serve

    from gioconda.live.replicas import serve_replicas

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ray.init(include_dashboard=False, log_to_driver=False, num_cpus=4)
    try:
        serve_replicas(Settings(limits=Limits(sessions=1)), "127.0.0.1", port, 2)
        yield f"http://127.0.0.1:{port}"
    finally:
        serve.shutdown()
        ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own processes leave sockets and files open
def test_clients_are_sent_to_replicas_and_stay_there(ingress):
    from websockets.sync.client import connect

    homes = {}
    end = time.monotonic() + 420
    with httpx.Client(timeout=60) as client:
        while len(homes) < 2:
            assert time.monotonic() < end, "a replica did not come up"
            answer = client.get(ingress + "/about")
            assert answer.status_code == 307
            home = answer.headers["location"].removesuffix("/about")
            if client.get(home + "/about").json()["ready"]:
                homes[home] = None
            time.sleep(0.1)
        for home in homes:
            wish = {"portrait": "example"}
            answer = client.post(home + "/sessions", json=wish)
            assert answer.status_code == 201, answer.text
            homes[home] = answer.json()["id"]
        sockets = [
            connect(f"{home.replace('http', 'ws')}/sessions/{session}/stream")
            for home, session in homes.items()
        ]
        try:
            for each in sockets:
                assert each.recv(30)
            # both are full now
            assert client.get(ingress + "/").status_code == 503
            assert client.post(ingress + "/sessions", json=wish).json()["code"] == "busy"
        finally:
            for each in sockets:
                each.close()
        # a request with a body follows its replica
        answer = client.post(ingress + "/sessions", json=wish, follow_redirects=True)
        while answer.status_code == 503 and time.monotonic() < end:
            time.sleep(0.2)
            answer = client.post(ingress + "/sessions", json=wish, follow_redirects=True)
        assert answer.status_code == 201
