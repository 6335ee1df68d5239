"""Calls: a session over WebRTC."""

import asyncio
import json
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.live.errors import RefusalError
from gioconda.live.seats import Seat
from gioconda.live.session import SAMPLES, Frame, TransitionError
from gioconda.live.stream import parsed
from gioconda.media import FPS, SAMPLE_RATE

_ON_THE_WAY: Final = 5  # frames that may wait for the encoder
_CONNECT: Final = 15.0  # seconds until a call that does not come about is given up
_PART: Final = SAMPLE_RATE // 50  # samples of a packet of sound


class AtOnce(JitterBuffer):
    """Gives a packet of sound away when it comes; one that its successor has overtaken is lost.

    aiortc's buffer keeps four packets, 80 ms, and for good those that came while one was missed.
    """

    def __init__(self) -> None:
        super().__init__(capacity=1)
        self._next: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Whether a key frame is needed, and the packet unless it comes too late."""
        number, data = packet.sequence_number, getattr(packet, "_data", b"")
        late = self._next is not None and (number - self._next) % 2**16 >= 2**15
        if late or not data:
            return False, None
        self._next = number + 1
        return False, JitterFrame(data, packet.timestamp)


class Ear:
    """Frames of sound as 16 kHz mono; their rate and layout may change in mid-call."""

    def __init__(self) -> None:
        self._format: tuple[str, str, int] | None = None

    def hear(self, frame: av.AudioFrame) -> list[NDArray[np.float32]]:
        """What a frame brings, in [-1, 1]."""
        format = frame.format.name, frame.layout.name, frame.sample_rate
        if format != self._format:
            self._format = format
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        parts = self._resampler.resample(frame)
        return [part.to_ndarray()[0].astype(np.float32) / np.float32(32768) for part in parts]


class _Track(MediaStreamTrack):
    """What a session gives, one frame after the other; the oldest fall out if nobody asks."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.dropped = 0
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, frame: Any) -> None:
        """In the event loop's thread."""
        while self._queue.qsize() >= _ON_THE_WAY * (2 if self.kind == "audio" else 1):
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(frame)

    async def recv(self) -> Any:
        """The next frame, when it is its time."""
        frame = await self._queue.get()
        if frame is None:
            self.stop()
            raise MediaStreamError
        return frame


