"""A real portrait in a LiveKit agent, in a room without a server: what would be published.

    python -m tests.runner [--seconds 8]

The agent's fake voice, a recording at 24 kHz, speaks, is interrupted and speaks again. What
`AVSynchronizer` hands to the audio and the video source is measured.
"""

import argparse
import asyncio
import json
import time
import zlib
from itertools import pairwise

import numpy as np
import soxr
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.plugins.gioconda import AvatarSession

from gioconda import example
from gioconda.media import to_int16

from .conftest import RATE, Room, Voice, heard

Published = list[tuple[float, rtc.VideoFrame | rtc.AudioFrame]]
Made = list[tuple[int | None, bytes]]


def watch(avatar: AvatarSession) -> tuple[Made, Published, Published]:
    """What the session makes (checksum of the picture, or None, and the sound of each frame),
    what is pushed to the synchronizer, and what it gives to the sources."""
    made: Made = []
    pushed: Published = []
    shown: Published = []
    session = avatar._session
    give = session._give

    def giving(drawn):
        frame = give(drawn)
        seen = None if frame.picture is None else zlib.crc32(frame.picture)
        made.append((seen, to_int16(frame.sound).tobytes()))
        return frame

    session._give = giving
    sync = avatar._runner.av_sync
    push, capture = sync.push, sync._video_source.capture_frame

    async def pushing(frame, timestamp=None):
        pushed.append((time.monotonic(), frame))
        await push(frame, timestamp)

    def capturing(frame, **more):
        shown.append((time.monotonic(), frame))
        capture(frame, **more)

    sync.push, sync._video_source.capture_frame = pushing, capturing
    return made, pushed, shown


def beside(made: Made, media: list[rtc.VideoFrame | rtc.AudioFrame]) -> dict[str, int]:
    """Is every sound behind its own picture?"""
    own = alone = unknown = count = begin = 0
    for before, frame in pairwise(media):
        if isinstance(frame, rtc.AudioFrame):
            count += 1
            later = range(begin, len(made))
            found = next((i for i in later if made[i][1] == bytes(frame.data)), None)
            if found is None:
                unknown += 1
                continue
            begin, picture = found + 1, made[found][0]
            if picture is None:
                alone += 1
            elif isinstance(before, rtc.VideoFrame):
                own += zlib.crc32(before.data) == picture
    return {
        "sounds": count,
        "sounds_behind_their_picture": own,
        "sounds_whose_picture_was_left_out": alone,
        "sounds_that_were_not_made": unknown,
    }


async def measure(seconds: float) -> dict[str, object]:
    """The figures."""
    voice = soxr.resample(example.voice(), 16000, RATE)
    pcm = (32767 * np.tile(voice, 3)[: round(RATE * seconds)]).astype(np.int16)
    avatar, session = AvatarSession(photo=example.PHOTO), AgentSession(tts=Voice(pcm))
    cold = time.monotonic()
    await avatar.start(session, Room())
    made, pushed, shown = watch(avatar)
    await session.start(Agent(instructions=""))
    while len(shown) < 3:
        await asyncio.sleep(0.01)
    found: dict[str, object] = {"start_s": round(shown[0][0] - cold, 2)}

    def sounds(since: float) -> list[tuple[float, rtc.AudioFrame]]:
        return [(t, f) for t, f in pushed if isinstance(f, rtc.AudioFrame) and t > since]

    for name in ("first", "second"):
        began = time.monotonic()
        said = session.say("Good morning.")
        while not any(np.frombuffer(f.data, np.int16).any() for _, f in sounds(began)):
            await asyncio.sleep(0.005)
        found[f"{name}_sound_ms"] = round(1000 * (sounds(began)[0][0] - began))
        if name == "first":
            await said.wait_for_playout()
            now = time.monotonic()
            count = sum(began < t < now for t, _ in shown)
            found["pictures_per_second"] = round(count / (now - began), 1)
            out = heard([f for _, f in sounds(began)])
            found["samples_lost"] = len(pcm) - int((out[: len(pcm)] == pcm[: len(out)]).sum())
            found["sample_rates"] = sorted({f.sample_rate for _, f in sounds(began)})
    await asyncio.sleep(1)
    cut = time.monotonic()
    await said.interrupt()
    await asyncio.sleep(1)
    last = max((t for t, _ in sounds(cut)), default=cut)
    found["interruption_gap_ms"] = round(1000 * (last - cut))
    found |= beside(made, [f for _, f in pushed])
    await session.aclose()
    await avatar.aclose()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    print(json.dumps(asyncio.run(measure(parser.parse_args().seconds)), indent=1))
