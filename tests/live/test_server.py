import asyncio
import gc
import io
import json
import threading
import time
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image

from gioconda.live import jobs
from gioconda.live.access import record_output
from gioconda.live.app import make_app
from gioconda.live.errors import RefusalError
from gioconda.live.limits import Limits
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import Portraits
from gioconda.live.server import Settings
from gioconda.provenance import read_manifest

from .conftest import serving, wait


@pytest.fixture(scope="module")
def picture(photo_path):
    return photo_path.read_bytes()


@pytest.fixture(scope="module")
def asleep():
    """An app that is not started, so that nothing is loaded."""
    yield from _asleep()


@pytest.fixture(scope="module")
def locked():
    """The same, where a key is demanded."""
    yield from _asleep({"ada": "a-secret-key"})


def _asleep(keys=()):
    app = make_app(Settings(dict(keys), Limits(requests=100_000)))
    yield app
    app.state.server.jobs.close()


def coded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def post(client, data, **form):
    return client.post("/portraits", files={"picture": data}, data=form)


def refusal(response):
    told = response.json()
    assert set(told) >= {"error", "code"}, told
    assert told["error"]
    assert "/" not in told["error"].replace("int16/", ""), told
    return response.status_code, told["code"]


# --- what it says of itself ---


def test_about_tells_what_a_client_should_know(client):
    about = client.get("/about").json()
    assert about["ready"] is True
    assert about["needs_key"] is False
    assert about["sessions"] == {"open": 0, "most": 2, "waiting": 0}
    assert about["frame"] == {"width": 512, "height": 512, "fps": 25}
    assert about["limits"]["sound_ahead_seconds"] == 120


def test_the_description_names_answers_files_and_how_a_key_is_given(asleep, locked):
    described = ask(asleep, "GET", "/openapi.json").json()
    assert "security" not in described
    key = {"Authorization": "Bearer a-secret-key"}
    described = ask(locked, "GET", "/openapi.json", headers=key).json()
    assert described["security"] == [{"header": []}, {"query": []}]
    paths, schemas = described["paths"], described["components"]["schemas"]
    assert paths["/about"]["get"]["security"] == []
    made = paths["/portraits"]["post"]["responses"]
    assert set(made) == {"201", "4XX", "5XX"}
    name = made["201"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert set(schemas[name]["required"]) >= {"id", "crop", "measured"}
    for call, kind in (("/jobs/{identity}/result", "video/mp4"), ("/voices/example", "audio/flac")):
        assert list(paths[call]["get"]["responses"]["200"]["content"]) == [kind]


def test_who_opens_the_docs_by_a_key_in_the_address_can_go_on(locked):
    shown = ask(locked, "GET", "/docs?key=a-secret-key").text
    assert '"/openapi.json?key=a-secret-key"' in shown
    key = {"Authorization": "Bearer a-secret-key"}
    assert '"/openapi.json"' in ask(locked, "GET", "/docs", headers=key).text


def test_what_is_loaded_is_left_alone_by_the_garbage_collector(monkeypatch):
    monkeypatch.setattr(SessionPool, "warm_up", lambda pool: None)
    with serving(Settings()):
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


def test_pages_load_nothing_from_elsewhere(client):
    docs = client.get("/docs")
    assert docs.status_code == 200
    assert "http://" not in docs.text
    assert "https://" not in docs.text
    assert "/portraits" in docs.text
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


# --- portraits ---


def test_a_portrait_is_measured_shown_and_forgotten(client, picture):
    response = post(client, picture)
    assert response.status_code == 201
    told = response.json()
    assert (told["width"], told["height"]) == (512, 512)
    x, y, w, h = told["crop"]
    assert 0 <= x < x + w <= 512
    assert 0 <= y < y + h <= 512
    assert abs(told["measured"]["yaw"]) < 10
    shown = client.get(f"/portraits/{told['id']}/picture")
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)
    assert client.delete(f"/portraits/{told['id']}").status_code == 204
    assert refusal(client.get(f"/portraits/{told['id']}/picture")) == (404, "not-found")


def test_the_example_is_always_there(client):
    assert client.get("/portraits/example/picture").status_code == 200
    assert refusal(client.delete("/portraits/example")) == (403, "example")
    assert client.get("/portraits/example/picture").status_code == 200


