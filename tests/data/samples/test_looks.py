import numpy as np
import pytest

from gioconda.data.samples.looks import _LOOKS, Look, draw_look, with_grain


@pytest.mark.parametrize("kind", _LOOKS)
def test_a_look_changes_the_picture_and_not_its_shape(kind: str) -> None:
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (8, 10, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    picture = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    before = picture.copy()
    found = Look(kind, 1.0, 1.0, 0)(picture)
    assert found.shape == picture.shape
    assert found.dtype == np.uint8
    assert (found != before).any()
    np.testing.assert_array_equal(picture, before)


def test_canvas_and_film_have_a_grain_that_repeats() -> None:
    for kind in ("brushed", "oil", "faded"):
        look = Look(kind, 0.5, 1.0, 3)
        grain = look.grain(64, 1.0)
        assert grain is not None
        assert grain.std() > 2
        np.testing.assert_array_equal(grain, look.grain(64, 1.0))
    assert Look("drawn", 0.5, 1.0, 3).grain(64, 1.0) is None


def test_no_grain_leaves_a_picture_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    np.testing.assert_array_equal(with_grain(picture, np.full((6, 6), 128, np.uint8)), picture)


def test_some_scenes_stay_as_they_were_filmed() -> None:
    looks = [draw_look(np.random.default_rng(i), 150.0) for i in range(200)]
    assert 60 < sum(look is None for look in looks) < 120
