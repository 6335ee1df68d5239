"""A speaker that costs nothing, and a service that has it in place of a portrait."""

import asyncio

import numpy as np
import pytest

import gioconda

pytest.importorskip("pipecat", reason="pipecat-ai is not installed")

from pipecat.frames.frames import OutputTransportReadyFrame, StartFrame, TTSAudioRawFrame
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.tests.utils import run_test
from pipecat_gioconda import GiocondaVideoService

RATE = 24000


class Speaker:
    """Gives frame t when it has the sound of frame t + 2; a picture says how loud it was."""

    def __init__(self, side=64, fails_at=None):
        self.controls = gioconda.Controls()
        self.side, self.fails_at = side, fails_at
        self.sounds, self.heard = [], []

    def listen(self, pcm):
        self.heard.append(pcm)

    def drawings(self, pcm):
        self.sounds.append(pcm)
        if len(self.sounds) < 3:
            return []
        level = int(255 * np.abs(self.sounds[-3]).max())
        number = len(self.sounds) - 3

        def draw():
            if number == self.fails_at:
                raise RuntimeError("the renderer broke")
            return np.full((self.side, self.side, 3), level, np.uint8)

        return [draw]


class Service(GiocondaVideoService):
    """The service with a fake speaker."""

    def __init__(self, speaker, **kwargs):
        super().__init__(photo="nobody.jpg", **kwargs)
        self.speaker = speaker

    def _open(self, rate):
        if isinstance(self.speaker, Exception):
            raise self.speaker
        return gioconda.Session(self.speaker, sample_rate=rate)


class Ready(FrameProcessor):
    """Says, as an output transport does, that it is ready, and lets everything through."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self.push_frame(OutputTransportReadyFrame(), FrameDirection.UPSTREAM)


def pipe(service, frames):
    """What comes out of a service that is given these frames, and then the end: down and up."""
    from pipecat.pipeline.pipeline import Pipeline

    return asyncio.run(
        run_test(
            Pipeline([service, Ready()]),
            frames_to_send=frames,
            pipeline_params=PipelineParams(audio_out_sample_rate=RATE),
            start_timeout=60,
        )
    )


def sound(seconds, rate=RATE, seed=0):
    chance = np.random.default_rng(seed)
    return chance.integers(3000, 20000, round(seconds * rate)).astype(np.int16)


def spoken(pcm, context="a", rate=RATE, piece=0.05):
    """A synthesiser's frames."""
    step = round(piece * rate)
    return [
        TTSAudioRawFrame(pcm[i : i + step].tobytes(), rate, 1, context_id=context)
        for i in range(0, len(pcm), step)
    ]


def heard(frames):
    return np.concatenate(
        [np.frombuffer(f.audio, np.int16) for f in frames if isinstance(f, TTSAudioRawFrame)]
        or [np.empty(0, np.int16)]
    )