class _Sink:
    """Gives a session's frames to the tracks of a call."""

    def __init__(self, call: "_Call") -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()

    def frame(self, frame: Frame) -> None:
        """Picture and sound of 40 ms, with times on one clock."""
        sound = np.clip(np.rint(frame.sound * 32768), -32768, 32767).astype(np.int16)
        parts = []
        for begin in range(0, SAMPLES, _PART):
            part = av.AudioFrame.from_ndarray(
                sound[None, begin : begin + _PART], format="s16", layout="mono"
            )
            part.sample_rate = SAMPLE_RATE
            part.pts = frame.number * SAMPLES + begin
            part.time_base = Fraction(1, SAMPLE_RATE)
            parts.append(part)
        picture = None
        if frame.picture is not None:
            picture = av.VideoFrame.from_ndarray(frame.picture, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = frame.number * (90000 // FPS), Fraction(1, 90000)
        self._later(self._call.give, picture, parts)

    def tell(self, message: dict[str, Any]) -> None:
        """Over the data channel, if there is one."""
        self._later(self._call.tell, message)

    def end(self, reason: RefusalError | None) -> None:
        """Nothing more comes."""
        self._later(self._call.finish, reason)

    def _later(self, do: Any, *args: Any) -> None:
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(do, *args)


class _Call:
    """One connection and its session."""

    def __init__(self, seat: Seat, calls: "Calls") -> None:
        self._seat, self._calls = seat, calls
        self._video, self._audio = _Track("video"), _Track("audio")
        self._channel: RTCDataChannel | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        # none but this machine's addresses: no server elsewhere learns of a call
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", self._heard)
        self.peer.on("datachannel", self._opened)
        self.peer.on("connectionstatechange", self._changed)

    async def answer(self, sdp: str) -> dict[str, str]:
        """The answer to an offer."""
        try:
            await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            kinds = {each.kind for each in self.peer.getTransceivers()}
            if "video" not in kinds:
                raise ValueError("no video")
            for track in (self._video, self._audio):
                if track.kind in kinds:
                    self.peer.addTrack(track)
            pictures = [each for each in self.peer.getTransceivers() if each.kind == "video"]
            for each in pictures:  # a client's own pictures are not wanted
                each.direction = "sendonly" if each.sender.track else "inactive"
            await self.peer.setLocalDescription(await self.peer.createAnswer())
            if not any(each.currentDirection == "sendonly" for each in pictures):
                raise ValueError("the client receives no video")
        except Exception as error:  # the SDP parser raises nearly anything
            await self.peer.close()
            raise RefusalError(
                400, "bad-request", "expected an offer (SDP) that receives video"
            ) from error
        self._later(self._give_up())
        local = self.peer.localDescription
        return {"sdp": local.sdp, "type": local.type}

    def give(self, picture: Any, sound: list[Any]) -> None:
        """One frame to the tracks."""
        if picture is not None:
            self._video.put(picture)
        for part in sound:
            self._audio.put(part)

    def tell(self, message: dict[str, Any]) -> None:
        """A text message to the client."""
        channel = self._channel
        # a client that reads nothing gets nothing more
        if channel and channel.readyState == "open" and channel.bufferedAmount < 2**16:
            channel.send(json.dumps(message))

    def finish(self, reason: RefusalError | None) -> None:
        """The session has ended."""
        if reason is not None:
            self.tell(reason.told())
        self._later(self.close())

    async def close(self) -> None:
        """Hang up."""
        self._calls.open.discard(self)
        self._seat.leave()
        for track in (self._video, self._audio):
            track.put(None)
        await asyncio.sleep(0.05)  # for the last message
        await self.peer.close()
        me = asyncio.current_task()
        for task in self._tasks - {me}:
            task.cancel()

    @property
    def dropped(self) -> int:
        """Pictures that the encoder or the line did not take."""
        return self._video.dropped

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give_up(self) -> None:
        await asyncio.sleep(_CONNECT)
        if self.peer.connectionState != "connected":
            await self.close()

    async def _changed(self) -> None:
        state = self.peer.connectionState
        if state == "connected":
            try:
                self._seat.start(_Sink(self), lambda: self.dropped)
            except RefusalError as error:
                self.finish(error)
        elif state in ("failed", "closed") and self in self._calls.open:
            await self.close()

    def _opened(self, channel: RTCDataChannel) -> None:
        if channel.label != "control":
            return
        self._channel = channel

        @channel.on("message")  # type: ignore[untyped-decorator,unused-ignore]
        def _(text: object) -> None:
            try:
                self._seat.do(parsed(text if isinstance(text, str) else ""))
            except TransitionError as error:
                self.tell({"error": str(error), "code": "state"})
            except RefusalError as error:
                self.tell(error.told())

    def _heard(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._hurry(track)
            self._later(self._listen(track))

    def _hurry(self, track: MediaStreamTrack) -> None:
        """Let no packets wait: a session has its own margin."""
        name = "_RTCRtpReceiver__jitter_buffer"
        for each in self.peer.getTransceivers():
            if each.receiver.track is track and hasattr(each.receiver, name):
                setattr(each.receiver, name, AtOnce())

    async def _listen(self, track: MediaStreamTrack) -> None:
        """The client's microphone."""
        ear = Ear()
        while True:
            try:
                for pcm in ear.hear(await track.recv()):
                    if self._seat.began is not None:
                        self._seat.append(pcm)
            except (MediaStreamError, GiocondaError, av.FFmpegError):
                return


class Calls:
    """The calls of a server, in its event loop."""

    def __init__(self) -> None:
        self.open: set[_Call] = set()

    async def answer(self, seat: Seat, sdp: str) -> dict[str, str]:
        """Answer an offer. Raises RefusalError if it cannot be used or the seat is taken."""
        seat.reserve()
        call = _Call(seat, self)
        try:
            answer = await call.answer(sdp)
        except RefusalError:
            seat.free()
            raise
        self.open.add(call)
        return answer

    async def close(self) -> None:
        """Hang up all."""
        await asyncio.gather(*(call.close() for call in list(self.open)), return_exceptions=True)
