"""A session as programs use it: any rate, utterances that begin and end, asyncio."""

import asyncio
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import gioconda
from gioconda import GiocondaError
from gioconda.live import State

from .fake_animator import FakeAnimator, PlannedClock

DOCS = Path(__file__).parents[2] / "docs"


def begin(rate=16000):
    clock = PlannedClock()
    speaker = FakeAnimator(clock)
    return clock, speaker, gioconda.Session(speaker, clock=clock, sample_rate=rate)


def noise(samples):
    return np.random.default_rng(0).uniform(0.1, 0.5, samples).astype(np.float32)


def take(session, count):
    return list(itertools.islice(session, count))


def said(frames):
    return np.concatenate([frame.sound for frame in frames if not frame.idle])


def test_a_session_before_a_transparent_background_gives_alpha(portrait):
    animator = gioconda.Animator(portrait, background="transparent")
    session = gioconda.Session(animator, clock=PlannedClock())
    session.append(noise(16000))
    for frame in take(session, 5):
        assert frame.picture.shape == (portrait.size, portrait.size, 4)
        assert (frame.picture[..., 3].min(), frame.picture[..., 3].max()) == (0, 255)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("piece", [0.01, 0.0217, 3.0])
def test_sound_comes_out_as_it_was_given_and_in_step_with_what_the_face_hears(rate, piece):
    _, speaker, session = begin(rate)
    sound = noise(round(1.013 * rate))
    step = round(piece * rate)
    for start in range(0, len(sound), step):
        session.append(sound[start : start + step])
    session.end_of_speech()
    frames = take(session, 40)
    assert {frame.sound.shape for frame in frames} == {(rate // 25,)}
    np.testing.assert_array_equal(said(frames)[: len(sound)], sound)
    assert not said(frames)[len(sound) :].any()
    for frame in frames[:24]:  # as loud in both, or one would be ahead
        assert abs(frame.heard.mean() - frame.sound.mean()) < 0.01
    assert max(frame.spoken for frame in frames) == len(sound)
    assert {each.shape for each in speaker.sounds} == {(640,)}


@pytest.mark.parametrize("rate", [0, 4000, 12345, 400_000, 16000.0, "24000"])
def test_a_rate_without_whole_frames_is_refused(rate):
    with pytest.raises(GiocondaError, match=f"multiple of 25; found {rate!r}"):
        begin(rate)


@pytest.mark.parametrize("rate", [0, -16000, 1, 16000.0])
def test_the_other_one_may_not_have_just_any_rate(rate):
    _, _, session = begin()
    with pytest.raises(GiocondaError, match=f"192000 Hz; found {rate}"):
        session.listen(noise(640), rate)


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(640, np.int16),
        np.zeros((640, 2), np.float32),
        np.full(640, 3000, np.float32),  # of int16, but not divided
        np.full(640, np.nan, np.float32),
        [0.0] * 640,
        bytes(1280),
    ],
)
def test_sound_of_another_kind_is_refused(pcm):
    _, _, session = begin()
    for give in (session.append, session.listen):
        with pytest.raises(GiocondaError, match="expected mono sound"):
            give(pcm)


def test_every_utterance_begins_and_ends_once_and_silence_between_them_is_idle():
    _, _, session = begin(24000)
    numbers = []
    for length in (0.5, 0.02, 0.3):  # all are there before the first is spoken
        numbers.append(session.append(noise(round(24000 * length))))
        session.end_of_speech()
    frames = take(session, 40)
    assert [frame.utterance for frame in frames if frame.begins] == numbers
    assert [frame.utterance for frame in frames if frame.ends] == numbers
    assert len([frame for frame in frames if not frame.idle]) == 13 + 1 + 8
    assert not any(frame.sound.any() for frame in frames if frame.idle)
    assert [frame.state is State.IDLE for frame in frames] == [frame.idle for frame in frames]


def test_a_gap_belongs_to_its_utterance():
    clock, _, session = begin()
    session.append(noise(8000))
    clock.at(0.9, lambda: (session.append(noise(8000)), session.end_of_speech()))
    frames = take(session, 60)
    spoken = [frame.number for frame in frames if not frame.idle]
    assert spoken == list(range(spoken[0], spoken[-1] + 1))
    assert [frame.number for frame in frames if frame.begins] == spoken[:1]
    assert [frame.number for frame in frames if frame.ends] == spoken[-1:]


