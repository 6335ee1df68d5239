"""A viewer with a microphone: the other end of a WebRTC call, on this machine.

aiortc, told to give a picture away when its last packet is there (RTP's marker), as browsers do;
by itself it waits for the next picture, 40 ms. The microphone sends packets of 20 ms, so that
much more of the sound must be there, and Opus adds 6.5.
"""

import asyncio
import time
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, NamedTuple

import av
import numpy as np
import soxr
from aiortc import AudioStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from gioconda.live.calls import Calls
from gioconda.live.errors import RefusalError
from gioconda.live.frame import Frame
from gioconda.live.messages import SessionRequest
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import EXAMPLE
from gioconda.media import FPS, SAMPLE_RATE, Picture, Sound, to_int16

WIRE: Final = 48_000  # Opus's rate: another would wait in a resampler, which no browser has
PACKET: Final = WIRE // 50  # samples in a packet of sound
_KEPT: Final = 4 * FPS  # frames


class Seen(NamedTuple):
    """A picture, and when it was there; its frame, without the picture, where that is known."""

    when: float
    picture: Picture
    frame: Frame | None = None


class Viewer:
    """Of the bundled portrait; its time begins before it asks for a session."""

    def __init__(self) -> None:
        self._pictures: list[tuple[float, Picture, int]] = []  # of the last seconds; frames since 0
        self._first: int | None = None  # RTP's time of the first
        self._given, self._origin = _Given(), 0
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
        hosted.watch(self._given)
        self._peer.addTransceiver("video", direction="recvonly")
        self._peer.addTrack(self._microphone)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await calls.answer(hosted, self._peer.localDescription.sdp, "127.0.0.1")
        await self._peer.setRemoteDescription(RTCSessionDescription(answer.sdp, answer.type))
        await asyncio.wait_for(self._sees.wait(), 60)
        return 1000 * (self._pictures[0][0] - self._began)

    def find_origin(self) -> None:
        """Tell which frame the first picture was of: RTP's time begins anywhere.

        To be called a second or two after the first picture. No picture is of a frame that was
        not yet given out, and the quickest of all takes less than a frame from the session to
        here: it is of the newest.
        """
        given = [(number, when) for number, (when, _) in list(self._given.frames.items())]
        self._origin = min(
            max(number for number, there in given if there <= when) - count
            for when, _, count in self._pictures
        )

    def seen(self) -> list[Seen]:
        """The pictures of the last four seconds."""
        nothing = (0.0, None)
        return [
            Seen(when, picture, self._given.frames.get(self._origin + count, nothing)[1])
            for when, picture, count in self._pictures
        ]

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
                self._first = frame.pts if self._first is None else self._first
                count = (frame.pts - self._first) % 2**32 * FPS // 90000
                self._pictures.append((time.monotonic(), picture, count))
                del self._pictures[:-_KEPT]
                self._sees.set()


class _Given:
    """A sink: when the last frames were given out, without their pictures."""

    dropped = 0

    def __init__(self) -> None:
        self.frames: dict[int, tuple[float, Frame]] = {}

    def frame(self, frame: Frame) -> None:
        """Keep it, and forget an old one."""
        self.frames[frame.number] = time.monotonic(), replace(frame, picture=None)
        self.frames.pop(frame.number - 2 * _KEPT, None)

    def message(self, message: dict[str, Any]) -> None:
        """Nothing of it is kept."""

    def end(self, reason: RefusalError | None) -> None:
        """Nothing is to be done."""


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
