"""A training runs in slices; its state is kept whole, and refused where it is another's."""

import pytest
import torch
from torch import nn

from gioconda.errors import GiocondaError
from gioconda.training.steps import (
    Trainer,
    cosine,
    keep,
    resume,
    running_mean,
    settling,
    warm_up,
    weighted,
)


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "c.pt"


def test_a_state_comes_back(checkpoint):
    assert resume(checkpoint, net=nn.Linear(2, 3)) is None
    net, later = nn.Linear(2, 3), nn.Linear(2, 3)
    keep(checkpoint, {"step": 7}, net=net)
    facts = resume(checkpoint, net=later)
    assert facts is not None
    assert facts["step"] == 7
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
    with pytest.raises(GiocondaError, match="training another network"):
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


def test_rates_rise_and_fall():
    falling, settled = warm_up(2.0, 10, cosine), warm_up(2.0, 1, settling(0.4))
    assert falling(0, 0.0) == pytest.approx(0.2)
    assert falling(50, 0.5) == pytest.approx(1.0)
    assert [settled(7, done) for done in (0, 0.6, 0.8, 1)] == pytest.approx([2, 2, 1, 0])


def test_losses_without_a_weight_are_only_noted():
    losses = {"near": torch.tensor(2.0), "right": torch.tensor(100.0)}
    assert weighted(losses, {"near": 3.0, "unasked": 5.0}) == 6


class Descent:
    """A weight on its way to 3."""

    def __init__(self, checkpoint, steps, minutes=1.0, **more):
        torch.manual_seed(0)
        self.net = nn.Linear(1, 1, bias=False)
        self.average = running_mean(self.net, 0.5)
        optimizer = torch.optim.AdamW(self.net.parameters())
        self.trainer = Trainer(
            self.net,
            self.average,
            optimizer,
            warm_up(0.1, 2, cosine),
            checkpoint,
            steps,
            minutes,
            **more,
        )

    def run(self):
        done = []
        for step in self.trainer:
            loss = (self.net.weight - 3).square().sum()
            self.trainer.descend(loss)
            self.trainer.note({"far": loss})
            done.append(step)
        return done


def test_slices_give_what_the_whole_gives(tmp_path):
    whole = Descent(tmp_path / "whole.pt", 6)
    assert whole.run() == list(range(6))
    first = Descent(tmp_path / "c.pt", 6)
    for _, step in zip(range(4), first.trainer, strict=False):
        assert step < 4
        if step == 3:
            break
        first.trainer.descend((first.net.weight - 3).square().sum())
    first.trainer.keep()  # as if it had been stopped in the fourth step
    rest = Descent(tmp_path / "c.pt", 6)
    assert rest.trainer.resumed
    assert rest.run() == [3, 4, 5]
    assert torch.equal(rest.net.weight, whole.net.weight)
    assert torch.equal(rest.average.module.weight, whole.average.module.weight)
    assert Descent(tmp_path / "c.pt", 6).run() == []


def test_it_learns_and_says_how_far_it_is(tmp_path):
    told = []
    descent = Descent(tmp_path / "c.pt", 100, report=lambda stage, part: told.append((stage, part)))
    descent.run()
    assert told[49] == ("step 50", 0.5)
    assert told[-1] == ("step 100", 1.0)
    results = descent.trainer.results()
    assert results["steps"] == 100
    assert 0 < results["far"] < 4
    lines = (tmp_path / "c.log").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["50", "100"]


def test_no_minutes_no_step_but_a_checkpoint(tmp_path):
    assert Descent(tmp_path / "c.pt", 5, minutes=0).run() == []
    assert (tmp_path / "c.pt").exists()


def test_a_schedule_may_end_with_the_minutes(tmp_path):
    told = []
    descent = Descent(tmp_path / "c.pt", None, 0.005, report=lambda stage, part: told.append(part))
    assert len(descent.run()) > 1
    assert told == sorted(told)
    assert told[-1] <= 1


def test_numbers_of_the_recipe_are_kept_too(tmp_path):
    descent = Descent(tmp_path / "c.pt", 1)
    descent.trainer.facts["critic_from"] = 7
    descent.run()
    assert Descent(tmp_path / "c.pt", 1).trainer.facts == {"critic_from": 7}


def test_a_broken_gradient_never_reaches_the_checkpoint(tmp_path):
    descent = Descent(tmp_path / "c.pt", 1)
    next(iter(descent.trainer))
    with pytest.raises(RuntimeError, match="non-finite"):
        descent.trainer.descend(descent.net.weight.sum() * torch.nan)
