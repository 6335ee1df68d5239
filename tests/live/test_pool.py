"""Sessions, seats and threads."""

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gioconda import Controls
from gioconda.live import pool
from gioconda.live.errors import RefusalError
from gioconda.live.frame import Frame
from gioconda.live.hosted import HostedSession
from gioconda.live.limits import Limits
from gioconda.live.messages import SessionRequest
from gioconda.live.portraits import Portraits
from gioconda.media import Picture, Sound

from .conftest import wait


class Watcher:
    """A sink that counts frames."""

    dropped = frames = 0

    def frame(self, frame: Frame) -> None:
        self.frames += 1

    def message(self, message: dict[str, Any]) -> None:
        """Of no interest."""

    def end(self, reason: RefusalError | None) -> None:
        """Nothing is to be done."""


def test_threads_are_no_more_than_seats_however_long_a_last_frame_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each thread that ever draws costs memory for good."""
    draws = threading.Event()
    drawing: list[str] = []

    class Slow:
        controls = Controls()

        def __init__(self, *args: object, **options: object) -> None:
            """Of any portrait."""

        def drawings(self, pcm: Sound) -> list[Callable[[], Picture]]:
            def draw() -> Picture:
                drawing.append(threading.current_thread().name)
                assert draws.wait(60)
                return np.zeros((2, 2, 3), np.uint8)

            return [draw]

    monkeypatch.setattr(pool, "Animator", Slow)
    limits = Limits(sessions=1)
    portraits = Portraits(limits)
    portraits.load_example()
    sessions = pool.SessionPool(portraits, limits, None)
    try:
        first, watcher = begin(sessions)
        wait(lambda: drawing)
        first.end()
        second, next_watcher = begin(sessions)
        assert watcher.frames == next_watcher.frames == 0
        draws.set()
        wait(lambda: next_watcher.frames)
        second.end()
        assert len(set(drawing)) == 1
    finally:
        draws.set()
        sessions.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_what_may_take_its_time_steps_back_from_where_the_server_is() -> None:
    code = (
        "import os, threading; from gioconda.live.priority import step_back; os.nice(3)\n"
        "thread = threading.Thread(target=lambda: (step_back(), print(os.nice(0), end='')))\n"
        "before = os.nice(0); thread.start(); thread.join(); print('', before, os.nice(0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    thread, before, after = map(int, done.stdout.split())
    assert thread == min(before + 5, 19)
    assert before == after


def begin(sessions: pool.SessionPool) -> tuple[HostedSession, Watcher]:
    hosted, watcher = sessions.open(SessionRequest(portrait="example"), "a client"), Watcher()
    hosted.start(watcher)
    return hosted, watcher
