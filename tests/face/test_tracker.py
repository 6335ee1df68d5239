"""A track follows a face that moves, loses it and finds it again."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.face.encode import encode
from gioconda.face.tracker import track

from .pictures import EYES, Picture, astronaut

COUNT = 16


def moving() -> Iterator[Picture]:
    """Turned by 1 degree, moved by 2 pixels to the right and grown by 1 % every frame."""
    for i in range(COUNT):
        matrix = cv2.getRotationMatrix2D(EYES, -i, 1.01**i)
        matrix[0, 2] += 2 * i
        turned = cv2.warpAffine(astronaut(), matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(turned, np.uint8)


def test_motion_says_how_the_picture_was_moved() -> None:
    motion, neutral = encode(track(moving()))
    assert len(motion) == COUNT
    assert neutral.shape == (478, 3)
    yaw, pitch, roll, x, y, log_scale = (motion.pose - motion.pose[0]).T
    steps = np.arange(COUNT)
    np.testing.assert_allclose(np.degrees(roll), steps, atol=1)
    np.testing.assert_allclose(np.degrees([yaw, pitch]), 0, atol=2)
    np.testing.assert_allclose(log_scale, steps * np.log(1.01), atol=0.02)
    np.testing.assert_allclose(x, 2 * steps / 60, atol=0.15)
    np.testing.assert_allclose(y, 0, atol=0.06)
    assert (motion.pose[0, 3:] == 0).all()
    assert np.abs(motion.dynamics - motion.dynamics[0]).mean() < 0.5  # the face keeps still


def test_frames_without_the_face_hold_the_nearest_that_has_it() -> None:
    blank = np.full_like(astronaut(), 90)
    found = track([blank, astronaut(), astronaut(), blank, blank])
    assert found.seen.tolist() == [False, True, True, False, False]
    assert found.size == (512, 512)
    assert (found.points[0] == found.points[1]).all()
    assert (found.points[3:] == found.points[2]).all()


@pytest.mark.parametrize("count", [0, 3])
def test_a_video_without_a_face_is_refused(count: int) -> None:
    with pytest.raises(GiocondaError, match=f"no face was found in any of the video's {count}"):
        track(np.zeros((count, 64, 64, 3), np.uint8))
