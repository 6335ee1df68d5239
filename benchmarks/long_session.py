"""Does a session hold for a day, and a server for an hour?

``python benchmarks/long_session.py virtual [--hours 24] [--seed 0]``

Sessions of the virtual clock: time passes only when it is waited for, and pictures cost nothing, so
a day takes minutes. Into it comes what a day brings: a microphone whose clock is 100 ppm quicker
and whose packets jitter by 30 ms, answers of a synthesiser all at once, interruptions, dials and
pauses. The picture of a frame says which sound it was drawn for. Prints for each hour how far the
frames are from the clock, how long the microphone's sound took to its frame, gaps, and the
process's memory. Exits with 1 if a picture was not of its frame's sound, a frame was off its time,
or memory grew by more than 5 MiB after the first hour.

``python benchmarks/long_session.py real [--minutes 60]``

A server in a process of its own, and a viewer over the WebSocket who is spoken to for 20 of every
30 seconds, in real time. Prints for each minute the pictures a second, how much later than its time
a frame came (against the soonest of all), what the server says of itself, and its memory.
"""

import argparse
import itertools
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gioconda import example
from gioconda.controls import Controls
from gioconda.live.frame import Frame, Statistics
from gioconda.live.session import Clock, Session
from gioconda.media import FPS, SAMPLE_RATE, Picture, Sound, to_int16

