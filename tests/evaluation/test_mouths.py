"""The distance of drawn mouths to real ones."""

import numpy as np
import pytest

from gioconda.evaluation import mouths
from gioconda.evaluation.drawn import REGIONS, Drawn
from gioconda.evaluation.jaws import Jaws
from gioconda.evaluation.mouths import Mouths, distance, spoiled

SIDE = 64
INSIDE = np.zeros((SIDE, SIDE), np.float32)
INSIDE[20:44, 16:48] = 1


class FewFeatures:
    """Stands for the network: eight by eight mean levels."""

    def describe(self, picture):
        return picture[:32, :32].reshape(8, 4, 8, 4, 3).mean((1, 3, 4)).ravel()


@pytest.fixture
def frames(monkeypatch):
    monkeypatch.setattr(mouths, "PictureFeatures", FewFeatures)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        real = np.kron(rng.integers(40, 200, (16, 16, 1)), np.ones((4, 4, 3))).astype(np.uint8)
        regions = dict.fromkeys(REGIONS, INSIDE)
        jaws = Jaws(np.zeros((2, 2)), np.eye(2))
        found.append(Drawn(0, real, np.zeros((478, 2)), jaws, regions, {}))
    return found


def test_more_fog_is_farther_and_what_is_outside_the_mouth_does_not_count(frames):
    seen = Mouths()
    for i, now in enumerate(frames):
        fog = spoiled(now)["fogged"]
        outside = np.where(INSIDE[..., None] > 0, now.real, 0).astype(np.uint8)
        thin = ((now.real.astype(int) + fog) // 2).astype(np.uint8)
        now.pictures.update(outside=outside, thin=thin, thick=fog)
        seen.add(f"person {i % 4}", now)
    found = seen.distances()
    assert found["outside"].mean == pytest.approx(0, abs=1e-6)
    assert 0.05 < found["thin"].mean < found["thick"].mean < 1
    assert found["thick"].low < found["thick"].mean < found["thick"].high


def test_few_people_have_no_distance(frames):
    seen = Mouths()
    for now in frames:
        now.pictures.update(same=now.real)
        seen.add("one", now)
    assert seen.distances() == {}


def test_the_distance_is_that_of_gaussians():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 3))
    spread = float(((real - real.mean(0)) ** 2).sum() / len(real))
    assert distance(real, real + [2, 0, 0]) == pytest.approx(4 / spread)
    assert distance(real, 3 * real - 2 * real.mean(0)) == pytest.approx(4)  # (3 - 1)^2
