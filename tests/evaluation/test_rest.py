"""At rest a portrait is its photo."""

import numpy as np
import pytest

from gioconda import make_portrait
from gioconda.evaluation.rest import ALLOWED, rest
from tests.face import pictures


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo,
        lambda photo: photo[75:],  # the hair cut by the photo's edge
        lambda photo: photo // 6,  # dark before the dark
        lambda photo: pictures.turned(photo, 25),
        lambda photo: np.ascontiguousarray(photo[:, 150:320]),  # narrow
    ],
)
def test_a_portrait_at_rest_is_its_photo_but_for_mouth_and_eyes(photo, change, full):
    found = rest(make_portrait(np.ascontiguousarray(change(photo)), None if full else 384), full)
    assert found.largest <= ALLOWED
    assert 0.85 < found.sharp < 1.35  # a photo that is made larger is softer than a drawn mouth
