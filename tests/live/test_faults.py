"""What clients and networks do wrong: the server stays up and others notice nothing."""

import asyncio
import contextlib
import gc
import json
import os
import random
import socket
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect as connect_later
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from gioconda.live.frame import Frame, State
from gioconda.live.limits import Limits
from gioconda.live.pool import SessionPool
from gioconda.live.server import Settings
from gioconda.live.stream import _Queue

from .conftest import serving, wait

HEAD = struct.Struct("<B3xIII")


def frame(socket, seconds=20):
    """The next frame: kind, number, milliseconds, sound, picture."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = socket.recv(seconds)
        if isinstance(message, bytes):
            kind, number, clock, size = HEAD.unpack(message[:16])
            return kind, number, clock, message[16 : 16 + size], message[16 + size :]
    raise AssertionError("no frame came")


def told(socket, key, seconds=20):
    """The next text message that has this key."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = socket.recv(seconds)
        if isinstance(message, str) and key in json.loads(message):
            return json.loads(message)
    raise AssertionError("no message came")


def drain(socket):
    """Read until the server closes."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(10)


def open_session(client, **wish):
    return client.post("/sessions", json={"portrait": "example", **wish}).json()["id"]


@pytest.fixture
def alive(running, client):
    """After the fault everything still works and no session is open."""
    yield
    wait(lambda: len(running.server.pool) == 0)
    assert client.get("/about").status_code == 200
    with connect(running.stream(open_session(client))) as watcher:
        assert frame(watcher)[1] == 0
    wait(lambda: len(running.server.pool) == 0)


def test_frames_come_with_their_sound(running, session, voice):
    pcm = (voice[8000:24000] * 32767).astype("<i2")
    with connect(running.stream(session)) as watcher:
        watcher.send(pcm.tobytes())
        watcher.send('{"do": "end_of_speech"}')
        found = [frame(watcher) for _ in range(29)]
        watcher.send('{"do": "close"}')
        drain(watcher)
        assert watcher.close_code == 1000
    numbers = [each[1] for each in found]
    assert numbers == list(range(29))
    assert [each[2] for each in found] == [40 * number for number in numbers]
    assert {each[0] for each in found} == {0}
    heard = np.frombuffer(b"".join(each[3] for each in found), "<i2")
    begin = int(np.flatnonzero(heard)[0] - np.flatnonzero(pcm)[0])
    np.testing.assert_array_equal(heard[max(begin, 0) :][:12000], pcm[max(-begin, 0) :][:12000])
    assert found[0][4][:2] == b"\xff\xd8"


def test_h264_comes_as_one_mp4(running, session):
    import io

    import av

    with connect(running.stream(session, "?format=h264")) as watcher:
        found = [frame(watcher) for _ in range(20)]
    assert {each[0] for each in found} == {1}
    with av.open(io.BytesIO(b"".join(each[4] for each in found))) as video:
        pictures = list(video.decode(video=0))
    assert len(pictures) == sum(bool(each[4]) for each in found)
    assert (pictures[0].width, pictures[0].height) == (512, 512)


def test_dials_and_states_over_the_socket(running, session, voice):
    with connect(running.stream(session)) as watcher:
        watcher.send('{"do": "interrupt"}')  # nothing to interrupt, which is no fault
        watcher.send('{"do": "set", "controls": {"distance": 7}}')
        assert told(watcher, "error")["code"] == "controls"
        watcher.send('{"do": "set", "control": {"distance": 1.4}}')
        assert "the fields are do, controls" in told(watcher, "error")["error"]
        watcher.send('{"do": "set", "controls": {"distance": 1.4}}')
        watcher.send((voice * 32767).astype("<i2").tobytes())
        while told(watcher, "state")["state"] != "speaking":
            pass
        watcher.send('{"do": "interrupt"}')
        while told(watcher, "state")["state"] not in ("interrupted", "idle"):
            pass


@pytest.mark.usefixtures("alive")
def test_garbage_on_the_socket_is_refused_and_the_session_goes_on(running, client):
    chance = random.Random(0)
    session = open_session(client)
    with connect(running.stream(session)) as watcher:
        for _ in range(100):
            watcher.send(chance.randbytes(chance.randrange(2000)))
            text = chance.choice(
                ["", "{", "[]", "null", '{"do": 7}', '{"do": "set"}', "[" * 50000, '"\\ud800"']
            )
            watcher.send(text)
        watcher.send('{"do": "set", "controls": {"gaze": {"0": "x"}, "nose": [[]]}}')
        last = -1
        while last < 3:
            last = frame(watcher)[1]


@pytest.mark.usefixtures("alive")
def test_too_large_a_message_ends_the_connection(running, client):
    with connect(running.stream(open_session(client))) as watcher:
        watcher.send(bytes(2**20 + 2))
        drain(watcher)
        assert watcher.close_code == 1009


@pytest.mark.usefixtures("alive")
def test_too_much_sound_ends_the_session_with_the_reason(running, client):
    with connect(running.stream(open_session(client))) as watcher:
        for _ in range(5):
            watcher.send(bytes(2**20))
        assert told(watcher, "error")["code"] == "too-far-ahead"
        with pytest.raises(ConnectionClosed):
            watcher.recv(10)
        assert watcher.close_code == 1009


@pytest.mark.usefixtures("alive")
def test_only_one_may_watch_a_session(running, client):
    session = open_session(client)
    with connect(running.stream(session)) as first:
        frame(first)
        with connect(running.stream(session)) as second:
            assert told(second, "error")["code"] == "taken"
        frame(first)


@pytest.mark.usefixtures("alive")
def test_a_client_that_vanishes_frees_its_place(running, client):
    line = _raw(running, open_session(client))
    assert line.recv(2000)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()  # a reset, without a word
    wait(lambda: len(running.server.pool) == 0)


def _raw(running, session):
    """A connection that has shaken hands and reads only when told to."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", running.port))
    line.sendall(
        f"GET /sessions/{session}/stream HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert line.recv(12) == b"HTTP/1.1 101"
    return line


@pytest.mark.usefixtures("alive")
def test_a_client_that_takes_nothing_loses_frames_then_its_place(running, client):
    """And a session beside it goes on at its own pace."""
    stalled = _raw(running, open_session(client))
    other = open_session(client)
    with connect(running.stream(other)) as watcher:
        numbers = [frame(watcher)[1]]

        def alone() -> bool:
            if len(running.server.pool) > 1:
                numbers.append(frame(watcher)[1])
            return len(running.server.pool) == 1

        wait(alone, 60)
    assert numbers == list(range(len(numbers)))
    stalled.close()


@pytest.mark.usefixtures("alive")
def test_a_line_that_stood_still_for_five_seconds_goes_on_with_the_present(
    running, client, monkeypatch
):
    """Frames are left out, whole ones, and the session beside it misses none."""
    patient = replace(running.server.settings.limits, stall_seconds=100)
    settings = replace(running.server.settings, limits=patient)
    monkeypatch.setattr(running.server, "settings", settings)
    session = open_session(client)
    stalled = _raw(running, session)
    hosted = running.server.pool.get(session)
    with connect(running.stream(open_session(client))) as watcher:
        numbers = [frame(watcher)[1]]
        end = time.monotonic() + 5
        while time.monotonic() < end or hosted.dropped < 25:  # a busy machine gives less to drop
            numbers.append(frame(watcher)[1])
        stalled.settimeout(20)
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        with stalled.makefile("rb") as line:
            while line.readline() != b"\r\n":
                pass
            seen = [_next_frame(line)]
            while seen[-1][0] < numbers[-1]:
                seen.append(_next_frame(line))
    stalled.close()
    assert numbers == list(range(len(numbers)))
    steps = np.diff([number for number, _ in seen])
    assert steps.min() > 0
    assert steps.max() >= 25
    assert {picture[:2] + picture[-2:] for _, picture in seen if picture} == {b"\xff\xd8\xff\xd9"}


@pytest.mark.usefixtures("alive")
def test_a_slow_line_gets_all_of_the_sound(running, client):
    """And as many pictures as it can take."""
    session = open_session(client)
    slow = _raw(running, session)
    slow.settimeout(20)
    hosted = running.server.pool.get(session)
    seen = []
    with slow.makefile("rb") as line:
        while line.readline() != b"\r\n":
            pass
        while hosted.dropped < 10 or len(seen) < 50:
            seen.append(_next_frame(line))
            time.sleep(0.2 if seen[-1][1] else 0)  # a picture takes far longer than a frame
    slow.close()
    numbers = [number for number, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert 5 < sum(bool(picture) for _, picture in seen) < len(seen)


def test_frames_that_do_not_go_out_at_all_are_counted():
    sound = np.zeros(640, np.float32)

    async def dropped():
        queue = _Queue(Mock(), "jpeg")
        for number in range(30):  # without pictures
            queue.frame(Frame(number, number / 25, sound, sound, None, State.IDLE))
        return queue.dropped

    assert asyncio.run(dropped()) == 5


def _next_frame(line):
    """Number and picture of the next frame that a server sends (RFC 6455)."""
    while True:
        kind, size = line.read(2)
        if size >= 126:
            size = int.from_bytes(line.read(2 if size == 126 else 8), "big")
        body = line.read(size)
        if kind == 0x82:
            _, number, _, sound = HEAD.unpack(body[:16])
            return number, body[16 + sound :]


class FailingAnimator:
    """Stands in for an `Animator` whose networks fail."""

    def __init__(self, *args, mark):
        pass

    def drawings(self, pcm):
        raise OSError("a secret of this machine")


FAILED = {"error": "the session failed to start; begin another", "code": "internal"}


@pytest.mark.usefixtures("alive")
def test_a_session_whose_first_frame_fails_says_so(running, client, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("gioconda.live.pool.Animator", FailingAnimator)
        session = open_session(client)
    with connect(running.stream(session)) as watcher:
        assert told(watcher, "error") == FAILED
        drain(watcher)
        assert watcher.close_code == 1011
    assert client.delete(f"/sessions/{session}").status_code == 404


@pytest.mark.usefixtures("alive")
def test_a_session_that_cannot_be_made_says_so(client, monkeypatch):
    def fail(*args, **options):
        raise OSError("a secret of this machine")

    with monkeypatch.context() as patch:
        patch.setattr("gioconda.live.pool.Animator", fail)
        answer = client.post("/sessions", json={"portrait": "example"})
    assert (answer.status_code, answer.json()) == (500, FAILED)


@pytest.mark.usefixtures("alive")
def test_a_session_that_gets_no_thread_says_so(running, client, monkeypatch):
    def submit(*work):
        raise RuntimeError("can't start new thread")

    session = open_session(client)
    with monkeypatch.context() as patch:
        patch.setattr(running.server.pool._threads, "submit", submit)
        with connect(running.stream(session)) as watcher:
            assert told(watcher, "error") == FAILED
            drain(watcher)
    assert client.delete(f"/sessions/{session}").status_code == 404


@pytest.mark.usefixtures("alive")
def test_uploads_that_break_off_or_stand_still(running):
    for _ in range(10):
        _half_an_upload(running).close()
    with _half_an_upload(running) as line:
        line.settimeout(20)
        assert line.recv(12) in (b"HTTP/1.1 408", b"HTTP/1.1 400")


def _half_an_upload(running):
    line = socket.create_connection(("127.0.0.1", running.port))
    head = (
        f"POST /portraits HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    )
    line.sendall(head.encode() + bytes(1000))
    return line


def test_a_server_ends_though_uploads_stand_still(monkeypatch):
    monkeypatch.setattr(SessionPool, "warm_up", lambda self: None)
    with serving(Settings(limits=Limits(stall_seconds=600))) as other:
        line = _half_an_upload(other)
        with other.client() as client:
            assert client.get("/about").status_code == 200
    line.close()


@pytest.mark.usefixtures("alive")
def test_fifty_connections_at_once(running):
    """Two get a session, the others are refused."""

    async def one(client):
        answer = await client.post("/sessions", json={"portrait": "example"})
        if answer.status_code != 201:
            return answer.status_code
        stream = running.stream(answer.json()["id"])
        async with connect_later(stream) as watcher:
            await asyncio.wait_for(watcher.recv(), 30)
            await asyncio.sleep(1)
        return 201

    async def all_of_them():
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(base_url=running.url, timeout=60, limits=limits) as client:
            return await asyncio.gather(*(one(client) for _ in range(50)))

    found = asyncio.run(all_of_them())
    assert set(found) == {201, 503}
    assert found.count(201) >= 2


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("sdp", ["", "v=0", "v=0\r\nm=video 9 X\r\n", "\0", "m=" * 9])
def test_offers_that_are_none_are_refused_and_leave_the_session_free(running, client, sdp):
    session = open_session(client)
    for _ in range(2):
        answer = client.post(f"/sessions/{session}/offer", json={"sdp": sdp, "type": "offer"})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    client.delete(f"/sessions/{session}")


def _memory():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.slow
@pytest.mark.usefixtures("alive")
def test_memory_and_threads_return_to_where_they_were(running, client, photo_path):
    picture = photo_path.read_bytes()

    def visit():
        portrait = client.post("/portraits", files={"picture": picture}).json()["id"]
        with connect(running.stream(open_session(client, portrait=portrait))) as watcher:
            for _ in range(10):
                frame(watcher)
        wait(lambda: len(running.server.pool) == 0)

    def memory():
        visit()
        return _memory()

    for _ in range(10):  # until every thread that will ever work has worked
        visit()
    before = max(memory() for _ in range(10))  # it goes up and down by tens of MiB
    threads = threading.active_count()
    for _ in range(40):
        visit()
    assert min(memory() for _ in range(5)) < before + 30
    assert threading.active_count() <= threads + 1
    assert len(running.server.portraits._portraits) == 1


@pytest.mark.slow
def test_nothing_that_schemathesis_thinks_of_breaks_the_server(running, client):
    import schemathesis
    from hypothesis import HealthCheck, given, settings

    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json")

    for operation in schema.get_all_operations():
        api = operation.ok()

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=api.as_strategy())
        def try_all(case):
            response = case.call(base_url=running.url, timeout=60)
            assert response.status_code < 500 or response.status_code == 503, response.text
            for hosted in running.server.pool.sessions():
                hosted.end()

        try_all()
