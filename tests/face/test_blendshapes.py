"""Weights of ARKit's blendshapes: what is done is what is told."""

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.face import actions
from gioconda.face.actions import ACTIONS
from gioconda.face.basis import released_basis
from gioconda.face.blendshapes import COLUMNS, rotations, table, timecode, weights
from gioconda.motion import Motion


def moved(wanted: np.ndarray) -> Motion:
    """The mean face moved by weights (T, 52)."""
    basis = released_basis()
    dynamics = actions.project(actions.face(wanted), basis).astype(np.float32)
    return Motion(np.zeros((len(wanted), 6), np.float32), dynamics, basis.name)


def held(strengths: dict[str, float], frames: int = 1) -> np.ndarray:
    wanted = np.zeros((frames, len(ACTIONS)))
    for name, strength in strengths.items():
        wanted[:, ACTIONS.index(name)] = strength
    return wanted


def both(name: str, strength: float) -> dict[str, float]:
    return {name + "Left": strength, name + "Right": strength}


@pytest.mark.parametrize("name", ACTIONS[:-1])
def test_an_action_is_the_largest_weight(name: str) -> None:
    (found,) = weights(moved(held({name: 0.6})))
    own = ACTIONS.index(name)
    assert found.argmax() == own
    assert 0.35 < found[own] < 0.65
    assert np.delete(found, own).max() < 0.6 * found[own]


@pytest.mark.parametrize(
    "strengths",
    [
        {"jawOpen": 0.6},
        {"jawLeft": 0.6},
        {"mouthPucker": 0.6},
        {"mouthFunnel": 0.6},
        {"mouthRight": 0.6},
        {"eyeLookInLeft": 0.6, "eyeLookOutRight": 0.6},
        {"mouthShrugUpper": 0.6},
        both("eyeLookUp", 0.6),
        both("eyeLookDown", 0.6),
        both("eyeBlink", 0.6),
        both("eyeSquint", 0.6),
        both("eyeWide", 0.6),
        both("mouthSmile", 0.6),
        both("mouthFrown", 0.6),
        both("mouthStretch", 0.6),
        both("mouthUpperUp", 0.6),
        both("browDown", 0.6),
        {"jawOpen": 0.6, **both("eyeBlink", 0.9)},
    ],
    ids=lambda strengths: "+".join(strengths),
)
def test_what_both_sides_do_comes_back(strengths: dict[str, float]) -> None:
    wanted = held(strengths)
    np.testing.assert_allclose(weights(moved(wanted)), wanted, atol=0.08)


@pytest.mark.parametrize("name", ["jawOpen", "eyeBlinkLeft", "mouthSmileRight", "browInnerUp"])
def test_more_is_more(name: str) -> None:
    strengths = np.linspace(0, 1, 9)
    found = [weights(moved(held({name: s})))[0, ACTIONS.index(name)] for s in strengths]
    assert found[0] == 0
    assert (np.diff(found) > 0.02).all()


def test_a_still_face_does_nothing() -> None:
    assert not weights(moved(held({}, 40))).any()
    assert not rotations(moved(held({}, 2))).any()


def test_beyond_the_most_is_the_most() -> None:
    found = weights(moved(held({"jawOpen": 3, "mouthPucker": -2})))
    assert found[0, ACTIONS.index("jawOpen")] == 1
    assert found.min() >= 0
    assert found.max() <= 1


def test_a_short_blink_stays_a_blink() -> None:
    wanted = np.zeros((9, len(ACTIONS)))
    for side in ("Left", "Right"):
        wanted[3:7, ACTIONS.index("eyeBlink" + side)] = [0.5, 1, 0.6, 0.2]
    found = weights(moved(wanted))
    np.testing.assert_allclose(found, wanted, atol=0.1)


def test_noise_is_steadied() -> None:
    rng = np.random.default_rng(0)
    motion = moved(held({"mouthSmileLeft": 0.4}, 50))
    motion.dynamics[:] += rng.normal(0, 0.2, motion.dynamics.shape)
    alone = np.concatenate([weights(motion[i : i + 1]) for i in range(len(motion))])
    jumps, jumps_alone = (np.abs(np.diff(w, axis=0)).mean() for w in (weights(motion), alone))
    assert jumps < 0.95 * jumps_alone


def test_head_turns_in_arkits_directions() -> None:
    motion = moved(held({}))
    motion.pose[0, :3] = [0.3, 0.2, 0.1]  # to the image's right, up, clockwise
    turned = rotations(motion)[0]
    np.testing.assert_allclose(turned[0], [0.3, -0.2, -0.1], atol=1e-6)
    assert not turned[1:].any()


def test_eyes_turn_in_arkits_directions() -> None:
    to_left = rotations(moved(held({"eyeLookOutLeft": 1, "eyeLookInRight": 1})))[0, 1:]
    np.testing.assert_allclose(np.degrees(to_left), [[27, 0, 0]] * 2, atol=1.5)
    left_down = rotations(moved(held({"eyeLookDownLeft": 1})))[0, 1:]
    assert np.degrees(left_down[0, 1]) == pytest.approx(27, abs=2)
    assert np.abs(left_down[1]).max() < 0.05


def test_the_table_is_live_link_faces() -> None:
    lines = table(moved(held({"jawOpen": 0.5}, 27))).splitlines()
    header, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
    assert header[:4] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[53:56] == ["TongueOut", "HeadYaw", "HeadPitch"]
    assert header[-6:-3] == ["LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"]
    assert len(header) == len(set(header)) == 63
    assert {len(row) for row in rows} == {63}
    assert [row[0] for row in rows[::26]] == ["00:00:00:00.000", "00:00:01:01.000"]
    assert {row[1] for row in rows} == {"61"}
    assert {row[2 + COLUMNS.index("TongueOut")] for row in rows} == {"0.000000"}
    assert float(rows[3][2 + COLUMNS.index("JawOpen")]) == pytest.approx(0.5, abs=0.05)
    assert not any("-0.000000" in row for row in rows)


def test_timecodes_count_25_frames() -> None:
    assert timecode(24) == "00:00:00:24.000"
    assert timecode(25 * 3600 * 2 + 25 * 59) == "02:00:59:00.000"


def test_another_basis_is_refused() -> None:
    motion = Motion(moved(held({})).pose, moved(held({})).dynamics, "another")
    for tell in (weights, rotations, table):
        with pytest.raises(GiocondaError, match="is in the basis another"):
            tell(motion)
