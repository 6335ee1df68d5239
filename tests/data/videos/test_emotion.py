import numpy as np
import pytest

from gioconda.data.videos.emotion import EMOTIONS, SOURCE, estimate
from gioconda.face.basis import released_basis

NEUTRAL = released_basis().mean.astype(np.float64)
INNER = [55, 107, 285, 336]
OUTER = [46, 63, 70, 276, 293, 300]


def acted(frames: int = 75) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.001, (frames, 478, 3))
    return NEUTRAL + noise


def smiling(frames: int = 75) -> np.ndarray:
    faces = acted(frames)
    faces[:, [61, 291], 1] -= 0.04
    faces[:, 61, 0] -= 0.05
    faces[:, 291, 0] += 0.05
    return faces


def test_rest_is_neutral() -> None:
    found = estimate(acted(), NEUTRAL)
    assert found.strongest == "neutral"
    assert found.strength < 0.1
    assert found.strongest in EMOTIONS
    assert SOURCE == "geometry-1"


def test_smile_is_happy() -> None:
    found = estimate(smiling(), NEUTRAL)
    assert found.strongest == "happy"
    assert found.strength > 0.8


def test_short_smile_does_not_count() -> None:
    faces = acted(250)
    faces[100:125] = smiling(25)
    assert estimate(faces, NEUTRAL).strongest == "neutral"


def test_talking_is_neutral() -> None:
    faces = acted()
    swing = np.sin(np.arange(75) * 1.3)
    faces[:, [14, 17], 1] += 0.06 + 0.06 * swing[:, None]
    faces[:, [61, 291], 1] += 0.02 * swing[:, None]
    faces[:, 291, 0] += 0.03 * swing
    faces[:, 61, 0] -= 0.03 * swing
    assert estimate(faces, NEUTRAL).strongest == "neutral"


def test_brows_tell_surprise_from_anger() -> None:
    surprised, angry = acted(), acted()
    surprised[:, INNER + OUTER, 1] -= 0.025
    surprised[:, [158, 159, 160, 385, 386, 387], 1] -= 0.03
    angry[:, INNER, 1] += 0.02
    angry[:, 55, 0] += 0.02
    angry[:, 285, 0] -= 0.02
    assert estimate(surprised, NEUTRAL).strongest == "surprised"
    assert estimate(angry, NEUTRAL).strongest == "angry"


def test_one_side_is_no_expression() -> None:
    """A turned head bends one half of the mesh."""
    faces = acted()
    faces[:, 55, 0] += 0.05
    faces[:, [55, 107], 1] += 0.05
    assert estimate(faces, NEUTRAL).strongest == "neutral"


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="faces must be"):
        estimate(np.zeros((0, 478, 3)), NEUTRAL)
    with pytest.raises(ValueError, match="neutral must be"):
        estimate(acted(), NEUTRAL[:468])
