"""What is trained follows the options, the experiment's file, and the recipe, in this order."""

from pathlib import Path

import pytest

from gioconda.cli import main

pytest.importorskip("torch")
pytest.importorskip("scipy")

from gioconda.training import bank

_LINE = ["train", "bank", "SET", "-o", "bank.safetensors"]


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bank.Recipe]:
    """The recipes that a training was called with; nothing is trained."""
    monkeypatch.chdir(tmp_path)
    found = []

    def train(clips: object, recipe: bank.Recipe, output: Path, report: object) -> dict[str, float]:
        found.append(recipe)
        output.write_bytes(b"a bank")
        return {"stretches": 3}

    monkeypatch.setattr(bank, "train_bank", train)
    monkeypatch.setattr("gioconda.cli.train.read_split", lambda args, split: [])
    return found


def test_without_more_it_is_the_released_recipe(
    recipes: list[bank.Recipe], capsys: pytest.CaptureFixture[str]
):
    assert main(_LINE) == 0
    assert recipes == [bank.Recipe()]
    assert capsys.readouterr().out == "bank.safetensors: stretches 3\n"


def test_an_experiment_changes_it(recipes: list[bank.Recipe]):
    Path("short.py").write_text(
        "from gioconda.training.bank import Recipe\nrecipe = Recipe(least=50)\n"
    )
    assert main([*_LINE, "--recipe", "short.py"]) == 0
    assert recipes == [bank.Recipe(least=50)]


def test_an_experiment_of_another_training_is_refused(
    recipes: list[bank.Recipe], capsys: pytest.CaptureFixture[str]
):
    Path("other.py").write_text(
        "from gioconda.training.basis import Recipe\nrecipe = Recipe(name='other')\n"
    )
    assert main([*_LINE, "--recipe", "other.py"]) == 2
    assert "`from gioconda.training.bank import Recipe`" in capsys.readouterr().err
    assert not recipes
    assert not Path("bank.safetensors").exists()


def test_an_option_comes_before_an_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from gioconda.training import basis

    found = []

    def train(
        clips: object, wheel: Path, recipe: basis.Recipe, output: Path, report: object
    ) -> dict[str, float]:
        found.append(recipe)
        output.write_bytes(b"a basis")
        return {"people": 1}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(basis, "train_basis", train)
    monkeypatch.setattr("gioconda.cli.train.read_split", lambda args, split: [])
    Path("mine.py").write_text(
        "from gioconda.training.basis import Recipe\nrecipe = Recipe(name='a', identities=8)\n"
    )
    Path("some.whl").touch()
    line = ["train", "basis", "SET", "--wheel", "some.whl", "-o", "b.safetensors"]
    assert main([*line, "--recipe", "mine.py", "--name", "b"]) == 0
    assert found == [basis.Recipe(name="b", identities=8)]
