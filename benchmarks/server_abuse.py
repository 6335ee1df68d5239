"""Does a server stand what clients do wrong?

``python benchmarks/server_abuse.py [--messages 2000] [--requests 2000] [--files 300] [--slow 300]
[--sessions 200]``

Starts a server without a limit of requests and sends it malformed messages and requests, broken
files, requests that are never finished, and sessions in a row. Prints what came of each, and how
much memory the server has. Exits with 1 if it crashed, answered 5xx (but for 503, which says that
it is full) or kept anybody waiting for a minute, or if sessions in a row cost it more than 20 MiB.
"""

import argparse
import io
import json
import os
import random
import socket
import subprocess
import sys
import time
import wave
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gioconda import example

PATIENCE = 60.0  # seconds
LEAK = 20.0  # MiB
SERVE = """
import sys, uvicorn
from gioconda.live.app import make_app
from gioconda.live.limits import Limits
from gioconda.live.server import Settings, WebServer, configured, listen
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
limits = Limits(sessions=2, requests=10**9)
WebServer(configured(make_app(Settings(limits=limits)), "critical")).run(sockets=[listener])
"""


class Server:
    """A server in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=url, timeout=PATIENCE)
        while not self.client.get("/about").json()["ready"]:
            time.sleep(0.2)

    def memory(self) -> float:
        """MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @contextmanager
    def session(self) -> Iterator[ClientConnection]:
        """A connection to a new one."""
        end = time.monotonic() + PATIENCE
        while (answer := self.client.post("/sessions", json={"portrait": "example"})).is_error:
            assert answer.status_code == 503, answer.text
            assert time.monotonic() < end, "no session came free"
            time.sleep(0.1)
        identity = answer.json()["id"]
        with connect(f"ws://127.0.0.1:{self.port}/sessions/{identity}/stream") as socket:
            yield socket


def rubbish(chance: random.Random) -> Any:
    """Some JSON."""
    kind = chance.randrange(9)
    if kind == 0:
        return [rubbish(chance) for _ in range(chance.randrange(4))]
    if kind == 1:
        names = ("do", "controls", "portrait", "gaze", "seed", "sdp", "ticket", "consent", "x")
        return {chance.choice(names): rubbish(chance) for _ in range(chance.randrange(4))}
    values = (None, True, -1, 10**400, 1e308, "", "\ud800", "interrupt", "set", "x" * 70_000)
    return chance.choice(values)


def messages(server: Server, count: int, chance: random.Random) -> Iterator[str]:
    """Malformed messages on a session's socket; what the server says to each."""
    texts = (malformed(chance) for _ in range(count))
    text = next(texts, None)
    while text is not None:
        with server.session() as socket:
            try:
                while text is not None:
                    socket.send(text)
                    yield told(socket)
                    text = next(texts, None)
            except (ConnectionClosed, TimeoutError) as error:
                yield "HANG" if isinstance(error, TimeoutError) else "closed"
                text = next(texts, None)


def malformed(chance: random.Random) -> str | bytes:
    """A message that is none."""
    good = json.dumps({"do": chance.choice(("set", "listen", "source")), "x": rubbish(chance)})
    binary = chance.randbytes(2 * chance.randrange(9) + 1)
    nested = "[" * chance.randrange(1, 9_000)
    return chance.choice((json.dumps(rubbish(chance)), good, good[:-2], nested, binary))


def told(socket: ClientConnection) -> str:
    """The code of the next refusal."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        message = socket.recv(PATIENCE)
        if isinstance(message, str) and "error" in (said := json.loads(message)):
            return str(said["code"])
    raise TimeoutError


def requests(server: Server, count: int, chance: random.Random) -> Iterator[str]:
    """Malformed requests, the status of each answer."""
    paths = (
        *("/", "/about", "/portraits", "/sessions", "/jobs", "/speech", "/metrics", "/docs"),
        *("/sessions/x/offer", "/sessions/x/stream", "/portraits/x/picture", "/jobs/x/events"),
        *("/page/../../etc/passwd", "/%00", "//", "/portraits/%2e%2e", "/" + "x" * 5000),
    )
    lines = ("A: b", "A: b", "Upgrade: websocket", "Origin: null", "X: " + "X" * 9000, ": ")
    kinds = ("application/json", "multipart/form-data; boundary=b", "multipart/form-data", "", "\0")
    for _ in range(count):
        body = chance.choice(
            (
                json.dumps(rubbish(chance)).encode(),
                chance.randbytes(chance.randrange(2000)),
                b"--b\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\nx",
            )
        )
        length = chance.choice((*[len(body)] * 6, -1, 10**12, "x"))
        head = (
            f"{chance.choice(('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'BREW'))} "
            f"{chance.choice(paths)}{chance.choice(('', '?key=%ff', '?' + 'y' * 999))} HTTP/1.1\r\n"
            f"Host: {chance.choice(('127.0.0.1', '127.0.0.1', 'evil.example', '[', ''))}\r\n"
            f"Content-Type: {chance.choice(kinds)}\r\nContent-Length: {length}\r\n"
            f"{chance.choice(lines)}\r\nConnection: close\r\n\r\n"
        )
        whole = bytearray(head.encode() + body)
        if chance.random() < 0.2:
            for _ in range(3):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
        yield exchanged(server, bytes(whole))


def exchanged(server: Server, sent: bytes) -> str:
    """The status of the answer to these bytes."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(12)
    except TimeoutError:
        return "HANG"
    except OSError:
        return "closed"
    return answer[9:12].decode("latin-1") or "closed"


