import itertools
import threading
import weakref

import numpy as np
import pytest

from gioconda import Animator, Controls, GiocondaError
from gioconda.live import ClosedError, Session, State
from gioconda.live.dials import constant, glide

from .fake_animator import FakeAnimator, PlannedClock, VirtualClock, speak


def begin(**costs):
    clock = PlannedClock()
    animator = FakeAnimator(clock, **costs)
    return clock, animator, Session(animator, clock=clock)


def take(session, count):
    return list(itertools.islice(session, count))


def sound_of(frames):
    return np.concatenate([frame.sound for frame in frames])


def tone(seconds):
    """A voice's stand-in: never silent, every sample its own."""
    t = np.arange(round(seconds * 16000))
    return (0.5 * np.sin(t * 0.1) + 0.2 * np.sin(t * 0.0173)).astype(np.float32) + np.float32(0.01)


# --- states ---


def test_a_session_is_idle_until_sound_comes_and_when_it_is_said():
    _, _, session = begin()
    assert session.state is State.IDLE
    take(session, 3)
    session.append(tone(0.2))
    assert session.state is State.SPEAKING
    session.end_of_speech()
    take(session, 10)
    assert session.state is State.IDLE


def test_idle_is_told_after_the_last_of_the_sound_has_come_out():
    _, _, session = begin()
    session.append(tone(1.0))
    session.end_of_speech()
    frames = take(session, 40)
    voiced = [frame.number for frame in frames if frame.sound.any()]
    assert [frame.state for frame in frames[voiced[0] : voiced[-1] + 1]] == [State.SPEAKING] * 25
    assert frames[voiced[-1] + 1].state is State.IDLE


def test_a_speaker_who_says_nothing_for_a_second_is_silent():
    _, _, session = begin()
    session.append(tone(0.2))
    take(session, 20)
    assert session.state is State.SPEAKING
    take(session, 20)
    assert session.state is State.IDLE
    assert session.statistics().underruns == 0


def test_an_interruption_throws_away_what_waits_and_shuts_the_mouth():
    _, _, session = begin()
    session.append(tone(5))
    take(session, 10)
    session.interrupt()
    assert session.state is State.INTERRUPTED
    frames = take(session, 12)
    assert session.state is State.IDLE
    assert np.abs(sound_of(frames)).max() == 0
    session.append(tone(0.1))
    assert session.state is State.SPEAKING


def test_what_is_sent_after_an_interruption_is_said():
    _, _, session = begin()
    session.append(tone(5))
    take(session, 10)
    session.interrupt()
    session.append(tone(0.4))
    assert session.state is State.SPEAKING
    assert np.abs(sound_of(take(session, 14))).max() > 0.3


def test_after_an_interruption_too_sound_may_be_a_second_late():
    _, _, session = begin()
    session.append(tone(5))
    take(session, 10)
    session.interrupt()
    take(session, 5)
    session.append(tone(0.005))  # too little to begin with
    take(session, 25)
    assert session.state is State.SPEAKING
    take(session, 1)
    assert session.state is State.IDLE


def test_who_interrupts_and_speaks_again_is_told_so_once():
    _, _, session = begin()
    session.append(tone(5))
    told = [frame.state for frame in take(session, 10)]
    session.interrupt()
    told += [frame.state for frame in take(session, 1)]
    session.append(tone(0.4))
    told += [frame.state for frame in take(session, 8)]
    changes = [after for before, after in itertools.pairwise(told) if after is not before]
    assert changes[-2:] == [State.INTERRUPTED, State.SPEAKING]
    assert changes.count(State.INTERRUPTED) == 1


@pytest.mark.parametrize("before", ["idle", "interrupted", "closed"])
def test_what_is_silent_may_be_interrupted_and_stays_so(before):
    _, _, session = begin()
    if before == "interrupted":
        session.append(tone(1))
        session.interrupt()
    elif before == "closed":
        session.close()
    session.interrupt()
    assert session.state.value == before


def test_a_closed_session_does_nothing_more():
    _, _, session = begin()
    session.append(tone(1))
    session.close()
    session.close()
    assert take(session, 5) == []
    for call in (
        lambda: session.append(tone(0.1)),
        session.end_of_speech,
        lambda: session.set({"distance": 1.0}),
    ):
        with pytest.raises(ClosedError, match="closed"):
            call()


