"""The service in a pipeline, with a fake synthesiser and a fake speaker: no network, no keys."""

import itertools

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed")

from pipecat.frames.frames import (
    DataFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.tests.utils import SleepFrame
from pipecat.transports.base_transport import TransportParams

from .conftest import RATE, Service, Speaker, heard, pipe, sound, spoken


def test_the_synthesisers_own_sound_comes_out_each_40_ms_behind_its_picture():
    pcm = sound(0.95)
    down, _ = pipe(
        Service(Speaker()),
        [TTSStartedFrame(context_id="a"), *spoken(pcm), TTSStoppedFrame(context_id="a")],
    )
    np.testing.assert_array_equal(heard(down)[: len(pcm)], pcm)
    assert not heard(down)[len(pcm) :].any()
    beside = []
    for before, frame in itertools.pairwise(down):
        if isinstance(frame, TTSAudioRawFrame):
            assert (frame.sample_rate, frame.context_id) == (RATE, "a")
            assert len(frame.audio) == 2 * RATE // 25
            if isinstance(before, OutputImageRawFrame):
                assert before.sync_with_audio
                level = np.frombuffer(frame.audio, np.int16).max() / 32768
                beside.append(abs(before.image[len(before.image) // 2 + 768] / 255 - level) < 0.25)
    assert sum(beside) > 12  # of 24; a busy machine leaves out some


def test_the_stop_is_held_until_the_sound_before_it_is_spoken_and_contexts_stay_apart():
    first, second = sound(0.4, seed=1), sound(0.3, seed=2)
    end = LLMFullResponseEndFrame()
    down, _ = pipe(
        Service(Speaker()),
        [
            TTSStartedFrame(context_id="a"),
            *spoken(first, "a"),
            TTSStoppedFrame(context_id="a"),
            TTSStartedFrame(context_id="b"),
            *spoken(second, "b"),
            TTSStoppedFrame(context_id="b"),
            end,
        ],
    )
    kinds = (TTSStartedFrame, TTSAudioRawFrame, TTSStoppedFrame)
    told = [(type(f).__name__, f.context_id) for f in down if isinstance(f, kinds)]
    assert list(dict.fromkeys(told)) == [
        (kind.__name__, context) for context in "ab" for kind in kinds
    ]
    assert [f for f in down if not isinstance(f, OutputImageRawFrame)][-1] is end


def test_an_interruption_is_followed_by_no_old_sound_and_by_the_new_answer():
    new = sound(0.2, seed=3)
    down, _ = pipe(
        Service(Speaker()),
        [
            TTSStartedFrame(context_id="a"),
            *spoken(sound(5), "a"),
            TTSStoppedFrame(context_id="a"),
            SleepFrame(0.8),
            InterruptionFrame(),
            InterruptionFrame(),
            SleepFrame(0.3),
            *spoken(new, "b"),
            TTSStoppedFrame(context_id="b"),
        ],
    )
    at = next(i for i, frame in enumerate(down) if isinstance(frame, InterruptionFrame))
    assert 0 < len(heard(down[:at])) < 2 * RATE
    np.testing.assert_array_equal(heard(down[at:])[: len(new)], new)
    assert {f.context_id for f in down[at:] if isinstance(f, TTSAudioRawFrame)} == {"b"}
    assert [f.context_id for f in down if isinstance(f, TTSStoppedFrame)] == ["b"]


def test_what_may_not_be_dropped_survives_an_interruption():
    kept = DataFrame()
    kept.interruptible = False
    down, _ = pipe(
        Service(Speaker()),
        [*spoken(sound(3)), kept, SleepFrame(0.3), InterruptionFrame(), SleepFrame(0.1)],
    )
    assert kept in down


def test_speech_that_may_not_be_interrupted_is_spoken_to_its_end():
    pcm = sound(0.8)
    frames = spoken(pcm)
    for frame in frames:
        frame.interruptible = False
    down, _ = pipe(Service(Speaker()), [*frames, SleepFrame(0.3), InterruptionFrame()])
    np.testing.assert_array_equal(heard(down)[: len(pcm)], pcm)


def test_another_rate_is_brought_to_the_transports_once():
    pcm = sound(0.5, rate=16000)
    down, _ = pipe(
        Service(Speaker()),
        [*spoken(pcm, rate=16000), TTSStoppedFrame(context_id="a")],
    )
    assert {f.sample_rate for f in down if isinstance(f, TTSAudioRawFrame)} == {RATE}
    assert abs(np.count_nonzero(heard(down)) - 0.5 * RATE) < 0.01 * RATE


@pytest.mark.parametrize("moment", [0, 9])
def test_if_the_avatar_fails_all_sound_goes_on_without_it(moment):
    pcm = sound(1.0)
    stop = TTSStoppedFrame(context_id="a")
    down, up = pipe(
        Service(Speaker(fails_at=moment)),
        [*spoken(pcm[:12000]), SleepFrame(1.2), *spoken(pcm[12000:]), stop],
    )
    np.testing.assert_array_equal(heard(down)[: len(pcm)], pcm)
    assert [f for f in down if not isinstance(f, OutputImageRawFrame)][-1] is stop
    assert "the renderer broke" in next(f.error for f in up if isinstance(f, ErrorFrame))


def test_without_an_avatar_sound_passes_through():
    frames = spoken(sound(0.3))
    down, up = pipe(Service(RuntimeError("no face was found")), list(frames))
    assert [frame for frame in down if isinstance(frame, TTSAudioRawFrame)] == frames
    assert any(isinstance(frame, ErrorFrame) for frame in up)


@pytest.mark.parametrize("side", [64, 96, 200])
def test_pictures_have_the_transports_size_and_are_not_stretched(side):
    params = TransportParams(video_out_width=128, video_out_height=96)
    down, _ = pipe(Service(Speaker(side=side), params=params), spoken(sound(0.4)))
    images = [frame for frame in down if isinstance(frame, OutputImageRawFrame)]
    assert {(f.size, f.format, len(f.image)) for f in images} == {((128, 96), "RGB", 128 * 96 * 3)}
    loud = np.frombuffer(images[-4].image, np.uint8).reshape(96, 128, 3)
    assert not loud[:, :16].any()
    assert not loud[:, 112:].any()
    assert loud[:, 16:112].all()


def test_the_portrait_hears_the_user():
    speaker = Speaker()
    frames = [InputAudioRawFrame(sound(0.02, 16000).tobytes(), 16000, 1) for _ in range(10)]
    down, _ = pipe(Service(speaker), [*frames, SleepFrame(0.3)])
    assert [frame for frame in down if isinstance(frame, InputAudioRawFrame)] == frames
    assert any(pcm.any() for pcm in speaker.heard)
