"""A page with a portrait that says good morning, in Pipecat, without network or keys.

    pip install 'pipecat-gioconda[example]'
    python agent.py --photo portrait.jpg      # then open http://127.0.0.1:7860/client

Any Pipecat TTS takes the place of `Hibari`, an LLM and an STT go before it as usual.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from functools import cache

import numpy as np
from hibari import Hibari
from pipecat.frames.frames import Frame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from pipecat_gioconda import GiocondaVideoService

import gioconda
from gioconda import example
from gioconda.portrait import read_portrait

RATE = 24000
PARAMS = TransportParams(
    audio_in_enabled=True,
    audio_out_enabled=True,
    audio_out_sample_rate=RATE,
    video_out_enabled=True,
    video_out_width=512,
    video_out_height=512,
    video_out_framerate=25,
)


portrait = cache(read_portrait)  # once for all visitors


class HibariTTS(TTSService):
    """A small voice that runs here."""

    def __init__(self) -> None:
        settings = TTSSettings(model="hibari", voice="heart", language=None)
        super().__init__(
            sample_rate=RATE, push_start_frame=True, push_stop_frames=True, settings=settings
        )
        self._voice = Hibari()

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        sound = await asyncio.to_thread(self._voice, text)
        pcm = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
        yield TTSAudioRawFrame(pcm.tobytes(), RATE, 1, context_id=context_id)


async def bot(arguments: RunnerArguments) -> None:
    """One visitor."""
    transport = await create_transport(arguments, {"webrtc": lambda: PARAMS})
    avatar = GiocondaVideoService(photo=portrait(arguments.cli_args.photo), params=PARAMS)
    pipeline = Pipeline([transport.input(), HibariTTS(), avatar, transport.output()])
    worker = PipelineWorker(pipeline, params=PipelineParams(audio_out_sample_rate=RATE))

    @transport.event_handler("on_client_connected")
    async def greet(_transport, _client) -> None:
        await worker.queue_frame(TTSSpeakFrame("Good morning. I am a portrait, and I can speak."))

    @transport.event_handler("on_client_disconnected")
    async def leave(_transport, _client) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    parser = argparse.ArgumentParser()
    parser.add_argument("--photo", default=str(example.PHOTO))
    # before the first visitor: Pipecat stops a pipeline that takes longer than 20 s to set up
    gioconda.warm_up()
    portrait(parser.parse_known_args()[0].photo)
    main(parser)