@pytest.mark.parametrize("frames", [0, 3])
def test_a_closed_session_lets_its_speaker_go(frames):
    """Whoever still holds the session, as the error of a command may, does not hold an animator."""
    _, animator, session = begin()
    take(session, frames)
    kept = weakref.ref(animator)
    del animator
    session.close()
    session.warm_up()
    assert kept() is None


def test_a_session_that_is_closed_while_it_draws_lets_its_speaker_go():
    clock, animator, session = begin()
    kept = weakref.ref(animator)
    del animator
    clock.at(0.1, session.close)
    assert len(list(session)) == 3
    assert kept() is None


def test_closing_wakes_a_session_that_waits_for_its_time():
    session = Session(FakeAnimator(VirtualClock()))
    thread = threading.Thread(target=lambda: list(session))
    thread.start()
    session.close()
    thread.join(5)
    assert not thread.is_alive()


# --- sound ---


def test_sound_comes_out_with_its_frames_sample_by_sample():
    _, _, session = begin()
    sound = tone(1)
    session.append(sound)
    session.end_of_speech()
    frames = take(session, 30)
    np.testing.assert_array_equal(sound_of(frames)[:16000], sound)
    assert [frame.number for frame in frames] == list(range(30))
    for frame in frames:
        assert frame.picture[0, 0, 0] == np.uint8(255 * np.abs(frame.sound).max())


@pytest.mark.parametrize("piece", [160, 320, 700, 1000])
def test_a_microphone_is_heard_whole_and_soon(piece):
    clock, _, session = begin()
    sound = tone(4)
    speak(clock, session, sound, 1.003, piece)
    frames = take(session, 150)
    heard = sound_of(frames)
    first = int(np.flatnonzero(heard)[0])
    # the last two milliseconds fade, for nobody has said that they are the last
    whole = len(sound) - 32
    np.testing.assert_array_equal(heard[first : first + whole], sound[:whole])
    # spoken at 1.003 s, shown with its frame, 40 ms, and what is heard ahead, 80 ms
    delay = first / 16000 - 1.003
    assert 0.12 < delay < 0.12 + 0.01 + 2 * piece / 16000
    assert session.statistics().underruns == 0


def test_late_sound_leaves_a_gap_and_is_caught_up_in_a_pause():
    clock, _, session = begin()
    spoken = np.concatenate([tone(1), np.zeros(16000, np.float32), tone(1)])
    for start in range(0, len(spoken), 320):
        part = spoken[start : start + 320]
        due = 1 + (start + 320) / 16000
        if 8000 <= start < 12800:  # a network that stands still
            due = 1.8 + 1e-6 * start
        clock.at(due, lambda part=part: session.append(part))
    frames = take(session, 130)
    statistics = session.statistics()
    assert statistics.underruns == 1
    assert 200 <= statistics.caught_up_ms <= 400
    heard = sound_of(frames)
    # every voiced sample is there
    assert np.count_nonzero(np.abs(heard) > 0.02) > 0.98 * np.count_nonzero(np.abs(spoken) > 0.02)
    # the end comes when it would have come, within a few frames
    end = np.flatnonzero(np.abs(heard) > 0.02)[-1] / 16000
    assert end == pytest.approx(1 + 3 + 0.14, abs=0.08)


def test_a_microphone_that_stood_still_is_caught_up_at_once():
    clock = PlannedClock()
    session = Session(FakeAnimator(clock), microphone=True, clock=clock)
    speak(clock, session, tone(1), 1, 320)
    clock.at(7, lambda: session.append(tone(5)))  # all of a stall of 5 s
    speak(clock, session, tone(1), 7, 320)
    take(session, 195)
    assert session.statistics().waiting_ms < 400
    assert session.statistics().caught_up_ms > 4000


def test_too_much_sound_ahead_is_refused():
    _, _, session = begin()
    session.append(np.zeros(110 * 16000, np.float32))
    with pytest.raises(GiocondaError, match="120 s"):
        session.append(np.zeros(20 * 16000, np.float32))


# --- time ---