def test_of_two_faces_one_is_to_be_chosen(client, photo):
    two = coded(Image.fromarray(np.concatenate([photo, photo[:, ::-1]], 1)))
    response = post(client, two)
    assert refusal(response) == (409, "faces")
    left, right = response.json()["faces"]
    assert left[0] + left[2] < 0.5 < right[0]
    assert all(0 <= value <= 1 for value in left + right)
    assert post(client, two, face=2).json()["crop"][0] > 512
    assert refusal(post(client, two, face=3))[0] == 422


def test_pictures_that_cannot_be_used_are_refused_with_the_reason(client, photo):
    def status(data):
        return refusal(post(client, data))

    assert status(b"this is no picture") == (415, "not-a-picture")
    assert status(coded(Image.fromarray(photo), "JPEG")[:20000]) == (415, "not-a-picture")
    assert status(coded(Image.fromarray(photo), "TIFF")) == (415, "not-a-picture")
    assert status(coded(Image.new("RGB", (300, 300), "white"))) == (422, "no-face")
    assert status(coded(Image.fromarray(photo[:150]))) in ((422, "face"), (422, "no-face"))
    assert status(b"x" * (21 * 2**20)) == (413, "too-large")
    assert refusal(client.post("/portraits")) == (400, "bad-request")


def test_what_is_wrong_with_an_upload_is_said_in_plain_words(client):
    def told(data):
        return post(client, data).json()["error"]

    parts = {"picture": (None, "hello")}
    no_file = client.post("/portraits", files=parts).json()["error"]
    assert no_file == "picture must be a file"
    kinds = "the upload cannot be read as a picture; save it as JPEG, PNG or WebP."
    assert told(b"this is no picture") == kinds
    assert told(bytes(21 * 2**20)) == "more than 20 MiB were sent"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_of_100_megapixels_is_refused_before_it_is_decoded(running, client, kind):
    data = coded(Image.new("L", (12500, 8000)), kind)
    before = time.process_time()
    assert refusal(post(client, data)) == (413, "too-large")
    assert time.process_time() - before < 1


def test_a_bomb_of_a_png_is_refused(client):
    """A few kilobytes that say they are 900 megapixels, or hold 200 MiB of text."""
    import struct
    import zlib

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(10**6)))
    bomb = b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")
    assert refusal(post(client, bomb)) == (413, "too-large")
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 0, 0, 0, 0))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 * 2**20)))
    bomb = b"\x89PNG\r\n\x1a\n" + head + text + pixels + chunk(b"IEND", b"")
    assert refusal(post(client, bomb))[0] in (415, 422)


def test_old_portraits_make_room_for_new_ones(running, client, picture):
    first = post(client, picture).json()["id"]
    for _ in range(2):
        assert post(client, picture).status_code == 201
    assert client.get(f"/portraits/{first}/picture").status_code == 404
    assert len(running.server.portraits._portraits) == 3


# --- sessions ---


def test_a_portrait_is_deleted_when_its_session_ends(client, picture):
    portrait = post(client, picture).json()["id"]
    session = client.post("/sessions", json={"portrait": portrait}).json()["id"]
    assert client.get(f"/portraits/{portrait}/picture").status_code == 200
    assert client.delete(f"/sessions/{session}").status_code == 204
    assert client.get(f"/portraits/{portrait}/picture").status_code == 404
    assert refusal(client.delete(f"/sessions/{session}")) == (404, "not-found")


def test_a_portrait_stays_if_its_session_is_refused_or_fails(client, picture, monkeypatch):
    def fail(*args, **options):
        raise OSError

    portrait = post(client, picture).json()["id"]
    wish = {"portrait": portrait}
    assert client.post("/sessions", json={**wish, "controls": {"smell": 7}}).status_code == 400
    with monkeypatch.context() as patch:
        patch.setattr("gioconda.live.pool.Animator", fail)
        assert client.post("/sessions", json=wish).status_code == 500
    others = [client.post("/sessions", json={"portrait": "example"}).json()["id"] for _ in range(2)]
    assert client.post("/sessions", json=wish).status_code == 503
    for session in others:
        client.delete(f"/sessions/{session}")
    session = client.post("/sessions", json=wish)
    assert session.status_code == 201
    client.delete(f"/sessions/{session.json()['id']}")
    assert client.get(f"/portraits/{portrait}/picture").status_code == 404


