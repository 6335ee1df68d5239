"""Pose: angles, and there and back between pixels and the head frame."""

import doctest

import numpy as np

from gioconda.face import pose
from gioconda.face.basis import released_basis
from gioconda.face.pose import HeadPose, angles, fit_pose, rotation

TURNS = np.radians([[0, 0, 0], [30, -20, 10], [-40, 15, -30], [5, 40, 44]])


def heads() -> HeadPose:
    return HeadPose(
        rotation=np.stack([rotation(*turn) for turn in TURNS]),
        centre=np.array([[100.0, 80], [250, 30], [-20, 400], [0, 0]]),
        size=np.array([90.0, 45, 300, 1]),
        depth=np.array([0.0, 10, -30, 2]),
    )


def test_the_examples_hold() -> None:
    assert doctest.testmod(pose).failed == 0


def test_angles_give_the_rotation_back() -> None:
    np.testing.assert_allclose(angles(heads().rotation), TURNS, atol=1e-12)


def test_the_nose_goes_where_the_angles_say() -> None:
    nose = [0, 0, -1]
    assert (rotation(0.3, 0, 0) @ nose)[0] > 0  # to the image's right
    assert (rotation(0, 0.3, 0) @ nose)[1] < 0  # up
    assert (rotation(0, 0, 0.3) @ [0, -1, 0])[0] > 0  # clockwise


def test_to_the_image_and_back() -> None:
    face = released_basis().mean
    back = heads().to_head(heads().to_image(face))
    np.testing.assert_allclose(back, np.broadcast_to(face, back.shape), atol=1e-6)


def test_a_fit_gives_the_pose_back() -> None:
    face = released_basis().mean
    found = fit_pose(heads().to_image(face), face)
    for name in ("rotation", "centre", "size", "depth"):
        np.testing.assert_allclose(getattr(found, name), getattr(heads(), name), atol=1e-5)
