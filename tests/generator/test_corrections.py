"""Corrections, each by itself: what it mends, and what it leaves alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Controls
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator import corrections
from gioconda.generator.blinks import blink, eye_opening
from gioconda.generator.calibration import Calibration
from gioconda.generator.corrections import Frame
from gioconda.generator.emotions import offset

BASIS, CALIBRATION = released_basis(), Calibration()
WIDE = 2 * np.sign(BASIS.dynamics[BASIS.lower, 14, 1])  # an open mouth


def frame(**changes: object) -> Frame:
    controls = changes.pop("controls", Controls())
    assert isinstance(controls, Controls)
    rest = {
        "pose": np.zeros(6, np.float32),
        "dynamics": np.zeros(sum(BASIS.parts), np.float32),
        "voice": 0.0,
        "loudness": -100.0,
        "meeting": 0.0,
        "meeting_next": 0.0,
        "touching": 0.0,
        "gaze": np.full(2, np.nan, np.float32),
        "lids": 0.0,
        "brows": 0.0,
        "dials": controls.at(0, 1),
    }
    return Frame(**{**rest, **changes})  # type: ignore[arg-type]


def speaking(mouth: NDArray[np.floating] = WIDE, **changes: object) -> Frame:
    made = frame(**changes)
    made.dynamics[BASIS.lower] = mouth
    return made


def opening(made: Frame) -> float:
    faces = BASIS.rebuild(made.dynamics[None], BASIS.mean)
    return float(measure.mouth_opening(faces)[0])


def height(made: Frame) -> float:
    return float(measure.lips_height(BASIS.rebuild(made.dynamics[None], BASIS.mean))[0])


def gap(made: Frame) -> float:
    return float(measure.lip_gap(BASIS.rebuild(made.dynamics[None], BASIS.mean))[0])


def test_a_mouth_without_a_voice_shuts_and_closes_nothing() -> None:
    silent = corrections.SilentMouth(BASIS, CALIBRATION)
    made = [speaking(voice=voice, meeting=0.5) for voice in (0.95, *(0.01,) * 30)]
    for one in made:
        silent(one)
    assert opening(made[0]) == opening(made[4]) == opening(speaking())
    assert opening(made[-1]) < 0.01
    assert made[-1].meeting < 0.01


def test_a_voice_has_to_be_sure_to_open_a_mouth_and_less_to_keep_it_open() -> None:
    def openings(*voices: float) -> list[float]:
        silent, made = corrections.SilentMouth(BASIS, CALIBRATION), []
        for voice in (*voices, *(0.5,) * 40):
            made.append(speaking(voice=voice))
            silent(made[-1])
        return [opening(made[0]), opening(made[-1])]

    begun, doubted, sung = openings(0.95), openings(0.01), openings(0.01, 0.95)
    wide = opening(speaking())
    assert begun == [wide, wide]  # a sound may begin in the middle of a word
    assert openings(0.55, 0.55, 0.01)[0] < 0.01  # and so may noise, which is told apart later
    assert max(doubted) < 0.01
    assert sung[0] < 0.01
    assert sung[1] == pytest.approx(wide, rel=1e-3)


def test_lips_meet_at_once_and_part_over_frames() -> None:
    closure = corrections.LipClosure(BASIS, replace(CALIBRATION, meet=(0.4, 0.8)))
    wide = np.random.default_rng(0).normal(size=BASIS.parts[2]).astype(np.float32)
    openings = []
    for sure in (0.0, 0.6, 0.9, 0.0, 0.0, 0.0):
        made = speaking(np.abs(wide) * WIDE, meeting=sure)
        closure(made)
        openings.append(opening(made))
    free, half, met, *after = openings
    assert met < 0.007 < half < free
    assert met < after[0] < after[1] < after[2] <= free


def test_lips_meet_where_they_are_surest_and_part_in_the_vowels_about_it() -> None:
    def openings(*certainties: float) -> list[float]:
        closure, made = corrections.LipClosure(BASIS, CALIBRATION), []
        for sure, after in pairwise((*certainties, 0.0)):
            made.append(speaking(meeting=sure, meeting_next=after))
            closure(made[-1])
        return [opening(one) for one in made]

    wide = opening(speaking())
    before, rising, met, falling, after = openings(0.3, 0.6, 0.7, 0.6, 0.3)
    assert met < 0.007 < 0.7 * wide < min(before, rising, falling, after)
    assert max(openings(0.9, 0.95, 0.9)) < 0.007  # they stay shut where they are sure of it
    in_a_call = speaking(meeting=0.7, meeting_next=1.0)
    corrections.LipClosure(BASIS, CALIBRATION)(in_a_call)
    assert opening(in_a_call) == wide


def test_lips_do_not_pass_through_each_other() -> None:
    made = speaking(-WIDE)
    assert gap(made) < -0.03
    corrections.LipClosure(BASIS, CALIBRATION)(made)
    assert gap(made) > -0.004
    apart = speaking()
    corrections.LipClosure(BASIS, CALIBRATION)(apart)
    np.testing.assert_array_equal(apart.dynamics, speaking().dynamics)


def test_lips_that_meet_do_not_swell() -> None:
    made = speaking(meeting=1.0)
    corrections.LipClosure(BASIS, CALIBRATION)(made)
    assert height(speaking()) > height(frame()) + 0.1
    assert height(made) < height(frame()) + 0.025
    assert opening(made) < 0.007


def test_on_f_and_v_the_lips_come_near_and_do_not_meet() -> None:
    openings = []
    for touching in (0.0, 1.0):
        made = speaking(touching=touching)
        corrections.LipClosure(BASIS, CALIBRATION)(made)
        openings.append(opening(made))
    free, near = openings
    assert 0.004 < near < 0.02 < free


def test_a_head_that_came_nearer_goes_back() -> None:
    back = corrections.Return(BASIS, CALIBRATION)
    made = [frame(pose=np.full(6, 0.1, np.float32)) for _ in range(200)]
    for one in made:
        back(one)
    assert made[0].pose[5] == pytest.approx(0.096)
    assert abs(made[-1].pose[5]) < 1e-3
    assert made[-1].pose[0] == np.float32(0.1)


def test_lids_come_back_to_where_they_rest_but_not_in_a_blink() -> None:
    low = (0.3 * blink()).astype(np.float32)
    low[BASIS.lower.stop :] = 0  # networks do not move these
    back = corrections.Return(BASIS, CALIBRATION)
    made = [frame(dynamics=low.copy()) for _ in range(300)]
    for one in made:
        back(one)
    openings = eye_opening(np.array([one.dynamics[BASIS.upper] for one in made]), BASIS)
    assert openings[0] < 0.85
    assert openings[-1] == pytest.approx(1, abs=0.01)
    shut = frame(dynamics=low + blink(), lids=1.0)
    back(shut)
    np.testing.assert_allclose(shut.dynamics, blink(), atol=0.01)


@pytest.mark.parametrize(("dial", "gain"), [(0.0, 0.0), (0.5, 1.0), (1.0, 1.0), (2.0, 2 / 1.5)])
def test_beyond_what_clips_taught_amplitude_is_a_gain_of_head_and_brows(
    dial: float, gain: float
) -> None:
    calibration = replace(CALIBRATION, amplitude=1.0, amplitude_range=(0.4, 1.5), brows=1.0)
    rng = np.random.default_rng(0)
    before = rng.normal(size=sum(BASIS.parts)).astype(np.float32)
    made = frame(
        pose=np.ones(6, np.float32), dynamics=before.copy(), controls=Controls(amplitude=dial)
    )
    corrections.AmplitudeGain(BASIS, calibration)(made)
    np.testing.assert_allclose(made.pose, gain, rtol=1e-6)
    lids = (eye_opening(one[None, BASIS.upper], BASIS) for one in (before, made.dynamics))
    np.testing.assert_allclose(next(lids), next(lids), rtol=1e-5)
    moved = [np.linalg.norm(one[BASIS.upper]) for one in (before, made.dynamics)]
    assert np.sign(moved[1] - moved[0]) == np.sign(gain - 1)


def test_brows_have_a_gain_of_their_own() -> None:
    before = np.random.default_rng(0).normal(size=sum(BASIS.parts)).astype(np.float32)
    made = []
    for brows in (1.0, 2.0):
        made.append(frame(pose=np.ones(6, np.float32), dynamics=before.copy()))
        corrections.AmplitudeGain(BASIS, replace(CALIBRATION, brows=brows))(made[-1])
    plain, more = (
        measure.brow_height(BASIS.rebuild(one.dynamics[None], BASIS.mean)) for one in made
    )
    rest = measure.brow_height(BASIS.mean[None])
    assert abs(more - rest) > 1.5 * abs(plain - rest)
    np.testing.assert_array_equal(made[0].pose, made[1].pose)


def test_eyes_make_up_for_the_head_and_lids_follow() -> None:
    hold = corrections.GazeHold(BASIS, CALIBRATION)
    for yaw in (0.1, 0.0, -0.1):
        made = frame(pose=np.full(6, yaw, np.float32), gaze=np.array([0.1, -0.2], np.float32))
        for _ in range(10):  # the mean settles
            settled = frame(pose=made.pose, gaze=made.gaze)
            hold(settled)
        eyes = measure.gaze(BASIS.rebuild(settled.dynamics[None], BASIS.mean), BASIS.mean)[0]
        np.testing.assert_allclose(eyes + yaw, [0.1, -0.2], atol=0.02)
    assert eye_opening(settled.dynamics[None, BASIS.upper], BASIS) < 1


def test_free_eyes_stay_as_they_are() -> None:
    made = frame(pose=np.full(6, 0.3, np.float32))
    corrections.GazeHold(BASIS, CALIBRATION)(made)
    assert not made.dynamics.any()


def test_lids_come_down_in_a_blink() -> None:
    gaps = []
    for lids in (0.0, 0.5, 1.0):
        made = frame(lids=lids)
        corrections.BlinkClosing(CALIBRATION)(made)
        gaps.append(float(eye_opening(made.dynamics[None, BASIS.upper], BASIS)[0]))
    assert gaps[0] == 1
    assert 0.2 < gaps[2] < gaps[1] < 0.9


def test_dials_are_added() -> None:
    controls = Controls(pose=(10, 5, -5, 0.1, 0), distance=2.0)
    made = frame(controls=controls)
    corrections.added_pose(made)
    corrections.added_distance(made)
    shift = [*np.radians([10, 5, -5]), 0.1, 0, -np.log(2)]
    np.testing.assert_allclose(made.pose, shift, rtol=1e-6)


HAPPY = Controls(emotion={"happy": 0.5})


def smiles(frames: Sequence[Frame]) -> list[float]:
    """How far the corners of the mouth are up in each frame, after one and the same correction."""
    emotion = corrections.AddedEmotion(BASIS, CALIBRATION)
    for one in frames:
        emotion(one)
    faces = BASIS.rebuild(np.stack([one.dynamics for one in frames]), BASIS.mean)
    return [float(x) for x in -(faces - BASIS.mean)[:, [61, 291], 1].mean(1)]


def test_an_emotion_comes_in_half_a_second_and_goes_in_a_second() -> None:
    up = smiles([frame(controls=HAPPY) for _ in range(50)] + [frame() for _ in range(80)])
    held, most = up[49], max(up)
    assert held == most > 0.02
    assert up[0] < 0.1 * held < up[2] < 0.5 * held
    assert 0.8 * held < up[12] < held
    assert up[:50] == sorted(up[:50])
    assert 0.05 * held < up[75] < 0.2 * held
    assert up[-1] == 0


def test_a_held_emotion_swells_with_the_voice() -> None:
    quiet = [frame(controls=HAPPY) for _ in range(60)]
    loud = [frame(controls=HAPPY, voice=1.0, loudness=0.0) for _ in range(60)]
    up = smiles([*quiet, *loud])
    assert 1.05 < up[-1] / up[59] < 1.3
    strength = [0.5 if name == "happy" else 0.0 for name in EMOTIONS]
    asked = BASIS.rebuild(offset(np.array([strength])), BASIS.mean)[0] - BASIS.mean
    assert up[-1] == pytest.approx(-asked[[61, 291], 1].mean(), rel=0.02)


def test_no_emotion_is_exactly_nothing() -> None:
    made = frame(voice=1.0, loudness=0.0)
    corrections.AddedEmotion(BASIS, CALIBRATION)(made)
    assert not made.dynamics.any()


@pytest.mark.parametrize("feeling", ["surprised", "sad"])
def test_lids_shut_in_a_blink_whatever_is_felt(feeling: str) -> None:
    emotion = corrections.AddedEmotion(BASIS, CALIBRATION)
    made = [frame(controls=Controls(emotion={feeling: 1})) for _ in range(40)]
    made[-1].lids = 1.0
    for one in made:
        emotion(one)
    opened, blinking = (
        measure.lid_gap(BASIS.rebuild(one.dynamics, BASIS.mean)) for one in made[-2:]
    )
    rest = measure.lid_gap(BASIS.mean)
    assert abs(opened / rest - 1) > 0.05
    assert blinking == pytest.approx(rest, rel=0.05)


def test_an_emotion_parts_the_lips_in_pauses_only() -> None:
    emotion = corrections.AddedEmotion(BASIS, CALIBRATION)
    surprised = Controls(emotion={"surprised": 1})
    silent = [frame(controls=surprised) for _ in range(40)]
    spoken = [frame(controls=surprised, voice=1.0, loudness=0.0) for _ in range(40)]
    for one in [*silent, *spoken]:
        emotion(one)
    assert opening(spoken[-1]) - opening(frame()) < 0.002 < 0.02 < opening(silent[-1])


def test_lips_that_an_emotion_parts_meet_where_they_must() -> None:
    emotion = corrections.AddedEmotion(BASIS, CALIBRATION)
    made = [frame(controls=Controls(emotion={"surprised": 1}), meeting=1.0) for _ in range(40)]
    for one in made:
        emotion(one)
    parted = opening(made[-1])
    corrections.LipClosure(BASIS, replace(CALIBRATION, meet=(0.4, 0.8)))(made[-1])
    assert opening(made[-1]) < 0.007 < 0.02 < parted
