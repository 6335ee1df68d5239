"""An agent with a portrait that says good morning, in LiveKit Agents.

    pip install 'livekit-plugins-gioconda[example]'
    LIVEKIT_URL=... LIVEKIT_API_KEY=... LIVEKIT_API_SECRET=... python agent.py dev

Any TTS takes the place of `HibariTTS`; an STT and an LLM are given to `AgentSession` as usual.
"""

import asyncio
import os

import numpy as np
from hibari import Hibari
from livekit.agents import Agent, AgentSession, JobContext, WorkerOptions, cli, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.plugins import gioconda

from gioconda import example

RATE = 24000


class HibariTTS(tts.TTS):
    """A small voice that runs here."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1
        )
        self.voice = Hibari()

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "Said":
        return Said(tts=self, input_text=text, conn_options=conn_options)


class Said(tts.ChunkedStream):
    """What it says."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="hibari", sample_rate=RATE, num_channels=1, mime_type="audio/pcm"
        )
        sound = await asyncio.to_thread(self._tts.voice, self._input_text)
        output_emitter.push((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
        output_emitter.flush()


async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect()
    session = AgentSession(tts=HibariTTS())
    avatar = gioconda.AvatarSession(photo=os.environ.get("PHOTO", example.PHOTO))
    await avatar.start(session, room=ctx.room)
    await session.start(agent=Agent(instructions=""), room=ctx.room)
    session.say("Good morning. I am a portrait, and I can speak.")


if __name__ == "__main__":
    cli.run_app(WorkerOptions(entrypoint_fnc=entrypoint))
