"""A real portrait in Pipecat over SmallWebRTC on this machine: what a viewer gets.

    python -m tests.loopback [--seconds 8]

A viewer of aiortc receives while a fake synthesiser, which says a recorded voice at 24 kHz faster
than real time, speaks, is interrupted and speaks again.
"""

import argparse
import asyncio
import json
import time
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import soxr
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner
from pipecat_gioconda import GiocondaVideoService

import gioconda
from gioconda import example
from gioconda.media import to_int16

RATE = 24000
LOUD = 300  # of 32768: from there on it is heard
PARAMS = TransportParams(
    audio_out_enabled=True,
    audio_out_sample_rate=RATE,
    video_out_enabled=True,
    video_out_width=512,
    video_out_height=512,
    video_out_framerate=25,
)


class Viewer:
    """Receives what a browser would, with the times."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection()
        self.pictures: list[float] = []
        self.loud: list[tuple[float, bool]] = []  # 20 ms of sound each
        self._tasks: list[asyncio.Task[None]] = []
        self.connection.on("track", self._track)

    async def connect(self) -> SmallWebRTCConnection:
        self.connection.addTransceiver("audio", direction="sendrecv")
        self.connection.addTransceiver("video", direction="recvonly")
        self.connection.createDataChannel("chat")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription
        server = SmallWebRTCConnection()
        await server.initialize(sdp=offer.sdp, type=offer.type)
        answer = server.get_answer()
        await self.connection.setRemoteDescription(
            RTCSessionDescription(answer["sdp"], answer["type"])
        )
        return server

    def _track(self, track) -> None:
        self._tasks.append(asyncio.ensure_future(self._receive(track)))

    async def _receive(self, track) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "video":
                self.pictures.append(time.monotonic())
            else:
                level = np.abs(frame.to_ndarray().astype(float)).max()
                self.loud.append((time.monotonic(), level > LOUD))


class Pushed(BaseObserver):
    """What the service pushes, with the times."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[tuple[float, Frame]] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.source, GiocondaVideoService) and data.direction.name == "DOWNSTREAM":
            self.frames.append((time.monotonic(), data.frame))

    async def stop(self, context: str, patience: float) -> None:
        """Wait until this speech has been spoken."""
        end = time.monotonic() + patience
        while time.monotonic() < end and not any(
            isinstance(f, TTSStoppedFrame) and f.context_id == context for _, f in self.frames
        ):
            await asyncio.sleep(0.02)


