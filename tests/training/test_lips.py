from pathlib import Path

import numpy as np
import pytest

from gioconda.data.samples.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.generator.calibration import Calibration
from gioconda.generator.lips import Lips

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from gioconda.training.disturber import Disturber  # noqa: E402
from gioconda.training.lips import LipNet, Recipe, train_lips, write_lips  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = Recipe(steps=2, batch=4, width=16, layers=2, copies=1)


def small_net() -> LipNet:
    torch.manual_seed(0)
    net = LipNet(258, 14, width=16, layers=4, dropout=0.3).eval()
    net.fit(np.random.default_rng(0).normal(1, 2, (50, 258)).astype(np.float32))
    return net


def test_a_stream_says_what_the_whole_says(tmp_path: Path):
    net = small_net()
    write_lips(net, tmp_path / "lips.onnx")
    speech = torch.randn(1, 40, 258)
    with torch.no_grad():
        level = torch.tensor([np.log(1.5)], dtype=torch.float32)
        whole = net(speech, level, torch.ones(1, 40))[0].numpy()
        late = net(F.pad(speech, (0, 0, 7, 0)), level, F.pad(torch.ones(1, 40), (7, 0)))[0, 7:]
    lips = Lips(Calibration(articulation=1.5), tmp_path / "lips.onnx")
    stream = [lips.next(frame, 1.0) for frame in speech[0].numpy()]
    np.testing.assert_allclose(stream, whole, atol=5e-3)
    np.testing.assert_allclose(late, whole, atol=1e-5)  # nothing is heard before it begins


def test_beyond_what_clips_taught_articulation_is_a_gain(tmp_path: Path):
    write_lips(small_net(), tmp_path / "lips.onnx")
    calibration = Calibration(articulation=1.0, articulation_range=(0.5, 1.5))
    frame = np.ones(258, np.float32)
    none, little, much, most = (
        Lips(calibration, tmp_path / "lips.onnx").next(frame, dial) for dial in (0.0, 0.5, 1.5, 2.0)
    )
    assert not none.any()
    np.testing.assert_allclose(most, much / 1.5 * 2, rtol=1e-5)
    assert np.abs(much / 3 - little).max() > 1e-3  # between them it is learned


def test_training_goes_on_where_it_stopped(performances: list[Performance], tmp_path: Path):
    model, state = tmp_path / "lips.onnx", tmp_path / "state.pt"
    done = []
    for steps in (2, 4):
        recipe = Recipe(**{**vars(SMALL), "steps": steps})
        facts = train_lips(performances, recipe, model, state, 5, Disturber())
        done.append(facts["steps"])
        assert np.isfinite(list(facts.values())).all()
    assert done == [2, 4]
    made = Lips(Calibration(), model).next(np.zeros(258, np.float32), 1.0)
    assert np.isfinite(made).all()


def test_without_lips_there_is_nothing_to_learn(performances: list[Performance], tmp_path: Path):
    one = performances[0]
    silent = Performance(**{**vars(one), "own": np.zeros(len(one), bool)})
    with pytest.raises(GiocondaError, match="no clip has lips to learn from"):
        train_lips([silent], SMALL, tmp_path / "l.onnx", tmp_path / "s.pt", 1, Disturber())


def test_lips_that_do_not_move_cost():
    from gioconda.face.basis import released_basis
    from gioconda.training.mouth_loss import MouthLoss

    basis = released_basis()
    loss, moving = MouthLoss(basis), torch.randn(2, 30, basis.parts[2])
    still, gap = moving.mean(1, keepdim=True).expand_as(moving), torch.zeros(2)
    exact, mean, half = (loss(x, moving, gap) for x in (moving, still, moving / 2))
    assert float(exact["shape"]) == pytest.approx(0, abs=0.02)
    assert float(exact["spread"]) == pytest.approx(0, abs=0.02)
    assert float(half["shape"]) < 0.1 < float(half["spread"]) < float(mean["spread"])
    assert float(mean["shape"]) == pytest.approx(1, abs=0.05)
