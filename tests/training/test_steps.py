"""A training's state: kept whole, and refused where it is another's."""

import pytest
import torch
from torch import nn

from gioconda.errors import GiocondaError
from gioconda.training.steps import keep, resume


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "c.pt"


def test_a_state_comes_back(checkpoint):
    assert resume(checkpoint, net=nn.Linear(2, 3)) is None
    net, later = nn.Linear(2, 3), nn.Linear(2, 3)
    keep(checkpoint, {"step": 7}, net=net)
    assert resume(checkpoint, net=later)["step"] == 7
    assert torch.equal(net.weight, later.weight)


@pytest.mark.parametrize(
    "state",
    [
        torch.zeros(3),
        {"step": 1},
        {"net": 3},
        {"net": {"weight": torch.zeros(3)}},
        {"net": nn.Linear(2, 4).state_dict()},
    ],
)
def test_another_nets_is_refused(checkpoint, state):
    torch.save(state, checkpoint)
    with pytest.raises(GiocondaError, match="of a training of another net"):
        resume(checkpoint, net=nn.Linear(2, 3))


def test_what_is_no_checkpoint_is_refused(checkpoint):
    torch.save({"net": nn.Linear(2, 3).state_dict()}, checkpoint)
    whole = checkpoint.read_bytes()
    for broken in (b"steps: 3", whole[:-40], whole[:200] + bytes(200) + whole[400:]):
        checkpoint.write_bytes(broken)
        with pytest.raises(GiocondaError, match="give another --checkpoint"):
            resume(checkpoint, net=nn.Linear(2, 3))


def test_a_full_gpu_is_no_other_net(checkpoint):
    class Full(nn.Linear):
        def load_state_dict(self, *args, **more):
            raise torch.OutOfMemoryError

    keep(checkpoint, {"step": 1}, net=nn.Linear(2, 3))
    with pytest.raises(torch.OutOfMemoryError):
        resume(checkpoint, net=Full(2, 3))