def files(server: Server, count: int, chance: random.Random) -> Iterator[str]:
    """Broken pictures and sounds, the status of each answer and how its job ended."""
    photo, voice = example.PHOTO.read_bytes(), sound(0.2)
    lists = (b"ffconcat version 1.0\nfile voice\n", b"#EXTM3U\n#EXTINF:1,\nvoice\n", b"RIFF", b"")
    for number in range(count):
        data = bytearray(
            photo if number % 2 else chance.choice((voice, example.VOICE.read_bytes()))
        )
        for _ in range(chance.choice((1, 30, 300, 3000))):
            data[chance.randrange(len(data) // chance.choice((1, 50, 500)))] = chance.randrange(256)
        broken = bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        broken = chance.choice(lists) if chance.random() < 0.1 else broken
        try:
            if number % 2:
                answer = server.client.post("/portraits", files={"picture": broken})
                yield str(answer.status_code)
            else:
                yield job(server, broken)
        except httpx.TimeoutException:
            yield "HANG"


def job(server: Server, voice: bytes) -> str:
    """How a job with this voice ends. One that can be made is not waited for."""
    files = {"voice": voice}
    answer = server.client.post("/jobs", data={"portrait": "example"}, files=files)
    if answer.status_code != 202:
        return str(answer.status_code)
    url, how = f"/jobs/{answer.json()['id']}", "HANG"
    end = time.monotonic() + PATIENCE
    with server.client.stream("GET", f"{url}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data: "):
                how = f"202 {json.loads(line[6:]).get('code', 'can be made')}"
            if how != "HANG" or time.monotonic() > end:
                break
    server.client.delete(url)
    return how


def sound(seconds: float) -> bytes:
    """A WAV file of noise."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 16000, 0, "NONE", ""))
        wav.writeframes(random.Random(0).randbytes(round(seconds * 32000)))
    return file.getvalue()


def slow(server: Server, count: int, chance: random.Random) -> Iterator[str]:
    """Requests that are never finished, and what others are answered meanwhile."""
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for line in lines:
        line.send(chance.choice((b"G", b"GET / HTTP/1.1\r\nX: ", b"POST /jobs HTTP/1.1\r\n")))
    for _ in range(20):
        try:
            yield str(httpx.get(f"http://127.0.0.1:{server.port}/about", timeout=5).status_code)
        except httpx.HTTPError as error:
            yield type(error).__name__
    for line in lines:
        line.close()


def sessions(server: Server, count: int, chance: random.Random) -> Iterator[str]:
    """Sessions in a row; each is watched for three frames, and some are left without a word."""
    for _ in range(count):
        with server.session() as socket:
            frames = 0
            while frames < 3:
                frames += isinstance(socket.recv(PATIENCE), bytes)
            if chance.random() < 0.5:
                socket.send('{"do": "close"}')
        yield "three frames"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    tried = {messages: 2000, requests: 2000, files: 300, slow: 300, sessions: 200}
    for what, usual in tried.items():
        parser.add_argument(f"--{what.__name__}", type=int, default=usual)
    args = parser.parse_args()
    server, bad = Server(), 0
    try:
        for what in tried:
            count, before, start = getattr(args, what.__name__), server.memory(), time.monotonic()
            found: Counter[str] = Counter()
            for number, each in enumerate(what(server, count, random.Random(what.__name__))):
                found[each] += 1
                # what sessions cost is seen after the first tenth, which fills caches
                before = server.memory() if number == count // 10 else before
            grown = server.memory() - before
            failed = sum(found[each] for each in found if each.startswith("5") and each != "503")
            failed += found["HANG"] + (what is slow and found.total() - found["200"])
            failed += (what is sessions and grown > LEAK) + (server.process.poll() is not None)
            bad += failed
            shown = ", ".join(f"{count} x {each}" for each, count in found.most_common())
            seconds = time.monotonic() - start
            print(
                f"{count} {what.__name__}, {seconds:.0f} s: {shown}; {failed} failures; "
                f"memory {grown:+.0f} MiB",
                flush=True,
            )
        answer = server.client.get("/about").status_code
        print(f"at the end: {answer}, {server.memory():.0f} MiB")
    finally:
        server.process.terminate()
        server.process.wait()
    return bool(bad or answer != 200)


if __name__ == "__main__":
    sys.exit(main())
