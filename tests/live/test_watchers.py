"""One session, seen by many."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gioconda.live import routes

from .conftest import Running, wait
from .test_faults import HEAD, drain, told


def frames(socket: ClientConnection, count: int) -> dict[int, bytes]:
    """The next messages that are frames, by number."""
    found: dict[int, bytes] = {}
    while len(found) < count:
        message = socket.recv(20)
        if isinstance(message, bytes):
            found[HEAD.unpack(message[:16])[1]] = message
    return found


@pytest.fixture
def watch(running: Running) -> Callable[[str], Any]:
    return lambda session: connect(running.stream(session).replace("/stream", "/watch"))


def test_all_see_the_same_frames(
    running: Running, session: str, watch: Callable[[str], Any]
) -> None:
    with connect(running.stream(session)) as client, watch(session) as one, watch(session) as other:
        seen = [frames(each, 30) for each in (client, one, other)]
        shared = set.intersection(*map(set, seen))
        assert len(shared) > 5
        for number in shared:
            assert seen[0][number] == seen[1][number] == seen[2][number]
        client.send('{"do": "close"}')
        drain(client)
        for each in (one, other):
            drain(each)


def test_a_watcher_may_come_late_and_take_h264(running: Running, session: str) -> None:
    with connect(running.stream(session)) as client:
        frames(client, 10)
        address = running.stream(session, "?format=h264").replace("/stream", "/watch")
        with connect(address) as one:
            pictures = [message[16 + 1280 :] for message in frames(one, 10).values()]
            assert next(filter(None, pictures))[4:8] == b"ftyp"


def test_so_many_watch_that_others_are_still_let_in(
    running: Running,
    session: str,
    watch: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes.sessions, "WATCHERS", 2)
    with connect(running.stream(session)), watch(session) as one:
        with watch(session) as other:
            frames(other, 1)
            with watch(session) as third:
                assert told(third, "error")["code"] == "busy"
                with pytest.raises(ConnectionClosed):
                    third.recv(20)
                assert third.close_code == 1013
        wait(lambda: running.server.watchers.total() == 1)
        with watch(session) as other:
            frames(other, 1)
            frames(one, 1)


def test_one_address_has_half_of_the_watchers_and_none_without_a_place(
    running: Running,
    session: str,
    watch: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes.sessions, "WATCHERS", 2)
    monkeypatch.setattr(routes.sessions, "client_address", lambda scope: "192.0.2.1")
    with connect(running.stream(session)), watch(session) as one:
        frames(one, 1)
        with watch(session) as other:
            assert told(other, "error")["code"] == "too-many-requests"
        with watch("nobody") as other:  # what is refused takes no place
            assert told(other, "error")["code"] == "not-found"
        assert running.server.watchers == {"192.0.2.1": 1}
        frames(one, 1)
    wait(lambda: not running.server.watchers)


def test_who_watches_can_say_and_end_nothing(
    running: Running, session: str, watch: Callable[[str], Any]
) -> None:
    with connect(running.stream(session)) as client:
        with watch(session) as one:
            frames(one, 3)
            one.send(b"\1\0" * 16000)
            one.send('{"do": "close"}')
            frames(one, 3)
        heard = frames(client, 15)
        assert not any(message[16 : 16 + 1280].strip(b"\0") for message in heard.values())


def test_who_waits_for_a_client_that_never_comes_is_told_so(
    running: Running, session: str, watch: Callable[[str], Any]
) -> None:
    with watch(session) as one:
        assert "in time" in told(one, "error")["error"]
        with pytest.raises(ConnectionClosed):
            one.recv(20)


def test_nobody_watches_a_session_that_does_not_exist(
    running: Running, watch: Callable[[str], Any]
) -> None:
    with watch("nobody") as one:
        assert "no such session" in told(one, "error")["error"]
        with pytest.raises(ConnectionClosed):
            one.recv(20)


def test_what_a_session_was_drawn_by_is_freed_without_the_collector(
    running: Running, session: str, watch: Callable[[str], Any]
) -> None:
    """An animator holds 10 MiB, and the collector may come a hundred sessions later."""
    kept = weakref.ref(running.server.pool.get(session).session._speaker)
    gc.disable()
    try:
        with connect(running.stream(session, "?format=h264")) as client, watch(session) as one:
            client.send("{")  # a refusal, too, is an exception that could keep it
            assert told(client, "error")
            frames(client, 3)
            frames(one, 3)
        wait(lambda: kept() is None)
    finally:
        gc.enable()
