"""GiocondaGenerator: sound in, the same sound and its pictures out, for an `AvatarRunner`."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, VideoGenerator

import gioconda
from gioconda.media import from_int16, to_int16

from .log import logger

_AHEAD: Final = 60_000  # milliseconds of sound that may wait in the session, which holds twice that

Media = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd
# How far speech has come: an utterance, and samples of it.
Position = tuple[int, float]


class GiocondaGenerator(VideoGenerator):
    """A portrait's session as LiveKit's `VideoGenerator`.

    Pictures come 25 times a second, each before its 40 ms of sound; idle ones come alone.

    Args:
        session: at the rate of the sound that will be pushed.
        clear: called at an interruption, to discard what is already on its way to the room, such
            as `runner.av_sync.clear_queue`.
    """

    def __init__(
        self, session: gioconda.Session, clear: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._session = session
        self.clear = clear
        # what has not come out yet, each with where the speech is when it has
        self._speech: deque[tuple[Position, rtc.AudioFrame | AudioSegmentEnd]] = deque()
        self._appended: Position = (-1, 0)
        self._spoken: Position = (-1, 0)
        self._plain: asyncio.Queue[rtc.AudioFrame | AudioSegmentEnd] | None = None
        self._interruptions = 0

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Add sound to be spoken, or its end."""
        while self._plain is None and self._session.statistics().waiting_ms > _AHEAD:
            await asyncio.sleep(0.1)
        if self._plain is not None:
            self._plain.put_nowait(frame)
        elif isinstance(frame, AudioSegmentEnd):
            self._session.end_of_speech()
            self._speech.append((self._appended, frame))
        else:
            self._append(frame)

    def _append(self, frame: rtc.AudioFrame) -> None:
        if frame.sample_rate != self._session.sample_rate:
            raise ValueError(
                f"expected sound at {self._session.sample_rate} Hz; found {frame.sample_rate} Hz"
            )
        pcm = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)[:, 0]
        utterance = self._session.append(from_int16(pcm))
        if utterance is not None:
            begun, before = self._appended
            self._appended = (utterance, len(pcm) + (before if begun == utterance else 0))
            self._speech.append((self._appended, frame))

    async def clear_buffer(self) -> None:
        """Fall silent at once; no old sound comes after this."""
        self._interruptions += 1
        self._session.interrupt()
        self._speech.clear()
        self._appended = self._spoken
        if self._plain is not None:
            self._plain = asyncio.Queue()
        if self.clear is not None:
            await self.clear()

    async def __aiter__(self) -> AsyncIterator[Media]:
        """Pictures and sound, each at its time, until the session is closed."""
        try:
            async for frame in self._session:
                interruptions = self._interruptions
                for each in self._media(frame):
                    yield each
                    if interruptions != self._interruptions:
                        break  # the rest is old sound
        except Exception:
            logger.exception("the avatar failed; the agent goes on without pictures")
            self._session.close()
            async for sound in self._sound_alone():
                yield sound

    def _media(self, frame: gioconda.Frame) -> Iterator[Media]:
        if frame.picture is not None:
            height, width = frame.picture.shape[:2]
            yield rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, frame.picture.tobytes())
        if frame.utterance is None:
            return
        if frame.state is gioconda.State.SPEAKING:
            sound = to_int16(frame.sound)
            yield rtc.AudioFrame(sound.tobytes(), self._session.sample_rate, 1, len(sound))
        self._spoken = (frame.utterance, float("inf") if frame.ends else frame.spoken)
        while self._speech and self._speech[0][0] <= self._spoken:
            _, said = self._speech.popleft()
            if isinstance(said, AudioSegmentEnd):
                yield said

    async def _sound_alone(self) -> AsyncIterator[Media]:
        """What has not been spoken, and all that follows, as it came."""
        self._plain = asyncio.Queue()
        for (utterance, end), said in self._speech:
            if isinstance(said, rtc.AudioFrame) and utterance == self._spoken[0]:
                rest = int(end - self._spoken[1])  # samples that have not come out
                said = _last(said, rest)
            self._plain.put_nowait(said)
        self._speech.clear()
        while True:
            queue = self._plain
            try:  # an interruption puts another queue in its place
                yield await asyncio.wait_for(queue.get(), 0.1)
            except TimeoutError:
                continue


def _last(frame: rtc.AudioFrame, samples: int) -> rtc.AudioFrame:
    """At most so many samples of a frame, the last ones."""
    size = min(samples, frame.samples_per_channel)
    data = bytes(frame.data.cast("b"))[-2 * frame.num_channels * size :]
    return rtc.AudioFrame(data, frame.sample_rate, frame.num_channels, size)