PACKET = SAMPLE_RATE // 50
QUICKER = 1e-4  # than ours is a microphone's clock
JITTER = 0.03  # seconds
AHEAD = 2  # frames of sound that a face needs after its own
LEAK = 5.0  # MiB
HOUR = 3600
COMMAND = (sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ways = parser.add_subparsers(dest="way", required=True)
    virtual = ways.add_parser("virtual")
    virtual.add_argument("--hours", type=float, default=24)
    virtual.add_argument("--seed", type=int, default=0)
    ways.add_parser("real").add_argument("--minutes", type=float, default=60)
    args = parser.parse_args()
    if args.way == "virtual":
        return by_the_virtual_clock(args.hours, random.Random(args.seed))
    return in_real_time(args.minutes)


def memory(process: int | str = "self") -> float:
    """MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


# --- by the virtual clock ---


class Event(NamedTuple):
    """Something that a client does then."""

    time: float
    do: Callable[[Session], object]


class VirtualClock(Clock):
    """Time that passes when it is waited for; what is planned for it is done."""

    def __init__(self, plan: Iterator[Event]) -> None:
        self.time, self._plan = 0.0, plan
        self._next = next(plan)
        self.session: Session

    def now(self) -> float:
        return self.time

    def wait(self, until: float, stop: threading.Event) -> None:
        while self._next.time <= until:
            self.time = max(self.time, self._next.time)
            self._next.do(self.session)
            self._next = next(self._plan)
        self.time = max(self.time, until)


class Echo:
    """A speaker whose picture is the sound of its frame."""

    def __init__(self) -> None:
        self.controls = Controls()
        self._heard: list[Sound] = []

    def listen(self, pcm: Sound) -> None:
        """Nothing of it is seen."""

    def drawings(self, pcm: Sound) -> list[Callable[[], Picture]]:
        self._heard.append(pcm)
        if len(self._heard) <= AHEAD:
            return []
        sound = self._heard.pop(0)
        return [lambda: np.frombuffer(sound.tobytes(), np.uint8)]


def day(chance: random.Random, voice: Sound) -> Iterator[Event]:
    """What clients do, without end."""
    now = 1.0
    while True:
        scene = chance.choice((microphone, answer, interrupted))
        begin = chance.randrange(len(voice) // 2)
        events = sorted(scene(chance, now, voice[begin:]), key=lambda event: event.time)
        yield from events
        gaze = chance.uniform(-20, 20)
        now = events[-1].time + chance.uniform(0.1, 20)
        yield Event(now, lambda session, gaze=gaze: session.set({"gaze": (gaze, 0)}))  # type: ignore[misc]


def microphone(chance: random.Random, now: float, voice: Sound) -> Iterator[Event]:
    """A minute or so into a microphone."""

    def begin(session: Session) -> None:
        session.microphone = True

    yield Event(now, begin)
    came = now
    for i, part in enumerate(packets(voice, chance.uniform(5, 120))):
        spoken = now + (i + 1) * PACKET / SAMPLE_RATE / (1 + QUICKER)
        came = max(came, spoken + chance.uniform(0, JITTER))
        yield Event(came, lambda session, part=part: session.append(part))  # type: ignore[misc]
    yield Event(came, Session.end_of_speech)


def answer(chance: random.Random, now: float, voice: Sound) -> Iterator[Event]:
    """Some seconds, all at once, and time to speak them."""
    seconds = chance.uniform(0.5, 8)
    pcm = np.concatenate(list(packets(voice, seconds)))

    def say(session: Session) -> None:
        session.microphone = False
        session.append(pcm)
        session.end_of_speech()

    yield Event(now, say)
    yield Event(now + seconds, lambda session: None)


def interrupted(chance: random.Random, now: float, voice: Sound) -> Iterator[Event]:
    """An answer that is cut short."""
    said, cut = itertools.islice(answer(chance, now, voice), 2)
    yield said
    yield Event(now + chance.uniform(0, cut.time - now), Session.interrupt)


def packets(voice: Sound, seconds: float) -> Iterator[Sound]:
    """So much of a voice, over and over."""
    for i in range(round(seconds * SAMPLE_RATE / PACKET)):
        begin = i * PACKET % (len(voice) - PACKET)
        yield voice[begin : begin + PACKET]


def by_the_virtual_clock(hours: float, chance: random.Random) -> int:
    """Watch a session for so long."""
    clock = VirtualClock(day(chance, example.voice()))
    session = clock.session = Session(Echo(), clock=clock)
    wrong = spoken_into = 0
    sizes: list[float] = []
    off, waits = 0.0, list[float]()
    for frame in session:
        wrong += not shows_its_sound(frame)
        off = max(off, abs(clock.now() - frame.time))
        spoken_into = spoken_into + 1 if session.microphone else 0
        if spoken_into > 2 * FPS and frame.number % FPS == 0:  # nothing of an answer is on its way
            waits.append(session.statistics().latency_ms or 0.0)
        if (frame.number + 1) % (HOUR * FPS) == 0 or frame.number + 1 >= hours * HOUR * FPS:
            sizes.append(memory())
            tell(frame, session.statistics(), wrong, off, waits, sizes[-1])
            waits = []
            if frame.number + 1 >= hours * HOUR * FPS:
                session.close()
    return int(wrong > 0 or off > 1e-6 or sizes[-1] - sizes[0] > LEAK)


def shows_its_sound(frame: Frame) -> bool:
    return frame.picture is not None and frame.picture.tobytes() == frame.heard.tobytes()


def tell(
    frame: Frame, found: Statistics, wrong: int, off: float, waits: list[float], size: float
) -> None:
    """A line."""
    print(
        f"{(frame.number + 1) / FPS / HOUR:5.2f} h: {found.frames} frames, {wrong} with a picture "
        f"of other sound, {found.left_out} left out, {1000 * off:.1f} ms off the clock at most; "
        f"microphone to frame {np.median(waits or 0):.0f} ms, at most {max(waits, default=0):.0f}; "
        f"{found.underruns} gaps, {found.caught_up_ms / 1000:.1f} s of sound skipped; "
        f"{size:.1f} MiB",
        flush=True,
    )


# --- in real time ---


def in_real_time(minutes: float) -> int:
    """Watch a server for so long."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    longest = str(int(minutes) + 10)
    serve = ("serve", "--port", str(port), "--sessions", "1", "--minutes", longest)
    with subprocess.Popen([*COMMAND, *serve], stdout=subprocess.DEVNULL) as server:
        try:
            return watch(server, f"127.0.0.1:{port}", minutes)
        finally:
            server.terminate()


def watch(server: "subprocess.Popen[bytes]", address: str, minutes: float) -> int:
    client = httpx.Client(base_url=f"http://{address}", timeout=60)
    while not ready(client):
        assert server.poll() is None, "the server ended"
        time.sleep(0.5)
    identity = client.post("/sessions", json={"portrait": "example"}).json()["id"]
    with connect(f"ws://{address}/sessions/{identity}/stream") as viewer:
        threading.Thread(target=talk, args=(viewer,), daemon=True).start()
        base, rows, pictures = np.inf, list[float](), 0
        said: dict[str, object] = {}
        began = time.monotonic()
        for message in viewer:
            now = time.monotonic() - began
            if isinstance(message, str):
                said = json.loads(message).get("statistics", said)
                continue
            _, number, clock, size = struct.unpack("<B3xIII", message[:16])
            rows.append(now - clock / 1000)
            pictures += len(message) > 16 + size
            if (number + 1) % (60 * FPS) == 0 or now >= 60 * minutes:
                base = min(base, *rows)
                late = 1000 * (np.array(rows) - base)
                p50, p95, least, most = np.quantile(late, [0.5, 0.95, 0, 1])
                print(
                    f"{now / 60:5.1f} min: {pictures * FPS / len(rows):.1f} pictures a second, "
                    f"{p50:.0f} ms after their time, p95 {p95:.0f}, {least:.0f} to {most:.0f}; "
                    f"so far {said}; "
                    f"{memory(server.pid):.0f} MiB",
                    flush=True,
                )
                rows, pictures = [], 0
            if now >= 60 * minutes:
                return 0
    return 1  # the server ended it


def ready(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/about").json()["ready"])
    except httpx.TransportError:
        return False


def talk(viewer: ClientConnection) -> None:
    """Speak for 20 of every 30 seconds."""
    voice, begin = to_int16(example.voice(20)), time.monotonic()
    with suppress(ConnectionClosed):
        for turn in itertools.count():
            for i in range(0, len(voice), PACKET):
                due = begin + 30 * turn + (i + PACKET) / SAMPLE_RATE
                time.sleep(max(due - time.monotonic(), 0))
                viewer.send(voice[i : i + PACKET].tobytes())
            viewer.send('{"do": "end_of_speech"}')


if __name__ == "__main__":
    sys.exit(main())
