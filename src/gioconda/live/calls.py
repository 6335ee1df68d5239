"""Calls: a session over WebRTC."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final

import aiortc
import av
import numpy as np
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from gioconda.live.candidates import confined
from gioconda.live.errors import RefusalError
from gioconda.live.frame import Frame
from gioconda.live.hosted import HostedSession
from gioconda.live.inputs import SAMPLES
from gioconda.live.messages import Answer, IceServer, parse_command
from gioconda.media import FPS, SAMPLE_RATE, Sound, from_int16, to_int16

_ON_THE_WAY: Final = 5  # frames that may wait for the encoder
_CONNECT: Final = 15.0  # seconds until a call that does not come about is given up
_PACKET_SECONDS: Final = 0.02  # of sound
_OPUS_RATE: Final = 48000


class ImmediateBuffer(JitterBuffer):
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


class Resampler:
    """Frames of sound to 16 kHz mono; their rate and layout may change in mid-call."""

    def __init__(self) -> None:
        self._format: tuple[str, str, int] | None = None

    def convert(self, frame: av.AudioFrame) -> list[Sound]:
        """The sound of a frame, in [-1, 1]."""
        format = frame.format.name, frame.layout.name, frame.sample_rate
        if format != self._format:
            self._format = format
            self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        return [from_int16(part.to_ndarray()[0]) for part in self._resampler.resample(frame)]


class Packets:
    """Sound of frames to packets of 20 ms at Opus's rate, each frame's two at once.

    aiortc resamples too, but it then holds each packet back until the next one comes, and tells
    browsers that it is of that time: they show the picture 20 ms ahead of the sound.
    """

    _LEAD: Final = 16  # samples, 1 ms: what the resampler needs of the next frame

    def __init__(self) -> None:
        size = round(_PACKET_SECONDS * _OPUS_RATE)
        self._resampler = AudioResampler("s16", "mono", _OPUS_RATE, frame_size=size)
        self._convert(np.zeros(self._LEAD, np.int16), -self._LEAD)

    def of(self, frame: Frame) -> list[av.AudioFrame]:
        """Both packets of a frame; 1 ms late."""
        return self._convert(to_int16(frame.sound), frame.number * SAMPLES)

    def _convert(self, sound: NDArray[np.int16], begin: int) -> list[av.AudioFrame]:
        part = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        part.sample_rate, part.pts, part.time_base = SAMPLE_RATE, begin, Fraction(1, SAMPLE_RATE)
        return self._resampler.resample(part)


class _Track(aiortc.MediaStreamTrack):
    """What a session gives, frame by frame; the oldest fall out when the queue is full."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.dropped = 0
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, frame: Any, after: float = 0) -> None:
        """In the event loop's thread; it is given in so many seconds at the soonest."""
        while self._queue.qsize() >= _ON_THE_WAY * (2 if self.kind == "audio" else 1):
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait((asyncio.get_running_loop().time() + after, frame))

    async def recv(self) -> Any:
        """The next frame, when it is there and due."""
        due, frame = await self._queue.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if frame is None:
            self.stop()
            raise MediaStreamError
        return frame


