"""A viewer with a microphone: the other end of a WebRTC call, on this machine.

aiortc, told to give a picture away when its last packet is there (RTP's marker), as browsers do;
by itself it waits for the next picture, 40 ms. The microphone sends packets of 20 ms, so that
much more of the sound must be there, and Opus adds 6.5.
"""

import asyncio
import time
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
import soxr
from aiortc import AudioStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from gioconda.live.calls import Calls
from gioconda.live.messages import SessionRequest
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import EXAMPLE
from gioconda.media import FPS, SAMPLE_RATE, Picture, Sound, to_int16

WIRE: Final = 48_000  # Opus's rate: another would wait in a resampler, which no browser has
PACKET: Final = WIRE // 50  # samples in a packet of sound


class Viewer:
    """Of the bundled portrait; its time begins before it asks for a session.

    Attributes:
        seen: when each picture of the last four seconds was decoded, and the picture.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[float, Picture]] = []
        self._began = time.monotonic()
        self._sees = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._microphone = _Microphone()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.on("track", self._watch)

    async def connect(self, pool: SessionPool, calls: Calls) -> float:
        """Milliseconds from the wish for a session to the first decoded picture."""
        request = SessionRequest(portrait=EXAMPLE, source="microphone")
        hosted = await asyncio.to_thread(pool.open, request, "bench")
        self._peer.addTransceiver("video", direction="recvonly")
        self._peer.addTrack(self._microphone)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await calls.answer(hosted, self._peer.localDescription.sdp, "127.0.0.1")
        await self._peer.setRemoteDescription(RTCSessionDescription(answer.sdp, answer.type))
        await asyncio.wait_for(self._sees.wait(), 60)
        return 1000 * (self.seen[0][0] - self._began)

    def say(self, sound: Sound, offset: int) -> float:
        """Say it, so many samples after the beginning of the next packet; when it begins."""
        wide = soxr.resample(sound, SAMPLE_RATE, WIRE)
        self._microphone.waiting = np.concatenate([np.zeros(offset, np.float32), wide])
        return self._microphone.spoken + offset / WIRE

    async def close(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await self._peer.close()

    def _watch(self, track: Any) -> None:
        for each in self._peer.getTransceivers():
            if each.receiver.track is track and track.kind == "video":
                buffer = _MarkedBuffer(capacity=512, is_video=True)
                each.receiver._RTCRtpReceiver__jitter_buffer = buffer
        self._tasks.append(asyncio.ensure_future(self._receive(track)))

    async def _receive(self, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "video":
                picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                self.seen.append((time.monotonic(), picture))
                del self.seen[: -4 * FPS]
                self._sees.set()


class _Microphone(AudioStreamTrack):
    """Silence, and what waits to be said, in packets of 20 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = np.empty(0, np.float32)
        self._start, self._sent = 0.0, 0

    @property
    def spoken(self) -> float:
        """When the next packet begins."""
        return self._start + self._sent / WIRE

    async def recv(self) -> av.AudioFrame:
        """The next packet, when its last sample is spoken."""
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(self.spoken + PACKET / WIRE - time.monotonic(), 0))
        part = np.zeros(PACKET, np.float32)
        voice, self.waiting = self.waiting[:PACKET], self.waiting[PACKET:]
        part[: len(voice)] = voice
        frame = av.AudioFrame.from_ndarray(to_int16(part)[None], format="s16", layout="mono")
        frame.sample_rate = WIRE
        frame.pts, frame.time_base = self._sent, Fraction(1, WIRE)
        self._sent += PACKET
        return frame


class _MarkedBuffer(JitterBuffer):
    """Gives a picture away when its last packet is there."""

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Whether a key frame is needed, and the picture that is whole."""
        lost, picture = super().add(packet)
        after = (packet.sequence_number + 1) % 2**16
        if picture is None and packet.marker and self._packets[after % self.capacity] is None:
            # a picture counts as whole when a packet of the next one is there
            next_one = RtpPacket(sequence_number=after, timestamp=packet.timestamp + 1)
            _, picture = super().add(next_one)
            self._packets[after % self.capacity] = None
        return lost, picture
