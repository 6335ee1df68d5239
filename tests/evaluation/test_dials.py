"""What is read off rendered frames follows what was drawn."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS
from gioconda.evaluation import dials
from gioconda.evaluation.dials import angle_between, directions, evaluate_dials, gaze_errors
from gioconda.face import measure
from gioconda.face.pose import rotation
from gioconda.generator.bank import released_bank
from gioconda.generator.emotions import offset
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer


def _obedient(portrait: Portrait, controls: Mapping[str, Any]) -> Iterator[NDArray[np.uint8]]:
    """Draws exactly what is asked for."""
    renderer = Renderer(portrait)
    code = dials.eyes_towards(portrait, np.array(controls.get("gaze", (0, 0)), float))
    opens = offset(np.eye(len(EMOTIONS))[[EMOTIONS.index("surprised")]])[0]
    for t in range(40 if {"blinks", "amplitude", "articulation"} & set(controls) else 15):
        pose, dynamics = portrait.pose.copy(), code.copy()
        pose[0] += 0.05 * controls.get("amplitude", 0) * np.sin(2 * np.pi * t / 20)
        pose[5] -= np.log(controls.get("distance", 1))
        dynamics += controls.get("articulation", 0) * opens * np.float32(t % 10 < 5)
        phase = t % 20 if controls.get("blinks", 0) else 0
        shut = dict(zip(range(8, 13), (0.3, 0.8, 1, 0.6, 0.25), strict=True)).get(phase, 0)
        dynamics[portrait.basis.upper] += np.float32(shut) * released_bank().shut
        yield renderer.render(pose, dynamics)


def test_dials_that_are_obeyed_are_seen_to_be(
    portrait: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dials, "YAWS", (-12.0, 12.0))
    monkeypatch.setattr(dials, "PITCHES", (0.0,))
    monkeypatch.setattr(dials, "DISTANCES", (0.9, 1.2))
    monkeypatch.setattr(dials, "BLINKS", (0.0, 1.0))
    monkeypatch.setattr(dials, "AMPLITUDES", (0.0, 1.0, 2.0))
    monkeypatch.setattr(dials, "ARTICULATIONS", (0.0, 1.0, 1.5))
    found = evaluate_dials([portrait], _obedient)
    assert 0.5 < found.gaze.yaw_slope < 1.2
    assert found.gaze.scatter < 6
    assert found.distance_error < 0.02
    assert found.distance_slope == pytest.approx(1, abs=0.1)
    assert found.blinks == {0: 0, 1: pytest.approx(75, abs=1)}
    assert found.amplitude_monotone == 1
    assert found.articulation_monotone == 1
    assert found.lips[0] < 0.2 < found.lips[1]
    assert found.head_speed[2] > 1.5 * found.head_speed[1]


def test_gaze_against_the_camera_is_eyes_and_head() -> None:
    turn = rotation(np.radians(10), 0, 0)[None]
    np.testing.assert_allclose(directions(turn, np.zeros((1, 2))), [[10, 0]], atol=1e-9)
    eyes = np.radians([[-10.0, 0.0]])
    np.testing.assert_allclose(directions(turn, eyes), [[0, 0]], atol=1e-9)
    up = directions(np.eye(3)[None], np.radians([[0.0, 5.0]]))
    np.testing.assert_allclose(up, [[0, 5]], atol=1e-9)


def test_eyes_look_where_they_are_told(portrait: Portrait) -> None:
    told = np.array([8.0, -4.0])
    face = portrait.basis.rebuild(dials.eyes_towards(portrait, told)[None], portrait.neutral)
    found = directions(portrait.head.rotation, measure.gaze(face, portrait.neutral))
    np.testing.assert_allclose(found, [told], atol=0.01)


def test_angles_and_slopes() -> None:
    assert angle_between(np.array([20.0, 0.0]), np.array([0.0, 0.0])) == pytest.approx(20)
    grid = np.array([[x, y] for x in (-10.0, 10.0) for y in (-5.0, 5.0)])
    seen = [[(told * [0.5, 1] + [9, 0])[None] for told in grid]]
    found = gaze_errors(grid, seen)
    assert found.yaw_slope == pytest.approx(0.5)
    assert found.pitch_slope == pytest.approx(1)
    assert found.error > found.scatter == pytest.approx(5, abs=0.1)