def speech(pcm: np.ndarray, context: str) -> list[Frame]:
    frames: list[Frame] = [TTSStartedFrame(context_id=context)]
    for piece in np.array_split(pcm, max(len(pcm) // 1200, 1)):
        frames.append(TTSAudioRawFrame(piece.tobytes(), RATE, 1, context_id=context))
    return [*frames, TTSStoppedFrame(context_id=context)]


class Loop:
    """A pipeline and its viewer. What is observed is what the service pushes."""

    def __init__(self, *services: GiocondaVideoService) -> None:
        self.services, self.viewer, self.pushed = services, Viewer(), Pushed()
        self.worker: PipelineWorker
        self._running: asyncio.Task[None]

    async def __aenter__(self) -> "Loop":
        transport = SmallWebRTCTransport(await self.viewer.connect(), PARAMS)
        self.worker = PipelineWorker(
            Pipeline([transport.input(), *self.services, transport.output()]),
            params=PipelineParams(audio_out_sample_rate=RATE),
            observers=[self.pushed],
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        self._running = asyncio.create_task(runner.run())
        while len(self.viewer.pictures if self.services else self.viewer.loud) < 3:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.worker.stop_when_done()
        await self._running
        await self.viewer.connection.close()

    async def say(self, pcm: np.ndarray, context: str) -> float:
        """When it was queued."""
        began = time.monotonic()
        for frame in speech(pcm, context):
            await self.worker.queue_frame(frame)
        return began

    def heard(self, began: float) -> int | None:
        """Milliseconds until the viewer heard the first sound."""
        first = next((t for t, loud in self.viewer.loud if loud and t > began), None)
        return round(1000 * (first - began)) if first else None

    def said(self, began: float) -> int | None:
        """The same until the service pushed it."""
        sounds = ((t, f) for t, f in self.pushed.frames if isinstance(f, TTSAudioRawFrame))
        first = next((t for t, _ in sounds if t > began), None)
        return round(1000 * (first - began)) if first else None


async def measure(seconds: float) -> dict[str, object]:
    """The figures; what is in `lost` should be 0."""
    voice = soxr.resample(example.voice(), 16000, RATE)
    voice = voice[np.argmax(np.abs(32767 * voice) > LOUD) :]  # its silence is no delay
    pcm = (32767 * np.tile(voice, 3)[: round(RATE * seconds)]).astype(np.int16)
    found: dict[str, object] = {}
    async with Loop() as loop:
        began = await loop.say(pcm[:RATE], "alone")
        await asyncio.sleep(1)
        found["transport_alone_ms"] = loop.heard(began)
    avatar = Watched(photo=example.PHOTO, params=PARAMS)
    cold = time.monotonic()
    async with Loop(avatar) as loop:
        found["start_s"] = round(loop.viewer.pictures[0] - cold, 2)
        for name in ("first", "second"):
            began = await loop.say(pcm, name)
            if name == "first":
                await loop.pushed.stop(name, 5 * seconds)
            await asyncio.sleep(1)
            found[f"{name}_sound_ms"] = loop.said(began)
            found[f"{name}_sound_heard_ms"] = loop.heard(began)
            if name == "first":
                now = time.monotonic()
                span = [t for t in loop.viewer.pictures if began < t < now]
                found["pictures_per_second"] = round(len(span) / (now - began), 1)
                drawn = [t for t, f in loop.pushed.frames if isinstance(f, OutputImageRawFrame)]
                drawn = [t for t in drawn if began < t < now]
                found["drawn_per_second"] = round(len(drawn) / (now - began), 1)
        cut = time.monotonic()
        await loop.worker.queue_frame(InterruptionFrame())
        await asyncio.sleep(1)
        last = max((t for t, loud in loop.viewer.loud if loud and t > cut), default=cut)
        found["interruption_gap_ms"] = round(1000 * (last - cut))
    return found | of_the_service(loop.pushed.frames, avatar.frames, pcm)


class Watched(GiocondaVideoService):
    """Keeps what its session gave: checksum of the picture, or None, and sound of each frame."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frames: list[tuple[int | None, bytes]] = []

    async def _show(self, frame: gioconda.Frame, rate: int) -> None:
        seen = None if frame.picture is None else zlib.crc32(frame.picture)
        self.frames.append((seen, to_int16(frame.sound).tobytes()))
        await super()._show(frame, rate)


def of_the_service(
    frames: list[tuple[float, Frame]], made: list[tuple[int | None, bytes]], pcm: np.ndarray
) -> dict[str, object]:
    """What the service pushed: is every sound there, at its rate, behind its own picture?"""
    first = [f for _, f in frames if getattr(f, "context_id", None) == "first"]
    sounds = [f for f in first if isinstance(f, TTSAudioRawFrame)]
    out = np.frombuffer(b"".join(f.audio for f in sounds), np.int16)
    media = [f for _, f in frames if isinstance(f, OutputImageRawFrame | TTSAudioRawFrame)]
    own = alone = unknown = count = begin = 0
    for before, frame in pairwise(media):
        if isinstance(frame, TTSAudioRawFrame):
            count += 1
            later = range(begin, len(made))
            found = next((i for i in later if made[i][1] == frame.audio), None)
            if found is None:
                unknown += 1
                continue
            begin, picture = found + 1, made[found][0]
            if picture is None:
                alone += 1
            elif isinstance(before, OutputImageRawFrame):
                own += zlib.crc32(before.image) == picture
    return {
        "sample_rates": sorted({f.sample_rate for f in sounds}),
        "samples_lost": len(pcm) - int((out[: len(pcm)] == pcm).sum()),
        "sounds": count,
        "sounds_behind_their_picture": own,
        "sounds_whose_picture_was_left_out": alone,
        "sounds_that_were_not_made": unknown,
        "starts": sum(isinstance(f, StartFrame) for _, f in frames),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    print(json.dumps(asyncio.run(measure(parser.parse_args().seconds)), indent=1))
