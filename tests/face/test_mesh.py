"""The mesh follows what is done to the picture."""

import numpy as np
import pytest

from gioconda.face import measure, topology
from gioconda.face.basis import released_basis
from gioconda.face.finder import find_face
from gioconda.face.pose import HeadPose, angles

from .pictures import EYES, Picture, astronaut, mirrored, scaled, turned


def fit(picture: Picture) -> tuple[HeadPose, np.ndarray]:
    """Head pose, and the face in the head frame, (1, 478, 3)."""
    points = find_face(picture).points[None]
    basis = released_basis()
    head, _ = basis.pose(points, basis.identify(points))
    return head, head.to_head(points)


def degrees(picture: Picture) -> np.ndarray:
    found: np.ndarray = np.degrees(angles(fit(picture)[0].rotation[0]))
    return found


def test_right_and_left_are_the_persons_own() -> None:
    points = find_face(astronaut()).points
    assert points[topology.RIGHT_EYE_OUTER, 0] < EYES[0] < points[topology.LEFT_EYE_OUTER, 0]
    for eye, iris in (
        (topology.RIGHT_EYE, topology.RIGHT_IRIS),
        (topology.LEFT_EYE, topology.LEFT_IRIS),
    ):
        rim = points[eye[:16], :2]
        assert (rim.min(0) < points[iris[0], :2]).all()
        assert (points[iris[0], :2] < rim.max(0)).all()


def test_at_twice_the_scale_the_mesh_is_twice_as_large() -> None:
    small, large = (find_face(scaled(astronaut(), s)).points for s in (1, 2))
    # pixel centres at integers: x becomes 2 x + 0.5
    np.testing.assert_allclose(large[:, :2], 2 * small[:, :2] + 0.5, atol=2.5)
    assert np.abs(large[:, :2] - 2 * small[:, :2] - 0.5).mean() < 0.8


@pytest.mark.parametrize("angle", [10, -10, 25])
def test_a_turned_picture_changes_roll_alone(angle: float) -> None:
    change = degrees(turned(astronaut(), angle)) - degrees(astronaut())
    np.testing.assert_allclose(change, [0, 0, angle], atol=1.5)


def test_in_a_mirror_yaw_roll_and_gaze_change_sides() -> None:
    (head, face), (seen, mirror) = fit(astronaut()), fit(mirrored(astronaut()))
    expected = angles(head.rotation[0]) * [-1, 1, -1]
    np.testing.assert_allclose(angles(seen.rotation[0]), expected, atol=np.radians(2))
    np.testing.assert_allclose(
        measure.gaze(mirror), measure.gaze(face) * [-1, 1], atol=np.radians(4)
    )
    np.testing.assert_allclose(
        measure.lid_opening(mirror), measure.lid_opening(face)[:, ::-1], atol=0.04
    )
    np.testing.assert_allclose(
        measure.mouth_opening(mirror), measure.mouth_opening(face), atol=0.02
    )


def test_the_smile_shows_teeth_and_open_eyes_that_look_ahead() -> None:
    _, face = fit(astronaut())
    assert 0.03 < measure.mouth_opening(face)[0] < 0.2
    assert (measure.lid_opening(face) > 0.2).all()
    assert (np.abs(np.degrees(measure.gaze(face))) < 12).all()
