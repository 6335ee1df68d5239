import numpy as np
import pytest

from gioconda.generator.diffusion import guided, levels, nearer, noised, sample


def test_levels_go_from_noise_to_motion() -> None:
    assert levels(4)[0] == 1
    assert levels(4)[-1] == 0
    assert (np.diff(levels(4)) < 0).all()


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_network_that_knows_the_motion_gives_it(steps: int) -> None:
    motion = np.array([1.0, -2.0], np.float32)
    asked = []

    def knows(x: np.ndarray, level: float) -> np.ndarray:  # type: ignore[type-arg]
        asked.append(level)
        return motion

    np.testing.assert_allclose(sample(knows, np.ones(2, np.float32), steps), motion, atol=1e-6)
    assert len(asked) == steps


def test_a_step_stays_on_the_straight_way() -> None:
    motion, noise = np.array([3.0]), np.array([-1.0])
    on = nearer(noised(motion, noise, 0.8), motion, 0.8, 0.3)
    np.testing.assert_allclose(on, noised(motion, noise, 0.3))


def test_many_steps_reach_the_distribution() -> None:
    """The best guess of a normal motion (mean 2, deviation 0.5), seen through noise."""
    rng = np.random.default_rng(0)

    def best(x: np.ndarray, level: float) -> np.ndarray:  # type: ignore[type-arg]
        kept, noise = (1 - level) * 0.25, level**2
        gain = kept / ((1 - level) * kept + noise)
        return 2 + gain * (x - (1 - level) * 2)

    made = sample(best, rng.normal(size=20000), 60)  # type: ignore[arg-type]
    assert made.mean() == pytest.approx(2, abs=0.02)
    assert made.std() == pytest.approx(0.5, abs=0.05)


def test_guidance_of_strength_one_changes_nothing() -> None:
    whole, without = np.array([1.0, 1.0]), np.array([0.0, 0.5])
    np.testing.assert_array_equal(guided(whole, without, 1.0), whole)
    np.testing.assert_allclose(guided(whole, without, np.array([1.0, 2.0])), [1, 1.5])
