"""What an attacker, or a careless program, may do: it gains nothing, and others notice nothing."""

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from gioconda.errors import GiocondaError
from gioconda.live.access import Gate, check_consent, client_address
from gioconda.live.app import make_app
from gioconda.live.candidates import confined
from gioconda.live.connections import Seldom
from gioconda.live.errors import RefusalError
from gioconda.live.folders import OwnFolder
from gioconda.live.jobs import Jobs
from gioconda.live.limits import CONNECTIONS, Limits
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import Portraits, StoredPortrait
from gioconda.live.server import Settings

from .conftest import serving
from .test_server import ask, connected, refusal


@pytest.fixture
def empty(monkeypatch):
    """A server without networks: it makes nothing, but answers."""
    monkeypatch.setattr(SessionPool, "warm_up", lambda pool: None)
    with serving(Settings(limits=Limits(stall_seconds=1))) as server:
        yield server


def line(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def ended(held):
    """Whether the server has hung up."""
    try:
        return held.recv(1000) == b""
    except ConnectionError:
        return True


# --- connections ---


def test_half_sent_requests_keep_nobody_out(empty):
    held = [line(empty) for _ in range(300)]
    for each in held:
        each.send(b"GET / HTTP/1.1\r\nX: ")
    with empty.client() as client:
        assert {client.get("/about").status_code for _ in range(20)} == {200}
    for each in held:
        each.close()


def test_a_request_that_is_never_finished_is_given_up(empty, monkeypatch):
    monkeypatch.setattr("gioconda.live.connections._PATIENCE", 0.5)
    with line(empty) as silent, line(empty) as slow, line(empty) as second:
        slow.send(b"GET / HTTP/1.1\r\nX: ")
        second.send(b"GET /about HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HT")
        assert second.recv(1000).startswith(b"HTTP/1.1 200")
        with suppress(ConnectionError):  # once it is given up
            for _ in range(10):
                time.sleep(0.2)
                slow.send(b"y")  # as slowly as it likes
        assert ended(silent)
        assert ended(slow)
        while not ended(second):
            pass


def test_a_head_without_end_is_refused(empty):
    with line(empty) as endless:
        endless.send(b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000)
        assert endless.recv(12) == b"HTTP/1.1 400"


def test_an_upload_that_hardly_moves_is_given_up(empty):
    with line(empty) as upload:
        upload.send(
            b"POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b'Content-Disposition: form-data; name="voice"; filename="a.wav"\r\n\r\n'
        )
        for _ in range(8):
            upload.send(b"-")
            time.sleep(0.25)
        assert upload.recv(12) == b"HTTP/1.1 408"


def test_a_warning_is_logged_once_a_minute(monkeypatch):
    seldom, now = Seldom(), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    warnings = [logging.makeLogRecord({"levelno": 30, "msg": "Invalid"}) for _ in range(100)]
    assert sum(map(seldom.filter, warnings)) == 1
    now = 61.0
    last = logging.makeLogRecord({"levelno": 30, "msg": "Invalid"})
    assert seldom.filter(last)
    assert last.getMessage() == "Invalid (99 more since the last time)"
    assert seldom.filter(logging.makeLogRecord({"levelno": 40, "msg": "Invalid"}))


# --- what answers say ---


def test_no_answer_repeats_the_key_or_trusts_the_host():
    app = make_app(Settings({"ada": "a-secret-key"}))
    headers = {"Host": "evil.example"}
    answer = ask(app, "GET", "/voices/example/?key=a-secret-key", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/about", "/voices/example", "/nothing", "/openapi.json"])
def test_no_answer_is_taken_for_another_kind_and_head_is_get_without_a_body(path):
    app = make_app()
    answer, head = ask(app, "GET", path), ask(app, "HEAD", path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert head.status_code == answer.status_code
    assert head.headers == answer.headers
    assert (head.content, answer.content != b"") == (b"", True)


# --- whose consent, and the badge ---


@pytest.mark.parametrize("consent", ["\u200b", "\u3164" * 9, "\u2800 \u00ad", "--- !", "x", None])
def test_a_statement_that_nobody_can_read_is_none(consent):
    with pytest.raises(RefusalError, match="who allowed what"):
        check_consent(consent, required=True)
    check_consent(consent, required=False)


def test_statements_may_be_of_any_script():
    for consent in ("Ada allowed it", "她同意了", "Она согласна"):
        check_consent(consent, required=True)


def test_statements_that_nothing_keeps_are_not_demanded():
    with pytest.raises(GiocondaError, match="audit"):
        Settings(require_consent=True)


def test_an_operator_may_demand_the_badge():
    app = make_app(Settings(require_badge=True, hosts=()))
    app.state.server.ready.set()
    assert ask(app, "GET", "/about").json()["badge_required"] is True
    wish = {"portrait": "nobody", "badge": False}
    assert refusal(ask(app, "POST", "/sessions", json=wish)) == (403, "badge")
    form = {"data": {"portrait": "nobody", "badge": "false"}, "files": {"voice": b"x"}}
    assert refusal(ask(app, "POST", "/jobs", **form)) == (403, "badge")
    assert refusal(ask(app, "POST", "/sessions", json=wish | {"badge": True}))[0] == 404


# --- files ---


def test_files_of_a_server_that_was_killed_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = (
        f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}\n"
        "from gioconda.live.folders import OwnFolder\n"
        "folder = OwnFolder(); (folder.path / 'voice').write_text('x')\n"
        "print(folder.path, flush=True); input()"
    )
    run = [sys.executable, "-c", code]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as killed:
        assert killed.stdout
        killed.stdout.readline()
        living = OwnFolder()
        assert len(list(tmp_path.iterdir())) == 2  # nobody's folder goes while it is used
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert list(tmp_path.rglob("voice"))
    other = OwnFolder()
    assert set(tmp_path.iterdir()) == {living.path, other.path}
    for each in (living, other):
        each.close()
    assert not list(tmp_path.iterdir())


def test_a_server_that_ends_tells_those_who_follow_a_job(monkeypatch):
    def animate(*args, report, **options):
        for done in range(10_000):
            report(done, 10_000)
            time.sleep(0.01)

    monkeypatch.setattr(SessionPool, "warm_up", lambda pool: None)
    for step in ("animate", "check_sound", "hear"):
        monkeypatch.setattr(f"gioconda.live.jobs.{step}", animate if step == "animate" else print)
    told = []

    def follow(url):
        with other.client() as client, client.stream("GET", url) as events:
            told.extend(events.iter_lines())

    with serving(Settings()) as other:
        portrait = StoredPortrait("x", None, b"x", None, "hash")  # type: ignore[arg-type]
        other.server.portraits._portraits["x"] = portrait
        with other.client() as client:
            job = client.post("/jobs", data={"portrait": "x"}, files={"voice": b"x"}).json()["id"]
        thread = threading.Thread(target=follow, args=[f"/jobs/{job}/events"])
        thread.start()
        while not told:
            time.sleep(0.05)
        home = other.server.jobs._home.path
    thread.join()
    assert "event: error" in told[-3:]
    assert json.loads(told[-2].removeprefix("data: "))["code"] == "stopping"
    assert not home.exists()


# --- calls ---

OFFER = "v=0\r\na=candidate:1 1 udp 2130706431 {} 5000 typ host\r\n"


@pytest.mark.parametrize("address", ["192.0.2.77", "10.0.0.1", "fe80::1", "x.local", "a.example"])
def test_an_offer_makes_the_server_send_to_nobody_but_who_asks(address):
    found = confined(OFFER.format(address) + OFFER.format("203.0.113.5"), "203.0.113.5")
    assert address not in found
    assert found.count("203.0.113.5 5000 typ host") == 1
    assert "candidate" not in confined(OFFER.format(address), None)
    many = "".join(OFFER.format(address).replace("5000", str(port)) for port in range(99))
    assert confined(many, "203.0.113.5").count("candidate") == 16


def test_this_machine_may_name_its_own_addresses():
    from aioice.ice import get_host_addresses

    for address in get_host_addresses(use_ipv4=True, use_ipv6=True):
        assert confined(OFFER.format(address), "127.0.0.1") == OFFER.format(address)


# --- who asks, and from where ---


def test_of_ipv6_a_network_is_one_address():
    for host, found in (
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::1", "local"),
        ("127.0.0.1", "local"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("203.0.113.5", "203.0.113.5"),
    ):
        assert client_address({"client": (host, 1)}) == found
    assert client_address({"client": None}) == "unknown"


def test_one_address_cannot_have_all_places_for_jobs(monkeypatch):
    for step in ("animate", "check_sound", "hear"):
        monkeypatch.setattr(f"gioconda.live.jobs.{step}", lambda *args, **options: time.sleep(0.1))
    jobs = Jobs(Limits(jobs=4), None)
    stored = StoredPortrait("x", None, b"x", None, "hash")  # type: ignore[arg-type]
    try:
        for _ in range(2):
            jobs.add(stored, b"x", "ada", {"consent": None}, "203.0.113.5")
        with pytest.raises(RefusalError, match="of your address"):
            jobs.add(stored, b"x", "ada", {"consent": None}, "203.0.113.5")
        jobs.add(stored, b"x", "ada", {"consent": None}, "203.0.113.6")
    finally:
        jobs.close()


def test_who_sends_many_portraits_makes_room_for_others(monkeypatch):
    made = iter(range(99))

    def make(*_):
        return StoredPortrait(str(next(made)), None, b"", None, "")  # type: ignore[arg-type]

    monkeypatch.setattr(Portraits, "_make", make)
    portraits = Portraits(Limits(portraits=4))
    mine = portraits.add(b"", None, "203.0.113.5").id
    for _ in range(20):
        portraits.add(b"", None, "203.0.113.6")
    assert portraits.get(mine)


def test_one_address_cannot_hold_all_connections():
    """What lasts, such as the events of a job, keeps nobody else out."""
    inside, statuses = [], []

    async def holds(scope, receive, send):
        inside.append(scope["client"][0])
        await asyncio.sleep(0.2)

    async def receive():
        raise AssertionError("nothing is sent")

    async def send(message):
        statuses.append(message.get("status"))

    async def crowd():
        gate = Gate(holds, {}, Limits(), (), (), Counter())
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        asked = [{**scope, "client": ("203.0.113.5", port)} for port in range(CONNECTIONS)]
        asked.append({**scope, "client": ("203.0.113.6", 1)})
        await asyncio.gather(*(gate(each, receive, send) for each in asked))
        await gate(asked[0], receive, send)

    asyncio.run(crowd())
    assert Counter(inside) == {"203.0.113.5": CONNECTIONS // 2 + 1, "203.0.113.6": 1}
    assert statuses.count(429) == CONNECTIONS // 2


SITE = "https://example.org"


def test_pages_of_a_named_site_may_use_the_server():
    app = make_app(Settings({"ada": "a-secret-key"}, origins=(SITE,)))
    headers = {"Origin": SITE, "Authorization": "Bearer a-secret-key"}
    answer = ask(app, "GET", "/voices/example", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SITE)
    wish = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    wish |= {"Access-Control-Request-Headers": "authorization, content-type"}
    assert ask(app, "OPTIONS", "/sessions", headers=wish).status_code == 200
    for other in ("https://evil.example", "https://example.org.evil.example", "null"):
        answer = ask(app, "GET", "/voices/example", headers=headers | {"Origin": other})
        assert refusal(answer) == (403, "origin")
        assert "access-control-allow-origin" not in answer.headers
    refused = ask(app, "GET", "/voices/example", headers={"Origin": SITE})
    assert refusal(refused) == (401, "key")  # which the page may read
    assert refused.headers["access-control-allow-origin"] == SITE


def test_sockets_of_pages_of_a_named_site_are_let_in():
    app = make_app(Settings(origins=(SITE,)))
    origin = (b"origin", SITE.encode())
    assert connected(app, "/sessions/x/stream", headers=[origin])[0]["type"] == "websocket.accept"
    assert connected(make_app(), "/sessions/x/stream", headers=[origin])[0]["status"] == 403


# --- how it is doing ---


def test_metrics_are_what_prometheus_reads_and_need_a_key(empty):
    from prometheus_client.parser import text_string_to_metric_families

    with empty.client() as client:
        client.get("/nothing")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (each.name, *each.labels.values()): each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
    }
    assert found["gioconda_ready",] == 1
    assert found["gioconda_sessions",] == 0
    assert found["gioconda_frames_total", "left_out"] == 0
    assert found["gioconda_answers_total", "404"] == 1
    locked = make_app(Settings({"ada": "a-secret-key"}))
    assert refusal(ask(locked, "GET", "/metrics")) == (401, "key")
