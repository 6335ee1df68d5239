"""The plugin with a fake voice, a fake speaker and a fake room: no network, no keys."""

import asyncio
import itertools

import numpy as np
import pytest

import gioconda

pytest.importorskip("livekit.agents", reason="livekit-agents is not installed")

from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.avatar import AudioSegmentEnd
from livekit.plugins.gioconda import AvatarSession, GiocondaGenerator

from .conftest import RATE, Room, Speaker, Voice, heard, push, sound, take


def ended(media):
    return any(isinstance(each, AudioSegmentEnd) for each in media)


def test_the_sound_comes_out_as_it_was_pushed_each_40_ms_behind_its_picture_then_its_end():
    async def visit():
        generator = GiocondaGenerator(gioconda.Session(Speaker(), sample_rate=RATE))
        await push(generator, pcm)
        return await take(generator, 20, ended)

    pcm = sound(0.93)
    media = asyncio.run(visit())
    np.testing.assert_array_equal(heard(media)[: len(pcm)], pcm)
    assert not heard(media)[len(pcm) :].any()
    assert isinstance(media[-1], AudioSegmentEnd)
    sounds = [each for each in media if isinstance(each, rtc.AudioFrame)]
    assert {(each.sample_rate, each.samples_per_channel) for each in sounds} == {(RATE, RATE // 25)}
    beside = [
        isinstance(before, rtc.VideoFrame)
        for before, each in itertools.pairwise(media)
        if isinstance(each, rtc.AudioFrame)
    ]
    assert sum(beside) > 12  # of 24; a busy machine leaves out some


def test_after_clear_buffer_no_old_sound_and_no_end_come_and_new_sound_does():
    async def visit():
        cleared = []

        async def clear():
            cleared.append(True)

        generator = GiocondaGenerator(gioconda.Session(Speaker(), sample_rate=RATE), clear)
        await push(generator, sound(5))
        before = []
        async for each in generator:
            before.append(each)
            if len(heard(before)) > 10_000:
                await generator.clear_buffer()
                break
        after = await take(generator, 0.8)
        await push(generator, new)
        return cleared, after, await take(generator, 20, ended)

    new = sound(0.2, seed=1)
    cleared, after, following = asyncio.run(visit())
    assert cleared
    assert not len(heard(after))
    assert not ended(after)
    np.testing.assert_array_equal(heard(following)[: len(new)], new)


def test_if_the_avatar_fails_all_sound_goes_on_without_it():
    async def visit():
        generator = GiocondaGenerator(gioconda.Session(Speaker(fails_at=8), sample_rate=RATE))
        await push(generator, pcm)
        media = await take(generator, 20, ended)
        return media

    pcm = sound(1)
    media = asyncio.run(visit())
    np.testing.assert_array_equal(heard(media), pcm)


class Avatar(AvatarSession):
    """With a fake speaker; `pushed` is what goes to the room, in order."""

    def __init__(self, speaker):
        super().__init__(photo="nobody.jpg", size=64)
        self.speaker, self.rates = speaker, []

    def _open(self, rate):
        self.rates.append(rate)
        if isinstance(self.speaker, Exception):
            raise self.speaker
        return gioconda.Session(self.speaker, sample_rate=rate)


async def agent(pcm, avatar, rate=RATE):
    session = AgentSession(tts=Voice(pcm, rate))
    room = Room()
    await avatar.start(session, room)
    pushed = []
    if avatar._runner is not None:
        through = avatar._runner.av_sync.push

        async def record(frame, timestamp=None):
            pushed.append(frame)
            await through(frame, timestamp)

        avatar._runner.av_sync.push = record
    await session.start(Agent(instructions=""))
    return session, room, pushed


@pytest.mark.parametrize("rate", [24000, 44100])
def test_an_agent_says_a_text_through_the_portrait_at_its_voices_own_rate(rate):
    async def visit():
        avatar = Avatar(Speaker())
        session, room, pushed = await agent(pcm, avatar, rate)
        said = session.say("Good morning.", allow_interruptions=True)
        await asyncio.wait_for(said.wait_for_playout(), 30)
        await session.aclose()
        await avatar.aclose()
        return avatar, room, pushed, said

    pcm = sound(0.8, rate)
    avatar, room, pushed, said = asyncio.run(visit())
    assert avatar.rates == [rate]
    assert not said.interrupted
    np.testing.assert_array_equal(heard(pushed)[: len(pcm)], pcm)
    assert {each.sample_rate for each in pushed if isinstance(each, rtc.AudioFrame)} == {rate}
    assert sum(isinstance(each, rtc.VideoFrame) for each in pushed) > 5
    assert len(room.local_participant.tracks) == 2


def test_an_agent_that_is_interrupted_falls_silent_and_may_speak_again():
    async def visit():
        avatar = Avatar(Speaker())
        session, _, pushed = await agent(sound(6), avatar)
        first = session.say("A long story.")
        while not len(heard(pushed)):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        await first.interrupt()
        count = len(heard(pushed))
        await asyncio.sleep(0.5)
        silent = len(heard(pushed)) == count
        avatar_voice = session.tts
        avatar_voice.pcm = sound(0.2, seed=1)
        second = session.say("Yes?")
        await asyncio.wait_for(second.wait_for_playout(), 30)
        await session.aclose()
        await avatar.aclose()
        return first, silent, second, heard(pushed)[count:], avatar_voice.pcm

    first, silent, second, after, new = asyncio.run(visit())
    assert first.interrupted
    assert silent
    assert not second.interrupted
    np.testing.assert_array_equal(after[: len(new)], new)


@pytest.mark.parametrize(
    "error", [gioconda.GiocondaError("no face was found"), RuntimeError("no memory")]
)
def test_without_a_portrait_the_agent_keeps_its_own_voice(error):
    async def visit():
        avatar = Avatar(error)
        session = AgentSession(tts=Voice(sound(0.1)))
        before = session.output.audio
        await avatar.start(session, Room())
        same = session.output.audio is before
        await avatar.aclose()
        return same

    assert asyncio.run(visit())