@pytest.mark.parametrize(
    "skew",
    [
        1.0002,
        pytest.param(1.0, marks=pytest.mark.slow),
        pytest.param(0.9998, marks=pytest.mark.slow),
    ],
)
def test_after_half_an_hour_sound_and_picture_are_together(skew):
    """A microphone whose clock is a little too quick or too slow, words and pauses."""
    clock = PlannedClock()
    session = Session(FakeAnimator(clock), microphone=True, clock=clock)
    sentence = np.concatenate([tone(3), np.zeros(16000, np.float32)])
    sent = 0

    def send():
        nonlocal sent
        part = np.take(sentence, np.arange(sent, sent + 640), mode="wrap")
        session.append(part)
        sent += 640
        clock.at(0.04 + sent / 16000 / skew, send)

    clock.at(0.04, send)
    heard, waits = 0, []
    for frame in session:
        heard += len(frame.sound)
        waits.append(session.statistics().waiting_ms if frame.number % 250 == 0 else 0)
        if frame.number == 30 * 60 * 25 - 1:
            break
    assert heard == 30 * 60 * 16000
    assert clock.time == pytest.approx(30 * 60, abs=0.04)
    # sound waits no longer than at the beginning
    assert max(waits) <= waits[250] + 60
    assert session.statistics().waiting_ms <= waits[250] + 40