def test_an_interrupted_utterance_ends_at_once_and_without_sound():
    _, _, session = begin(24000)
    first = session.append(noise(72000))
    session.end_of_speech()
    session.append(noise(24000))
    before = take(session, 10)
    session.interrupt()
    session.interrupt()
    frames = take(session, 12)
    assert before[-1].utterance == first
    assert (frames[0].utterance, frames[0].ends, frames[0].state) == (
        first,
        True,
        State.INTERRUPTED,
    )
    assert frames[0].spoken == before[-1].spoken
    assert all(frame.idle for frame in frames[1:])
    assert not any(frame.sound.any() for frame in frames)


def test_what_was_not_heard_before_an_interruption_neither_begins_nor_ends():
    _, _, session = begin()
    take(session, 3)
    session.append(noise(16000))
    session.interrupt()
    following = session.append(noise(1600))
    session.end_of_speech()
    frames = take(session, 20)
    assert [frame.utterance for frame in frames if frame.begins] == [following]
    assert [frame.utterance for frame in frames if frame.ends] == [following]


def test_the_last_sound_on_its_way_is_interrupted_too():
    _, _, session = begin()
    session.append(noise(3200))
    session.end_of_speech()
    frames = take(session, 4)
    while session.state is not State.IDLE:  # all of it is taken in, and not yet out
        frames += take(session, 1)
    assert not frames[-1].ends
    session.interrupt()
    frames = take(session, 8)
    assert frames[0].ends
    assert not any(frame.sound.any() for frame in frames)


def test_the_other_one_may_have_a_rate_of_its_own():
    _, speaker, session = begin(24000)
    sound = noise(9600)
    for part in np.split(sound, 10):  # 20 ms each, at 48 kHz
        session.listen(part, 48000)
    take(session, 12)
    heard = np.concatenate(list(speaker.heard.values()))
    assert 1280 <= len(heard) <= 3200
    assert abs(heard.mean() - sound.mean()) < 0.01


def test_with_asyncio_an_interruption_silences_the_very_next_frame():
    _, _, session = begin(24000)

    async def visit():
        session.append(noise(72000))
        frames = []
        async for frame in session:
            frames.append(frame)
            if len(frames) == 10:
                await asyncio.sleep(0.05)  # the next one is drawn meanwhile
                session.interrupt()
            if len(frames) == 14:
                session.close()
        return frames

    frames = asyncio.run(visit())
    assert all(frame.sound.any() for frame in frames[2:10])
    assert not any(frame.sound.any() for frame in frames[10:])
    assert [frame.number for frame in frames] == list(range(14))
    assert len({id(frame.picture) for frame in frames}) == 14  # each is good for good


def test_an_iteration_that_was_left_can_be_followed_by_another():
    _, _, session = begin()

    async def some(count):
        numbers = []
        async for frame in session:
            numbers.append(frame.number)
            if len(numbers) == count:
                break
        return numbers

    async def visit():
        return await some(3), await some(3)

    first, then = asyncio.run(visit())
    assert first == [0, 1, 2]
    assert then[0] > first[-1]
    assert then == sorted(set(then))  # a busy machine leaves frames out


def test_the_example_of_the_docs_speaks(portrait, voice, capsys, monkeypatch):
    text = (DOCS / "session.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    assert len([line for line in example.splitlines() if line]) <= 20
    monkeypatch.setattr(gioconda, "read_portrait", lambda *_: portrait, raising=False)
    shown = []
    spoken = np.interp(np.arange(24000) / 1.5, np.arange(16000), voice[8000:24000])
    given = {
        "synthesiser": lambda text: np.split(spoken.astype(np.float32), 24),
        "show": lambda picture, sound: shown.append((picture, sound)),
    }
    exec(example, given)
    sounds = np.concatenate([sound for _, sound in shown if sound is not None])
    np.testing.assert_array_equal(sounds[:24000], spoken.astype(np.float32))
    assert any(picture is not None for picture, _ in shown)
    assert capsys.readouterr().out.splitlines()[:2] == ["begins", "ends"]
