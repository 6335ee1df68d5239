"""Limits: what a server takes before it refuses."""

from dataclasses import dataclass
from typing import Final

CONNECTIONS: Final = 256  # of a process at once, and so sessions
WATCHERS: Final = CONNECTIONS // 2  # of all sessions: others must be let in, too


@dataclass(frozen=True)
class Limits:
    """How much, how long and how often; sizes in bytes, times in seconds.

    Attributes:
        sessions: at once; None for what a measurement at the start says that the cores allow.
        sessions_each: of them at once for one address; None for half, rounded up.
        picture_bytes, picture_pixels: of an upload; pixels are looked at before decoding.
        picture_side: larger pictures are made smaller to it.
        voice_bytes, voice_seconds: of a job's sound.
        text_chars: of a text that is read aloud.
        body_bytes: of any other request.
        session_seconds: how long a session may last.
        idle_seconds: how long a session may hear nothing.
        connect_seconds: how long a session waits for its client.
        stall_seconds: how long a client may take nothing, or an upload may stand still.
        portraits: in memory at once.
        portrait_seconds: how long one that nobody uses is kept.
        jobs: that wait or run.
        job_seconds: how long a job's result is kept.
        requests: that change something, a minute, of one client.
    """

    sessions: int | None = None
    sessions_each: int | None = None
    picture_bytes: int = 20 * 2**20
    picture_pixels: int = 32_000_000
    picture_side: int = 2560
    voice_bytes: int = 50 * 2**20
    voice_seconds: float = 600.0
    text_chars: int = 1000
    body_bytes: int = 2**18
    session_seconds: float = 3600.0
    idle_seconds: float = 600.0
    connect_seconds: float = 30.0
    stall_seconds: float = 15.0
    portraits: int = 16
    portrait_seconds: float = 600.0
    jobs: int = 8
    job_seconds: float = 900.0
    requests: int = 60
