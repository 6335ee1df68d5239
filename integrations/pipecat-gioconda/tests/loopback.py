"""A real portrait in Pipecat over SmallWebRTC on this machine: what a viewer gets.

    python -m tests.loopback [--seconds 8]

A viewer of aiortc receives while a fake synthesiser, which says a recorded voice at 24 kHz faster
than real time, speaks, is interrupted and speaks again.
"""

import argparse
import asyncio
import json
import time
from itertools import pairwise

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

from gioconda import example

RATE = 24000
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
                self.loud.append((time.monotonic(), level > 300))


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


async def measure(seconds: float) -> dict[str, object]:
    """The figures; what is in `lost` should be 0."""
    voice = soxr.resample(example.voice(), 16000, RATE)
    pcm = (32767 * np.tile(voice, 3)[: round(RATE * seconds)]).astype(np.int16)
    viewer, pushed = Viewer(), Pushed()
    server = await viewer.connect()
    transport = SmallWebRTCTransport(server, PARAMS)
    avatar = GiocondaVideoService(photo=example.PHOTO, params=PARAMS)
    cold = time.monotonic()
    worker = PipelineWorker(
        Pipeline([transport.input(), avatar, transport.output()]),
        params=PipelineParams(audio_out_sample_rate=RATE),
        observers=[pushed],
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    while len(viewer.pictures) < 3:
        await asyncio.sleep(0.01)
    found: dict[str, object] = {"start_s": round(viewer.pictures[0] - cold, 2)}
    for name in ("first", "second"):
        began = time.monotonic()
        for frame in speech(pcm, name):
            await worker.queue_frame(frame)
        if name == "first":
            await pushed.stop(name, 5 * seconds)
        await asyncio.sleep(1)
        heard = next((t for t, loud in viewer.loud if loud and t > began), None)
        found[f"{name}_sound_ms"] = round(1000 * (heard - began)) if heard else None
        if name == "first":
            now = time.monotonic()
            span = [t for t in viewer.pictures if began < t < now]
            found["pictures_per_second"] = round(len(span) / (now - began), 1)
            drawn = [t for t, f in pushed.frames if isinstance(f, OutputImageRawFrame)]
            drawn = [t for t in drawn if began < t < now]
            found["drawn_per_second"] = round(len(drawn) / (now - began), 1)
    cut = time.monotonic()
    await worker.queue_frame(InterruptionFrame())
    await asyncio.sleep(1)
    last = max((t for t, loud in viewer.loud if loud and t > cut), default=cut)
    found["interruption_gap_ms"] = round(1000 * (last - cut))
    await worker.stop_when_done()
    await running
    await viewer.connection.close()
    return found | of_the_service(pushed.frames, pcm)


def of_the_service(frames: list[tuple[float, Frame]], pcm: np.ndarray) -> dict[str, object]:
    """What the service pushed: is every sound there, at its rate, beside its picture?"""
    first = [f for _, f in frames if getattr(f, "context_id", None) == "first"]
    sounds = [f for f in first if isinstance(f, TTSAudioRawFrame)]
    out = np.frombuffer(b"".join(f.audio for f in sounds), np.int16)
    media = [f for _, f in frames if isinstance(f, OutputImageRawFrame | TTSAudioRawFrame)]
    beside = [
        isinstance(before, OutputImageRawFrame)
        for before, frame in pairwise(media)
        if isinstance(frame, TTSAudioRawFrame)
    ]
    return {
        "sample_rates": sorted({f.sample_rate for f in sounds}),
        "samples_lost": len(pcm) - int((out[: len(pcm)] == pcm).sum()),
        "sounds": len(beside),
        "sounds_behind_their_picture": sum(beside),
        "starts": sum(isinstance(f, StartFrame) for _, f in frames),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    print(json.dumps(asyncio.run(measure(parser.parse_args().seconds)), indent=1))