def test_a_microphone_s_burst_waits_only_until_the_next_pause():
    """What a network held back for 200 ms is not late for ever."""
    clock, _, session = begin()
    session.microphone = True
    voice = np.concatenate([tone(1), np.zeros(16000, np.float32), tone(1.5)])
    held = np.split(voice, len(voice) // 320)
    for i, part in enumerate(held):
        when = 0.02 * (i + 1)
        clock.at(
            max(when, 0.7) if 0.5 < when < 0.7 else when, lambda part=part: session.append(part)
        )
    waits = []
    for _ in range(80):
        take(session, 1)
        waits.append(session.statistics().waiting_ms)
    assert max(waits[18:25]) > 100
    assert max(waits[60:]) < 50
    assert session.statistics().underruns == 1


def test_work_that_takes_too_long_costs_pictures_and_no_time():
    _, _, session = begin(generating=0.015, drawing=0.06)
    session.append(tone(60))
    frames, delays = [], []
    for frame in session:
        frames.append(frame)
        delays.append(session._clock.now() - frame.number / 25)
        if frame.number == 499:
            break
    left_out = sum(frame.picture is None for frame in frames)
    assert 100 < left_out < 400
    assert max(delays) < 0.3
    assert session.statistics().left_out == left_out
    assert session.statistics().overloaded
    np.testing.assert_array_equal(sound_of(frames), tone(60)[: 500 * 640])


def test_pictures_are_left_out_before_others_are_late():
    _, _, session = begin(generating=0.012, drawing=0.032)
    delays = []
    for frame in session:
        delays.append(session._clock.now() - session._start - frame.number / 25)
        if frame.number == 499:
            break
    assert max(delays) < 0.05  # 0.044 is what one frame takes
    assert session.statistics().left_out <= 250


def test_work_that_never_ends_in_time_sets_the_clock_anew():
    _, _, session = begin(generating=0.1, drawing=0.05)
    frames = take(session, 200)
    assert [frame.number for frame in frames] == list(range(200))
    assert sum(frame.picture is not None for frame in frames) >= 40


def test_work_in_time_leaves_out_nothing():
    _, _, session = begin(generating=0.01, drawing=0.02)
    take(session, 200)
    statistics = session.statistics()
    assert (statistics.left_out, statistics.late, statistics.overloaded) == (0, 0.0, False)
    assert statistics.fps == pytest.approx(25, abs=0.2)


# --- dials ---


def test_a_dial_that_is_turned_gets_there_smoothly_and_others_stay():
    _, animator, session = begin()
    take(session, 10)
    session.set({"distance": 1.4})
    take(session, 20)
    session.set({"gaze": [10, 5]})
    take(session, 20)
    moved = [
        float(told.at(max(i - 2, 0), max(i - 1, 1)).distance[0])
        for i, told in enumerate(animator.given)
    ]
    assert moved[0] == 1
    assert moved[-1] == pytest.approx(1.4)
    assert np.abs(np.diff(moved)).max() < 0.13
    gaze = np.degrees(animator.given[-1].at(60, 61).gaze[0])
    np.testing.assert_allclose(gaze, [10, 5], atol=1e-3)


def test_turning_again_on_the_way_goes_on_from_there():
    first = glide(Controls(), Controls(pose=(30.0, 0, 0), emotion={"happy": 1.0}), 100)
    second = glide(first, Controls(pose=(-30.0, 0, 0)), 102)
    here, there = first.at(102, 103), second.at(102, 103)
    np.testing.assert_allclose(here.pose, there.pose, atol=1e-5)
    np.testing.assert_allclose(here.emotion, there.emotion, atol=1e-5)
    np.testing.assert_allclose(np.degrees(second.at(120, 121).pose[0, 0]), -30, atol=1e-4)


@pytest.mark.parametrize(
    "dials",
    [
        {"nose": 1},
        {"distance": 9},
        {"distance": {"0": 1}},
        {"gaze": [1]},
        {"gaze": "here"},
        {"emotion": {"happy": "much"}},
        {"pose": None},
        {"pursuit": True},
        {"amplitude": float("nan")},
    ],
)
def test_a_wrong_dial_is_refused_and_changes_nothing(dials):
    _, _, session = begin()
    with pytest.raises(GiocondaError):
        session.set(dials)
    session.set({"distance": 1.1})
    take(session, 5)


def test_a_free_gaze_is_a_word():
    assert constant({"gaze": "free"}).turned == ()


def test_dials_that_a_session_began_with_stay_when_others_are_set():
    clock = PlannedClock()
    animator = FakeAnimator(clock)
    session = Session(animator, clock=clock, dials={"gaze": [10, 0], "distance": 1.5})
    take(session, 3)
    session.set({"distance": 1.2})
    take(session, 10)
    first, last = animator.given[0].at(0, 1), animator.given[-1].at(50, 51)
    np.testing.assert_allclose(np.degrees(first.gaze[0]), [10, 0], atol=1e-4)
    assert first.distance[0] == pytest.approx(1.5)
    np.testing.assert_allclose(np.degrees(last.gaze[0]), [10, 0], atol=1e-4)
    assert last.distance[0] == pytest.approx(1.2)
    with pytest.raises(GiocondaError, match="distance"):
        Session(animator, dials={"distance": 7})


def test_two_sessions_cannot_share_one_face():
    animator = FakeAnimator(VirtualClock())
    with pytest.raises(GiocondaError, match="rate"):
        Session(animator, sample_rate=12345)
    session = Session(animator)  # what could not begin has not taken it
    for _ in range(2):
        with pytest.raises(GiocondaError, match="make another for each"):
            Session(animator)
        session.close()  # and the next would begin in the middle of a movement


# --- the same as offline ---


def offline(portrait, sound, **dials):
    animator = Animator(portrait, 3, Controls(**dials))
    return [frame.copy() for frame in animator.append(sound)]


def test_frames_are_the_same_as_offline_to_the_bit(portrait, voice):
    dials = {"gaze": (10, 0), "distance": 1.2}
    session = Session(Animator(portrait, 3), clock=VirtualClock(), dials=dials)
    sound = voice[8000:24000]
    session.append(sound)
    session.end_of_speech()
    made = []
    for frame in session:
        made.append(frame.picture.copy())
        if len(made) == 23:
            break
    whole = offline(portrait, sound, **dials)
    np.testing.assert_array_equal(np.stack(made), np.stack(whole[:23]))


def test_what_came_out_of_a_bad_network_gives_the_same_frames_again(portrait, voice):
    clock = PlannedClock()
    session = Session(Animator(portrait, 3), clock=clock)
    clock.at(0.13, lambda: session.append(voice[8000:13000]))
    clock.at(0.70, lambda: session.append(voice[13000:20000]))
    clock.at(0.90, session.interrupt)
    made = []
    for frame in session:
        made.append((frame.picture.copy(), frame.heard))
        if len(made) == 28:
            break
    heard = np.concatenate([sound for _, sound in made])
    assert np.abs(heard).max() > 0.05
    again = offline(portrait, heard)
    for (picture, _), same in zip(made[:24], again, strict=False):
        np.testing.assert_array_equal(picture, same)


def test_the_other_one_is_heard_frame_by_frame_whatever_the_speaker_does():
    clock, speaker, session = begin()
    sound = tone(2)
    for i, part in enumerate(np.split(sound, 100)):  # 20 ms each
        clock.at(0.02 * (i + 1), lambda part=part: session.listen(part))
    session.append(tone(0.4))
    states = {frame.state for frame in take(session, 80)}
    heard = np.concatenate(list(speaker.heard.values()))
    np.testing.assert_array_equal(heard, sound[: len(heard)])
    assert len(sound) - len(heard) < 640
    assert states == {State.SPEAKING, State.IDLE}
    assert not np.concatenate(speaker.sounds)[-16000:].any()  # it is not said


def test_what_was_said_to_a_listener_too_long_ago_is_forgotten():
    _, speaker, session = begin()
    sound = tone(5)
    session.listen(sound)
    take(session, 50)
    heard = np.concatenate(list(speaker.heard.values()))
    np.testing.assert_array_equal(heard, sound[-3200:])
    session.close()
    with pytest.raises(GiocondaError, match="closed"):
        session.listen(sound)