def test_a_portrait_that_sessions_hold_is_kept_until_the_last_ends(picture):
    portraits = Portraits(Limits(portrait_seconds=0, portraits=1))
    identity = portraits.add(picture, None).id
    first, second, refused = (portraits.hold(identity) for _ in range(3))
    portraits.release(first, True)
    portraits.sweep()
    with pytest.raises(RefusalError, match="no more portraits"):
        portraits.add(picture, None)
    portraits.release(second, True)
    assert portraits.get(identity)
    portraits.release(refused, False)
    with pytest.raises(RefusalError, match="no such portrait"):
        portraits.get(identity)


def test_one_session_too_many_is_refused_until_another_ends(client):
    wish = {"portrait": "example"}
    first, second = (client.post("/sessions", json=wish) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    third = client.post("/sessions", json=wish)
    assert refusal(third) == (503, "busy")
    assert int(third.headers["retry-after"]) > 0
    assert third.json()["place"] == 1
    client.delete(f"/sessions/{first.json()['id']}")
    fourth = client.post("/sessions", json=wish | {"ticket": third.json()["ticket"]})
    assert fourth.status_code == 201
    for session in (second, fourth):
        client.delete(f"/sessions/{session.json()['id']}")


def test_a_session_that_nobody_connects_to_ends(running, session):
    assert len(running.server.pool) == 1
    wait(lambda: len(running.server.pool) == 0)


@pytest.mark.usefixtures("session")
def test_sweeps_that_fail_do_not_end_the_sweeping(running, monkeypatch, caplog):
    def fail():
        raise OSError("no luck")

    monkeypatch.setattr(running.server.portraits, "sweep", fail)
    wait(lambda: caplog.text.count("OSError: no luck") >= 2)
    wait(lambda: len(running.server.pool) == 0)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"portrait": "nobody"}, (404, "not-found")),
        ({"portrait": "example", "controls": {"distance": 7}}, (400, "controls")),
        ({"portrait": "example", "controls": {"smell": 7}}, (400, "controls")),
        ({"portrait": "example", "seed": -1}, (400, "bad-request")),
        ({"portrait": "example", "source": "radio"}, (400, "bad-request")),
        ({"portrait": "../example"}, (404, "not-found")),
        ({"portrait": "example", "control": {}}, (400, "bad-request")),
        ({}, (400, "bad-request")),
        ([], (400, "bad-request")),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(running, client, wish, expected):
    response = client.post("/sessions", json=wish)
    assert (response.status_code, response.json()["code"]) == expected
    assert len(running.server.pool) == 0


