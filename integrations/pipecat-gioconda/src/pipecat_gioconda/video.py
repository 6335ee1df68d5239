"""GiocondaVideoService: sound of the synthesiser in, the same sound and its pictures out."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputImageRawFrame,
    OutputTransportReadyFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.ai_service import AIService
from pipecat.services.settings import ServiceSettings
from pipecat.transports.base_transport import TransportParams

import gioconda
from gioconda.media import from_int16, to_int16
from gioconda.portrait import read_portrait
from pipecat_gioconda.queue import SpeechQueue, like

_AHEAD: Final = 60_000  # milliseconds of sound that may wait in the session, which holds twice that
_PATIENCE: Final = 5.0  # seconds beyond the sound that waits, at the end


@dataclass
class GiocondaVideoSettings(ServiceSettings):
    """Settings of the service; it has no model to choose."""


class GiocondaVideoService(AIService):
    """A portrait that speaks what the synthesiser before it in the pipeline says.

    Place it between the TTS and the output transport, and give both the same parameters:

        params = TransportParams(
            audio_out_enabled=True, video_out_enabled=True,
            video_out_width=512, video_out_height=512, video_out_framerate=25,
        )
        avatar = GiocondaVideoService(photo="me.jpg", params=params)
        Pipeline([..., tts, avatar, transport.output()])

    Args:
        photo: a picture file, or a `gioconda.Portrait` that is ready.
        params: of the output transport: size of the pictures and rate of the sound. A side of 512
            and the pipeline's rate by default.
        seed: decides head motion, gaze and blinks.
        dials: how it behaves, as `gioconda.Session` takes them; `set` turns them later.
        listen: react to the user's voice (`InputAudioRawFrame`) while the portrait is silent.
        **kwargs: for AIService.
    """

    Settings = GiocondaVideoSettings

    def __init__(
        self,
        *,
        photo: "str | os.PathLike[str] | gioconda.Portrait",
        params: TransportParams | None = None,
        seed: int = 0,
        dials: Mapping[str, Any] | None = None,
        listen: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(settings=GiocondaVideoSettings(model=None), **kwargs)
        self._photo, self._seed, self._dials, self._listens = photo, seed, dials, listen
        self._rate = params.audio_out_sample_rate if params else None
        self._size = (params.video_out_width, params.video_out_height) if params else (512, 512)
        self._session: gioconda.Session | None = None  # None too when it has failed
        self._queue = SpeechQueue()
        self._resampler = create_stream_resampler(clear_after_secs=None)
        self._input_rate: int | None = None  # of the sound of this utterance
        self._task: asyncio.Task[None] | None = None
        self._trouble: Exception | None = None
        self._passing = asyncio.Lock()  # sound that goes through stays in its order
        self._ready = False
        self._interruptions = 0

    def can_generate_metrics(self) -> bool:
        """TTFB is the time from the first sound in to its picture."""
        return True

    def set(self, **dials: Any) -> None:
        """Turn some dials, by the names of `gioconda.Controls`; the face gets there smoothly."""
        if self._session is not None:
            self._session.set(dials)

    # --- life ---

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Make the portrait ready, at the transport's rate."""
        await super().setup(setup)
        rate = self._rate or setup.audio_out_sample_rate
        try:
            self._session = await asyncio.to_thread(self._open, rate)
        except Exception as error:
            self._trouble = error  # told when errors can be

    async def start(self, frame: StartFrame) -> None:
        """Begin to give pictures."""
        await super().start(frame)
        if self._session is not None:
            self._task = self.create_task(self._run(self._session))
        elif self._trouble is not None:
            await self._tell(self._trouble)

    async def stop(self, frame: EndFrame) -> None:
        """Say what is left, then end."""
        await super().stop(frame)
        if self._session is not None:
            self._session.end_of_speech()
            patience = self._session.statistics().waiting_ms / 1000 + _PATIENCE
            end = asyncio.get_running_loop().time() + patience
            while not self._queue.done and asyncio.get_running_loop().time() < end:
                await asyncio.sleep(0.02)
        await self._close()

    async def cancel(self, frame: CancelFrame) -> None:
        """End at once."""
        await super().cancel(frame)
        await self._close()

    async def cleanup(self) -> None:
        """Free the session."""
        await super().cleanup()
        await self._close()

    def _open(self, rate: int) -> gioconda.Session:
        photo = self._photo
        if not isinstance(photo, gioconda.Portrait):
            photo = read_portrait(os.fspath(photo), min(self._size))
        session = gioconda.Session(
            gioconda.Animator(photo, self._seed), dials=self._dials, sample_rate=rate
        )
        session.warm_up()
        return session

    async def _close(self) -> None:
        session, self._session = self._session, None
        task, self._task = self._task, None
        if session is not None:
            session.close()
        if task is not None:
            await self.cancel_task(task)

    # --- in ---

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take sound to be spoken; what follows it waits until it has been."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            kept = await self._interrupt()
            await self.push_frame(frame, direction)
            for each in kept:
                await self.push_frame(each)
        elif isinstance(frame, InputAudioRawFrame):
            self._listen(frame)
            await self.push_frame(frame, direction)
        elif isinstance(frame, TTSAudioRawFrame) and direction is FrameDirection.DOWNSTREAM:
            await self._speak(frame)
        elif isinstance(frame, SystemFrame | EndFrame) or direction is FrameDirection.UPSTREAM:
            self._ready |= isinstance(frame, OutputTransportReadyFrame)
            await self.push_frame(frame, direction)
        else:
            if isinstance(frame, TTSStoppedFrame):
                await self._end_of_speech(frame)
            if self._session is None or not self._queue.hold(frame):
                await self._pass(frame)

    async def _speak(self, frame: TTSAudioRawFrame) -> None:
        while self._session and self._session.statistics().waiting_ms > _AHEAD:
            await asyncio.sleep(0.1)
        session = self._session
        if session is None:
            await self._pass(frame)
            return
        if self._queue.done:
            await self.start_ttfb_metrics()
        rate = session.sample_rate
        if frame.sample_rate != rate or frame.num_channels != 1:
            frame = await self._converted(frame, rate)
        self._give(session, frame)

    async def _pass(self, frame: Frame) -> None:
        async with self._passing:
            await self.push_frame(frame)

    def _give(self, session: gioconda.Session, frame: TTSAudioRawFrame) -> None:
        pcm = from_int16(np.frombuffer(frame.audio, np.int16))
        utterance = session.append(pcm)
        if utterance is not None:
            self._queue.append(frame, utterance, len(pcm))

    async def _converted(self, frame: TTSAudioRawFrame, rate: int) -> TTSAudioRawFrame:
        """The same in mono at the session's rate, as the transport would make it."""
        pcm = np.frombuffer(frame.audio, np.int16).reshape(-1, frame.num_channels)
        mono = pcm.mean(1).astype(np.int16).tobytes() if frame.num_channels > 1 else frame.audio
        self._input_rate = frame.sample_rate
        mono = await self._resampler.resample(mono, frame.sample_rate, rate)
        return like(frame, mono, rate)

    async def _end_of_speech(self, frame: TTSStoppedFrame) -> None:
        session = self._session
        if session is None:
            return
        if self._input_rate not in (None, session.sample_rate):
            tail = await self._resampler.flush()
            self._give(session, TTSAudioRawFrame(tail, session.sample_rate, 1, frame.context_id))
            self._input_rate = None
        session.end_of_speech()

    def _listen(self, frame: InputAudioRawFrame) -> None:
        if self._listens and self._session is not None:
            pcm = np.frombuffer(frame.audio, np.int16).reshape(-1, frame.num_channels)
            self._session.listen(from_int16(pcm[:, 0]), frame.sample_rate)

    async def _interrupt(self) -> list[Frame]:
        """Fall silent; the frames that waited and may not be dropped."""
        kept = self._queue.interrupt()
        if kept is None:
            return []  # speech that may not be interrupted is on its way
        self._interruptions += 1
        if self._session is not None:
            self._session.interrupt()
        await self._resampler.reset()
        self._input_rate = None
        return kept

    # --- out ---

    async def _run(self, session: gioconda.Session) -> None:
        try:
            async for frame in session:
                await self._show(frame, session.sample_rate)
        except Exception as error:
            await self._fail(error)

    async def _show(self, frame: gioconda.Frame, rate: int) -> None:
        if frame.picture is not None and self._ready:
            image = OutputImageRawFrame(self._fitted(frame.picture).tobytes(), self._size, "RGB")
            image.sync_with_audio = True  # after all sound before it
            interruptions = self._interruptions
            await self.push_frame(image)
            if interruptions != self._interruptions:
                return
        if frame.utterance is None:
            return
        source = self._queue.context()
        if source is not None and frame.state is gioconda.State.SPEAKING:
            await self.push_frame(like(source, to_int16(frame.sound).tobytes(), rate))
        if frame.begins:
            await self.stop_ttfb_metrics()
        end = (frame.utterance, float("inf") if frame.ends else frame.spoken)
        for released in self._queue.spoken(end):
            await self.push_frame(released)

    def _fitted(self, picture: np.ndarray) -> np.ndarray:
        """The picture in the middle of the transport's, which would stretch it otherwise."""
        width, height = self._size
        if picture.shape[:2] == (height, width):
            return picture
        rows, columns = picture.shape[:2]
        scale = min(height / rows, width / columns)
        if scale != 1:  # a portrait that was made ready at another size
            rows, columns = round(scale * rows), round(scale * columns)
            picture = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        canvas = np.zeros((height, width, 3), np.uint8)
        top, left = (height - rows) // 2, (width - columns) // 2
        canvas[top : top + rows, left : left + columns] = picture
        return canvas

    async def _fail(self, error: Exception) -> None:
        """Go on without pictures: sound that waits goes out as it came, and all that follows."""
        async with self._passing:
            session, self._session, self._task = self._session, None, None
            if session is not None:
                session.close()
            while (frame := self._queue.unspoken()) is not None:
                await self.push_frame(frame)
        await self._tell(error)

    async def _tell(self, error: Exception) -> None:
        await self.push_error(f"no avatar, sound only: {error}", exception=error)
