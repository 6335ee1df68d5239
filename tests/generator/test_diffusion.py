import numpy as np
import pytest

from gioconda.generator.diffusion import sample


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 25])
def test_a_network_that_knows_the_motion_gives_it(steps: int) -> None:
    motion = np.array([1.0, -2.0], np.float32)
    asked = []

    def knows(x: np.ndarray, level: float) -> np.ndarray:  # type: ignore[type-arg]
        asked.append(level)
        return motion

    made = sample(knows, np.ones(2, np.float32), steps)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, motion, atol=1e-6)
    assert len(asked) == steps
    assert np.float32(asked[0]) == 1  # the first step begins a frame: see `MotionStream`
    assert asked == sorted(asked, reverse=True)


@pytest.mark.parametrize(("deviation", "steps"), [(0.5, 60), (1.0, 3), (0.6, 4)])
def test_what_is_drawn_spreads_as_it_should(deviation: float, steps: int) -> None:
    """With the best guess of a normal motion of mean 2, seen through noise."""
    rng, variance = np.random.default_rng(0), deviation**2

    def best(x: np.ndarray, level: float) -> np.ndarray:  # type: ignore[type-arg]
        kept = (1 - level) * variance
        gain = kept / ((1 - level) * kept + level**2)
        return 2 + gain * (x - (1 - level) * 2)

    made = sample(best, rng.normal(size=20000), steps)  # type: ignore[arg-type]
    assert made.mean() == pytest.approx(2, abs=0.02)
    assert made.std() == pytest.approx(deviation, rel=0.06)