NO_FIELD = "'nose' is not a field of this request; the fields are "


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "portrait is missing"),
        ({"portrait": 7}, "portrait: expected a text; found 7"),
        ({"portrait": "x", "seed": -1}, "seed: expected 0 or more; found -1"),
        ({"portrait": "x", "seed": 0.5}, "seed: expected a whole number; found 0.5"),
        ({"portrait": "\ud800"}, 'portrait: expected a text; found "\\ud800"'),
        ({"portrait": "x", "badge": "so"}, 'badge: expected true or false; found "so"'),
        ({"portrait": "x", "source": 0}, "source: expected 'speech' or 'microphone'; found 0"),
        ({"nose": 1}, NO_FIELD + "portrait, seed, controls, consent, badge, source, ticket"),
        ([], "the body: expected a JSON object, sent as application/json; found []"),
    ],
)
def test_what_is_wrong_with_a_wish_is_said_in_plain_words(asleep, wish, said):
    body = json.dumps(wish).encode()
    headers = {"Content-Type": "application/json"}
    answer = ask(asleep, "POST", "/sessions", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json() == {"error": said, "code": "bad-request"}


def test_fields_that_a_form_does_not_have_are_named(asleep):
    def told(path, **form):
        return ask(asleep, "POST", path, files={"file": b"x"}, data=form).json()["error"]

    assert told("/portraits", nose="1") == NO_FIELD + "picture, face"
    assert "not a field of this request; the fields are portrait, voice, " in told("/jobs")
    assert told("/portraits").startswith("'file' is not a field")
    assert "multipart form" in ask(asleep, "POST", "/jobs", json={}).json()["error"]


def test_an_address_that_is_none_is_answered_in_plain_words(asleep):
    assert "/docs" in ask(asleep, "GET", "/portrait").json()["error"]
    wrong = ask(asleep, "PUT", "/portraits")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
    assert "Allow" in wrong.json()["error"]


# --- jobs ---


def events(client, job):
    found = []
    with client.stream("GET", f"/jobs/{job}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in response.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                found.append((name, json.loads(value)))
    return found


def begin_job(client, voice, **form):
    form = {"portrait": "example", **form}
    return client.post("/jobs", data=form, files={"voice": voice})


def wav(samples):
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def test_a_job_tells_how_far_it_is_and_gives_a_signed_video(tmp_path, running, client, voice):
    controls = json.dumps({"gaze": [10, 0]})
    response = begin_job(client, wav(voice[:9600]), controls=controls, consent="Ada allowed it")
    assert response.status_code == 202
    job = response.json()["id"]
    told = events(client, job)
    assert [name for name, _ in told][:-1] == ["progress"] * (len(told) - 1)
    assert all(content["total"] == 15 for _, content in told[:-1])
    assert told[-1][0] == "done"
    assert told[-1][1]["frames"] == 15
    video = tmp_path / "video.mp4"
    video.write_bytes(client.get(f"/jobs/{job}/result").content)
    manifest = read_manifest(video)
    assert manifest.state == "valid"
    assert manifest.output["mark"] == told[-1][1]["mark"]
    assert manifest.output["consent"] == "Ada allowed it"
    assert client.delete(f"/jobs/{job}").status_code == 204
    assert refusal(client.get(f"/jobs/{job}/result")) == (404, "not-found")
    assert list(running.server.jobs._home.path.iterdir()) == []


def test_the_line_of_a_job_that_waits_does_not_stay_silent(running, client, voice, monkeypatch):
    """Or a proxy gives it up."""
    monkeypatch.setattr(jobs, "_QUIET", 0.3)
    go_on = threading.Event()
    running.server.jobs._worker.submit(go_on.wait, 60)  # another's job
    job = begin_job(client, wav(voice[:1600])).json()["id"]
    with client.stream("GET", f"/jobs/{job}/events") as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(4)] == [":", "", ":", ""]
        go_on.set()
        assert "event: done" in list(lines)
    client.delete(f"/jobs/{job}")


def test_a_job_that_is_deleted_stops_and_leaves_nothing(running, client, voice):
    job = begin_job(client, wav(np.tile(voice, 3))).json()["id"]
    assert refusal(client.get(f"/jobs/{job}/result")) == (409, "not-ready")
    assert client.delete(f"/jobs/{job}").status_code == 204
    # it gives way to all others, and a busy machine has many
    wait(lambda: not list(running.server.jobs._home.path.iterdir()), 120)


def test_sounds_that_cannot_be_used_fail_with_the_reason(running, client, voice):
    for data, code in (
        (wav(voice[:300]), "voice"),
        (wav(np.zeros(16000 * 601, np.float32)), "voice"),
    ):
        job = begin_job(client, data).json()["id"]
        name, told = events(client, job)[-1]
        assert (name, told["code"]) == ("error", code), told
        assert "/" not in told["error"], told
        assert not list(running.server.jobs._home.path.iterdir())  # nor is it kept
        client.delete(f"/jobs/{job}")
    assert refusal(begin_job(client, b"", portrait="nobody")) == (404, "not-found")
    response = begin_job(client, b"", controls="{")
    assert refusal(response) == (400, "bad-request")
    assert response.json()["error"] == "controls must be JSON"


def test_a_file_without_sound_is_no_job(running, client, photo_path):
    for data in (b"no sound", photo_path.read_bytes()):
        assert refusal(begin_job(client, data)) == (415, "not-a-sound")
    assert len(running.server.jobs._jobs) == 0
    assert list(running.server.jobs._home.path.iterdir()) == []


@pytest.mark.parametrize("slow", ["Path.write_bytes", "shutil.rmtree"])
def test_a_slow_disk_keeps_nobody_waiting(client, monkeypatch, slow):
    at_work, done = threading.Event(), threading.Event()

    def take_long(*args, **options):
        at_work.set()
        done.wait(60)

    with monkeypatch.context() as patch:
        patch.setattr(f"gioconda.live.jobs.{slow}", take_long)
        job = threading.Thread(target=lambda: begin_job(client, b"no sound"))
        job.start()
        try:
            assert at_work.wait(20)
            assert client.get("/jobs/none/result", timeout=20).status_code == 404
        finally:
            done.set()
            job.join()


# --- who may ---


def test_keys_consent_and_the_audit_log(tmp_path, monkeypatch):
    log = tmp_path / "audit.log"
    settings = Settings({"ada": "a-secret-key"}, Limits(sessions=1), True, log)
    with serving(settings) as server:
        with server.client() as nobody:
            assert nobody.get("/about").json()["needs_key"] is True
            assert nobody.get("/").status_code == 200
            wish = {"portrait": "example", "consent": "I am she"}
            response = nobody.post("/sessions", json=wish)
            assert refusal(response) == (401, "key")
            assert response.headers["www-authenticate"] == "Bearer"
            for call in ("/portraits/example/picture", "/openapi.json", "/docs", "/nothing"):
                assert refusal(nobody.get(call)) == (401, "key")
            assert nobody.get("/portraits/example/picture?key=a-secret-key").status_code == 200
        with server.client(Authorization="Bearer wrong") as other:
            assert refusal(other.get("/portraits/example/picture")) == (401, "key")
        with server.client(Authorization="Bearer a-secret-key") as ada:
            for consent in (None, "", "  "):
                response = ada.post("/sessions", json={**wish, "consent": consent})
                assert refusal(response) == (403, "consent")
            assert not log.exists()
            session = ada.post("/sessions", json=wish).json()
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            assert [(line["mark"], line["client"]) for line in lines] == [(session["mark"], "ada")]
            assert lines[0]["consent"] == "I am she"
            assert "secret" not in log.read_text()
            _check_sockets(server, session["id"])


def _check_sockets(server, session):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    for query, message in (("?key=wrong", None), ("", '{"key": "wrong"}'), ("", "[]"), ("", "{")):
        with connect(server.stream(session, query)) as socket:
            if message:
                socket.send(message)
            assert json.loads(socket.recv(10))["code"] in ("key", "bad-request")
            with pytest.raises(ConnectionClosed):
                socket.recv(10)
    with connect(server.stream(session)) as socket:
        socket.send('{"key": "a-secret-key"}')
        assert isinstance(socket.recv(10), bytes | str)


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Basic x", "Bearer é", "B\xff\xfe"])
def test_keys_that_are_none_are_refused(locked, given):
    headers = {"Authorization": given.encode("latin-1")}
    assert refusal(ask(locked, "GET", "/docs", headers=headers)) == (401, "key")


@pytest.mark.parametrize("given", ["", "%00", "%ff%fe", "%ed%a0%80", "x" * 50000, "a&key=b"])
def test_keys_that_are_none_are_refused_in_an_address(locked, given):
    assert refusal(ask(locked, "GET", f"/docs?key={given}")) == (401, "key")


@pytest.mark.parametrize("key", ["", "\ud800", "é", "x" * 50000, None, 7, []])
def test_keys_that_are_none_are_refused_on_a_socket(locked, key):
    _, told, closed = connected(locked, "/sessions/x/stream", json.dumps({"key": key}))
    assert json.loads(told["text"])["code"] == "key"
    assert closed["code"] == 1008


ORIGINS = [
    "",
    "null",
    "http://[",
    "http://[::",
    "http://é",
    "http:",
    "//",
    "x" * 50000,
    "http://a]",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_origins_that_are_none_are_refused(asleep, origin):
    headers = {"Origin": origin.encode()}
    assert refusal(ask(asleep, "GET", "/about", headers=headers)) == (403, "origin")
    assert refusal(ask(asleep, "GET", "/about", headers={"Host": origin.encode()}))[0] == 403


def test_nothing_is_made_if_the_audit_log_cannot_be_written(tmp_path):
    with pytest.raises(RefusalError, match="audit log"):
        record_output(tmp_path, 1, "portrait", "ada", None)


def test_pages_of_other_sites_may_not_use_a_local_server(running, client, session):
    from websockets import Origin
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        response = client.post("/sessions", json={"portrait": "example"}, headers=headers)
        assert response.status_code == 403
        assert response.json()["code"] == "origin"
    assert client.get("/about", headers={"Origin": running.url}).status_code == 200
    with pytest.raises(InvalidStatus) as refused:
        connect(running.stream(session), origin=Origin("https://evil.example"))
    answer = refused.value.response
    assert (answer.status_code, json.loads(answer.body)["code"]) == (403, "origin")
    client.delete(f"/sessions/{session}")


def ask(app, method, path, **given):
    """Ask an app that was not started, so that nothing is loaded."""

    async def answer():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **given)

    return asyncio.run(answer())


def test_who_asks_too_often_has_to_wait():
    app = make_app(Settings(limits=Limits(requests=5), hosts=()))
    codes = [ask(app, "DELETE", "/portraits/none").status_code for _ in range(8)]
    assert codes == [404] * 5 + [429] * 3
    last = ask(app, "DELETE", "/portraits/none")
    assert refusal(last) == (429, "too-many-requests")
    assert 1 <= int(last.headers["retry-after"]) <= 13
    assert ask(app, "GET", "/about").status_code == 200
    assert refusal(ask(app, "POST", "/sessions", json={"portrait": "x"}))[0] == 429


def connected(app, path, *texts, headers=()):
    """What an app that was not started sends to a socket that opens, says this and closes."""
    coming: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    coming += [{"type": "websocket.receive", "text": text} for text in texts]
    coming += [{"type": "websocket.disconnect", "code": 1005}]
    sent = []

    async def receive():
        return coming.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": path, "query_string": b"", "subprotocols": []}
    scope |= {"headers": [(b"host", b"localhost"), *headers], "client": ("127.0.0.1", 123)}
    scope |= {"extensions": {"websocket.http.response": {}}}
    asyncio.run(app(scope, receive, send))
    return sent


def test_who_connects_too_often_has_to_wait():
    app = make_app(Settings(limits=Limits(requests=1)))
    ask(app, "DELETE", "/portraits/none")
    start, body = connected(app, "/sessions/x/stream")
    assert start["status"] == 429
    assert 1 <= int(dict(start["headers"])[b"retry-after"]) <= 61
    assert json.loads(body["body"])["code"] == "too-many-requests"


def test_a_socket_may_close_before_its_key_is_sent():
    first, *_ = connected(make_app(Settings({"ada": "a-secret-key"})), "/sessions/x/stream")
    assert first["type"] == "websocket.accept"


def test_a_socket_of_no_session_is_closed_with_the_reason():
    _, told, closed = connected(make_app(), "/sessions/x/stream")
    assert json.loads(told["text"])["code"] == "not-found"
    assert closed["code"] == 1008


def test_before_it_is_ready_it_says_so():
    app = make_app(Settings(hosts=()))
    about = ask(app, "GET", "/about").json()
    assert (about["ready"], about["state"]) == (False, "starting")
    assert refusal(ask(app, "GET", "/portraits/example/picture")) == (503, "starting")
    response = ask(app, "POST", "/sessions", json={"portrait": "example"})
    assert refusal(response) == (503, "starting")


def test_what_keeps_it_from_being_ready_is_logged_and_told(asleep, monkeypatch, caplog):
    def fail(pool):
        raise OSError("no weights")

    async def start():
        async with server.run(asleep):
            while not caplog.text:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(SessionPool, "warm_up", fail)
    app = make_app(Settings(hosts=()))
    server = app.state.server
    asyncio.run(asyncio.wait_for(start(), 20))
    assert "OSError: no weights" in caplog.text
    response = ask(app, "POST", "/sessions", json={"portrait": "example"})
    assert refusal(response) == (500, "internal")
    assert ask(app, "GET", "/about").json()["state"] == "failed"


def test_frames_carry_the_mark_and_the_badge(running, client):
    from websockets.sync.client import connect

    from gioconda.provenance import find_mark

    pictures = {}
    for badge in (True, False):
        wish = {"portrait": "example", "badge": badge}
        session = client.post("/sessions", json=wish).json()
        with connect(running.stream(session["id"])) as socket:
            message: str | bytes = b""
            while not isinstance(message, bytes) or len(message) < 2000:
                message = socket.recv(20)
        data = np.frombuffer(message[16 + 1280 :], np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert picture is not None
        pictures[badge] = np.asarray(picture[..., ::-1], np.uint8)
        wait(lambda: len(running.server.pool) == 0)
    assert f"{find_mark([pictures[False]]).id:08x}" == session["mark"]
    corner = (slice(465, 505), slice(450, 505))
    assert np.abs(pictures[True][corner].astype(int) - pictures[False][corner]).mean() > 20