class _Call:
    """A sink: one connection, which gives its session's frames to its tracks."""

    def __init__(
        self, hosted: HostedSession, calls: "Calls", ice_servers: Sequence[IceServer]
    ) -> None:
        self._hosted, self._calls = hosted, calls
        self._loop = asyncio.get_running_loop()
        self._video, self._audio = _Track("video"), _Track("audio")
        self._packets = Packets()
        self._channel: aiortc.RTCDataChannel | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        # none but those that the operator named: no other server learns of a call
        servers = [aiortc.RTCIceServer(**each.model_dump()) for each in ice_servers]
        self.peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=servers))
        self.peer.on("track", self._on_track)
        self.peer.on("datachannel", self._on_channel)
        self.peer.on("connectionstatechange", self._on_state)

    async def answer(self, sdp: str) -> Answer:
        """The answer to an offer."""
        try:
            await self.peer.setRemoteDescription(aiortc.RTCSessionDescription(sdp, "offer"))
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
            message = "expected an offer (SDP) that receives video"
            raise RefusalError(400, "bad-request", message) from error
        self._spawn(self._give_up())
        return Answer(sdp=self.peer.localDescription.sdp, type="answer")

    # --- a sink, in the session's thread ---

    @property
    def dropped(self) -> int:
        """Pictures that the encoder or the line did not take."""
        return self._video.dropped

    def frame(self, frame: Frame) -> None:
        """Picture and sound of 40 ms, with times on one clock."""
        if frame.picture is not None:
            picture = av.VideoFrame.from_ndarray(frame.picture, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = frame.number * (90000 // FPS), Fraction(1, 90000)
            self._in_loop(self._video.put, picture)
        # one by one: a browser keeps what comes in bursts for longer, so its picture is ahead
        for number, packet in enumerate(self._packets.of(frame)):
            self._in_loop(self._audio.put, packet, number * _PACKET_SECONDS)

    def message(self, message: dict[str, Any]) -> None:
        """Over the data channel, if there is one."""
        self._in_loop(self._send_message, message)

    def end(self, reason: RefusalError | None) -> None:
        """Say why, and hang up."""
        self._in_loop(self._finish, reason)

    def _in_loop(self, do: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(do, *args)

    # --- the rest is in the event loop ---

    def _send_message(self, message: dict[str, Any]) -> None:
        channel = self._channel
        # a client that reads nothing gets nothing more
        if channel and channel.readyState == "open" and channel.bufferedAmount < 2**16:
            channel.send(json.dumps(message))

    def _finish(self, reason: RefusalError | None) -> None:
        if reason is not None:
            self._send_message(reason.body())
        self._spawn(self.close())

    async def close(self) -> None:
        """Hang up."""
        self._calls.open.discard(self)
        self._hosted.end()
        for track in (self._video, self._audio):
            track.put(None)
        await asyncio.sleep(0.05)  # for the last message
        await self.peer.close()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give_up(self) -> None:
        await asyncio.sleep(_CONNECT)
        if self.peer.connectionState != "connected":
            await self.close()

    async def _on_state(self) -> None:
        state = self.peer.connectionState
        if state == "connected":
            try:
                self._hosted.start(self)
            except RefusalError as error:
                self._finish(error)
        elif state in ("failed", "closed") and self in self._calls.open:
            await self.close()

    def _on_channel(self, channel: aiortc.RTCDataChannel) -> None:
        if channel.label != "control":
            return
        self._channel = channel

        @channel.on("message")  # type: ignore[untyped-decorator,unused-ignore]
        def _(text: object) -> None:
            with self._hosted.reporting_errors():
                self._hosted.execute(parse_command(text if isinstance(text, str) else ""))

    def _on_track(self, track: aiortc.MediaStreamTrack) -> None:
        if track.kind != "audio":
            return
        name = "_RTCRtpReceiver__jitter_buffer"
        for each in self.peer.getTransceivers():
            if each.receiver.track is track and hasattr(each.receiver, name):
                # no packets wait: a session has its own margin
                setattr(each.receiver, name, ImmediateBuffer())
        self._spawn(self._receive(track))

    async def _receive(self, track: aiortc.MediaStreamTrack) -> None:
        """Take the sound that the client sends, until it ends or the session does."""
        resampler = Resampler()
        while not self._hosted.ended:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            with self._hosted.reporting_errors():
                for pcm in resampler.convert(frame):
                    if self._hosted.started is not None:
                        self._hosted.append(pcm)


class Calls:
    """The calls of a server, in its event loop.

    Args:
        ice_servers: STUN and TURN servers by which it finds its own addresses.
    """

    def __init__(self, ice_servers: Sequence[IceServer] = ()) -> None:
        self._ice_servers = ice_servers
        self.open: set[_Call] = set()

    async def answer(self, hosted: HostedSession, sdp: str, asker: str | None) -> Answer:
        """Answer an offer from an address.

        Raises RefusalError if it cannot be used or the session is taken.
        """
        hosted.claim()
        call = _Call(hosted, self, self._ice_servers)
        try:
            answer = await call.answer(confined(sdp, asker))
        except RefusalError:
            hosted.unclaim()
            raise
        self.open.add(call)
        return answer

    async def close(self) -> None:
        """Hang up all."""
        await asyncio.gather(*(call.close() for call in list(self.open)), return_exceptions=True)
