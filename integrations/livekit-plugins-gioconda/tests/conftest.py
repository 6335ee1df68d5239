"""A speaker that costs nothing, a room without a server, and an agent with a fake voice."""

import asyncio

import numpy as np
import pytest

import gioconda

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")

from livekit import rtc
from livekit.agents import tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice.avatar import AudioSegmentEnd

RATE = 24000


class Speaker:
    """Gives frame t when it has the sound of frame t + 2; a picture says how loud it was."""

    def __init__(self, fails_at=None):
        self.controls = gioconda.Controls()
        self.fails_at = fails_at
        self.sounds = []

    def listen(self, pcm):
        raise AssertionError("nobody is there to be heard")

    def drawings(self, pcm):
        self.sounds.append(pcm)
        if len(self.sounds) < 3:
            return []
        level = int(255 * np.abs(self.sounds[-3]).max())
        number = len(self.sounds) - 3

        def draw():
            if number == self.fails_at:
                raise RuntimeError("the renderer broke")
            return np.full((64, 64, 3), level, np.uint8)

        return [draw]


class Publication:
    async def wait_for_subscription(self):
        pass


class Participant:
    identity = "agent"

    def __init__(self):
        self.tracks = []

    async def publish_track(self, track, options):
        self.tracks.append(track)
        return Publication()


class Room(rtc.EventEmitter):
    """A room that is connected to nothing."""

    name = "a room"

    def __init__(self):
        super().__init__()
        self.local_participant = Participant()
        self.remote_participants = {}

    def isconnected(self):
        return True


class Voice(tts.TTS):
    """A synthesiser that gives this sound for every text, at once."""

    def __init__(self, pcm, rate=RATE):
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=rate, num_channels=1
        )
        self.pcm = pcm

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return Said(tts=self, input_text=text, conn_options=conn_options)


class Said(tts.ChunkedStream):
    async def _run(self, output_emitter):
        output_emitter.initialize(
            request_id="1",
            sample_rate=self._tts.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        output_emitter.push(self._tts.pcm.tobytes())
        output_emitter.flush()


def sound(seconds, rate=RATE, seed=0):
    chance = np.random.default_rng(seed)
    return chance.integers(3000, 20000, round(seconds * rate)).astype(np.int16)


def pieces(pcm, size=480):
    return [
        rtc.AudioFrame(part.tobytes(), RATE, 1, len(part))
        for part in np.split(pcm, range(size, len(pcm), size))
    ]


async def push(generator, pcm):
    for piece in pieces(pcm):
        await generator.push_audio(piece)
    await generator.push_audio(AudioSegmentEnd())


async def take(generator, seconds, until=None):
    """What comes for so long, or until `until` says enough."""
    media = []

    async def collect():
        async for each in generator:
            media.append(each)
            if until is not None and until(media):
                return

    try:
        await asyncio.wait_for(collect(), seconds)
    except TimeoutError:
        assert until is None, "it did not come about in time"
    return media


def heard(media):
    parts = [np.frombuffer(m.data, np.int16) for m in media if isinstance(m, rtc.AudioFrame)]
    return np.concatenate(parts or [np.empty(0, np.int16)])
