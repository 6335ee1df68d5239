from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.samples.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.generator import Generator

torch = pytest.importorskip("torch")

from gioconda.generator.network import CONVOLVED, HISTORY, LEADING, Conditions  # noqa: E402
from gioconda.training.disturber import Disturber  # noqa: E402
from gioconda.training.generator.batches import Windows  # noqa: E402
from gioconda.training.generator.network import MotionNet  # noqa: E402
from gioconda.training.generator.recipe import Recipe, train_generator  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL: dict[str, Any] = {"width": 32, "layers": 2, "heads": 2}
CHANNELS, FRAMES = 24, 12


def window(frames: int) -> tuple[Any, ...]:
    return (
        torch.randn(2, frames, 2 * CHANNELS),
        torch.randn(2, frames, CHANNELS),
        torch.rand(2, frames),
        (torch.rand(2, frames) > 0.2).float(),
        (torch.rand(2, frames, len(Conditions.BY_NAME)) > 0.3).float(),
        torch.randn(2, frames, Conditions.COUNT),
    )


@torch.no_grad()
def small_net() -> MotionNet:
    torch.manual_seed(0)
    net = MotionNet(CHANNELS, FRAMES, **SMALL).eval()
    for weights in net.parameters():
        weights += 0.1 * torch.randn_like(weights)
    net.prediction.weights[:] = torch.randn(LEADING, CHANNELS)
    return net


@torch.no_grad()
def test_a_stream_says_what_the_window_says():
    net = small_net()
    _, noisy, level, visible, given, conditions = (x[:1] for x in window(FRAMES))
    frames = torch.randn(LEADING + FRAMES, CHANNELS)
    history = torch.cat([frames[LEADING:], net.prediction.residual(frames)], 1)[None]
    whole = net(history, noisy, level, torch.ones_like(visible), given, conditions)[0]
    keys = torch.zeros(2, 2, FRAMES - 1, 16)
    caches = [keys, keys, torch.zeros(2, 1, CONVOLVED, 32)]
    cached = torch.zeros(FRAMES - 1)
    for t in range(1, FRAMES):
        before, two = frames[t - 1 : t + LEADING], slice(t - 1, t + 1)
        own = noisy[0, t], level[0, t : t + 1]
        known = given[0, two], conditions[0, two]
        new, expected, scale, *made = net.first(before, *own, *known, cached, *caches)
        torch.testing.assert_close(new, whole[t], atol=1e-4, rtol=1e-4)
        frame = expected + scale * new
        residual = net.prediction.residual(torch.cat([before[1:], frame[None]]))[0]
        torch.testing.assert_close(residual, new, atol=1e-4, rtol=1e-4)
        caches = [
            torch.cat([old[..., 1:, :], one], -2) for old, one in zip(caches, made, strict=True)
        ]
        cached = torch.cat([cached[1:], torch.ones(1)])
        again = net.again(*own, given[0, t], conditions[0, t], cached, *caches)
        torch.testing.assert_close(again, new, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_nothing_is_seen_of_what_comes_later():
    net = small_net()
    inputs = window(FRAMES)
    before = net(*inputs)
    later = [x.clone() for x in inputs]
    for x in later:
        x[:, 7:] = 1 - x[:, 7:]
    torch.testing.assert_close(net(*later)[:, :7], before[:, :7])


def test_the_published_size():
    net = MotionNet(CHANNELS, 75, width=512, layers=8, heads=8)
    assert 25e6 < sum(weights.numel() for weights in net.parameters()) < 40e6


def test_training_goes_on_where_it_stopped_and_its_model_moves(
    performances: list[Performance], voice: NDArray[np.float32], tmp_path: Path
):
    windows = Windows(long=(HISTORY + 1, 2), short=(30, 4))
    model, state = tmp_path / "generator.zip", tmp_path / "state.pt"
    done = []
    for steps in (2, 5):
        recipe = Recipe(steps=steps, copies=2, windows=windows, **SMALL)
        facts = train_generator(performances, recipe, model, state, 5, Disturber())
        done.append(facts["steps"])
        assert np.isfinite(list(facts.values())).all()
    assert done == [2, 5]
    stream = Generator(1, model=model)
    motion = stream.append(voice[:8000])
    assert len(motion) == 11
    assert np.isfinite(motion.dynamics).all()


def test_without_clips_there_is_nothing_to_learn(tmp_path: Path):
    with pytest.raises(GiocondaError, match="no clip can be used"):
        train_generator([], Recipe(), tmp_path / "g.zip", tmp_path / "s.pt", 1, Disturber())
