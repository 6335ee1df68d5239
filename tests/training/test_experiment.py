from dataclasses import dataclass
from pathlib import Path

import pytest

from gioconda.errors import GiocondaError
from gioconda.training.experiment import read_recipe


@dataclass(frozen=True)
class Recipe:
    steps: int = 5


def test_a_file_gives_a_recipe_other_numbers(tmp_path: Path):
    file = tmp_path / "long.py"
    file.write_text(f"from {__name__} import Recipe\nrecipe = Recipe(steps=9)\n")
    assert read_recipe(file, Recipe) == Recipe(steps=9)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate = 3\n", "defines no recipe of this training; give it the lines `from .* import"),
        ("recipe = 3\n", "defines no recipe of this training"),
        ("recipe = Recipe(\n", "fails: SyntaxError"),
        ("recipe = Recipe(steps=9)\n", "fails: NameError"),
    ],
)
def test_a_file_without_a_recipe_is_refused(tmp_path: Path, text: str, problem: str):
    file = tmp_path / "wrong.py"
    file.write_text(text)
    with pytest.raises(GiocondaError, match=problem):
        read_recipe(file, Recipe)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(GiocondaError, match=r"cannot read .*none\.py \(No such file"):
        read_recipe(tmp_path / "none.py", Recipe)
