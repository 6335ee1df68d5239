"""Heads that follow a voice, and heads that do not."""

from pathlib import Path

import numpy as np
import pytest

from gioconda.data.clips import Clip
from gioconda.evaluation.head_judge import HeadJudge
from gioconda.evaluation.head_voice import VoicedMotion, head_voice, judge_shares, with_other_sound
from gioconda.evaluation.trials import longest_run
from gioconda.face.basis import released_basis
from gioconda.motion import Motion

BASIS = released_basis()
FRAMES = 200


def voice(seed, frames=FRAMES):
    """A buzz (samples,) that comes and goes; how loud it is in each frame (frames,), 0 to 1."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.random(frames // 10) > 0.4, 10).astype(float)
    size = np.repeat(np.convolve(loud, np.ones(5) / 5, "same"), 640)
    time = np.arange(len(size)) / 16000
    sound = 0.2 * size * np.sign(np.sin(2 * np.pi * 120 * time))
    return sound.astype(np.float32), loud


def turning(speed):
    """A head that turns to and fro, as fast as it is told."""
    pose = np.zeros((len(speed), 6), np.float32)
    pose[:, 1] = 0.1 * np.sin(np.cumsum(0.5 * speed))
    return Motion(pose, np.zeros((len(speed), len(BASIS.dynamics)), np.float32), BASIS.name)


def stretches(late=0):
    found = []
    for seed in range(6):
        pcm, loud = voice(seed)
        found.append(VoicedMotion(str(seed), turning(np.roll(loud, late)), pcm))
    return found


def test_a_head_that_follows_its_voice_does_and_not_another_one():
    own = head_voice(stretches())
    other = head_voice(with_other_sound(stretches()))
    assert own.follows > 0.6
    assert other.follows < 0.3
    assert own.in_speech > 3
    assert 0.4 < other.in_speech < 2
    assert own.own_moment is None


def test_a_head_that_comes_late_is_late():
    early, late = head_voice(stretches()), head_voice(stretches(4))
    assert late.late - early.late == pytest.approx(4, abs=0.7)


def test_a_head_that_keeps_on_listens_to_nothing():
    found = head_voice(
        [VoicedMotion(str(seed), turning(np.ones(FRAMES)), voice(seed)[0]) for seed in range(6)]
    )
    assert abs(found.follows) < 0.2
    assert found.in_speech == pytest.approx(1, abs=0.1)


class _Exact(HeadJudge):
    """Knows which window of motion belongs to which sound: both hold their number."""

    def __init__(self, right):
        self._right = right

    def scores(self, pose, prosody):
        return self._right * np.eye(len(pose))


@pytest.mark.parametrize(("right", "share"), [(1, 100), (-1, 0)])
def test_a_judge_is_asked_of_other_moments_and_other_people(right, share):
    found = stretches()
    sounds = [np.zeros((FRAMES, 12), np.float32)] * len(found)
    moment, person = judge_shares(found, sounds, _Exact(right))
    assert (moment.value, moment.low, moment.high) == (share, share, share)
    assert (person.value, person.people) == (share, 6)


def test_another_take_of_the_same_sound_is_no_other_moment():
    pcm, loud = voice(0, 80)
    takes = [VoicedMotion("a", turning(loud), pcm), VoicedMotion("a", turning(loud[::-1]), pcm)]
    assert judge_shares(takes, [np.zeros((80, 12), np.float32)] * 2, _Exact(1)) == (None, None)


def test_one_window_of_one_person_has_nothing_to_be_told_from():
    pcm, loud = voice(0, 80)
    one = [VoicedMotion("a", turning(loud), pcm)]
    assert judge_shares(one, [np.zeros((80, 12), np.float32)], _Exact(1)) == (None, None)


def test_of_a_clip_the_longest_run_of_speech_counts_and_not_the_sum():
    class Chopped(Clip):
        def heard(self):
            return {"own": np.repeat([True, False, True, False, True], [60, 5, 80, 5, 60])}

    clip = Chopped("c", "p", "s", True, 0.0, Path())
    assert longest_run(clip) == slice(65, 145)
