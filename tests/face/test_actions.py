"""Facial actions: each does what its name says, on the person's own side."""

import numpy as np
import pytest

from gioconda.face import actions, measure, topology
from gioconda.face.basis import released_basis

MEAN = released_basis().mean.astype(np.float64)


def acted(**weights: float) -> np.ndarray:
    row = np.zeros(len(actions.ACTIONS))
    for name, weight in weights.items():
        row[actions.ACTIONS.index(name)] = weight
    return (MEAN + actions.face(row))[None]


def test_there_are_the_52_of_arkit_and_all_but_the_tongue_move() -> None:
    assert len(set(actions.ACTIONS)) == 52
    moved = np.linalg.norm(actions.fields(), axis=-1).max(1) > 0.01
    assert [n for n, m in zip(actions.ACTIONS, moved, strict=True) if not m] == ["tongueOut"]


@pytest.mark.parametrize("name", [n[:-4] for n in actions.ACTIONS if n.endswith("Left")])
def test_left_mirrors_right(name: str) -> None:
    fields = actions.fields()
    left, right = (fields[actions.ACTIONS.index(name + side)] for side in ("Left", "Right"))
    np.testing.assert_allclose(left, right[actions.mirror()] * [-1, 1, 1], atol=1e-9)


def test_what_has_no_side_is_the_same_on_both() -> None:
    for name, field in zip(actions.ACTIONS, actions.fields(), strict=True):
        if not name.endswith(("Left", "Right")):
            other = field[actions.mirror()] * [-1, 1, 1]
            np.testing.assert_allclose(field, other, atol=0.012, err_msg=name)


def test_a_blink_shuts_the_persons_own_eye() -> None:
    right, left = measure.lid_opening(acted(eyeBlinkLeft=1))[0]
    assert left < 0.03
    assert right > 0.25


def test_the_jaw_opens_the_mouth_and_mouth_close_shuts_it() -> None:
    assert 0.3 < measure.mouth_opening(acted(jawOpen=1))[0] < 0.45
    assert measure.mouth_opening(acted(jawOpen=0.7, mouthClose=0.7))[0] < 0.02


def test_the_eyes_turn_by_about_27_degrees() -> None:
    # the person's left is at the image's right
    ahead = measure.gaze(acted())[0]
    yaw, pitch = np.degrees(measure.gaze(acted(eyeLookOutLeft=1, eyeLookInRight=1))[0] - ahead)
    assert 24 < yaw < 30
    assert abs(pitch) < 1
    yaw, pitch = np.degrees(measure.gaze(acted(eyeLookDownLeft=1, eyeLookDownRight=1))[0] - ahead)
    assert -31 < pitch < -24
    assert abs(yaw) < 1


def test_a_smile_lifts_its_own_corner_and_leaves_the_brows() -> None:
    field = (acted(mouthSmileLeft=1) - MEAN)[0]
    assert field[291, 0] > 0.05  # outward, to the image's right
    assert field[291, 1] < -0.05  # up
    assert np.abs(field[[61, *topology.BROWS]]).max() < 0.01


def test_projecting_what_the_basis_can_say_loses_nothing() -> None:
    basis = released_basis()
    code = np.random.default_rng(0).normal(size=(3, sum(basis.parts)))
    field = np.tensordot(code, basis.dynamics, 1)
    np.testing.assert_allclose(actions.project(field, basis), code, atol=1e-4)
