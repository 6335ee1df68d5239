"""An experiment is a file of a few lines that gives a recipe other numbers:

from gioconda.training.judge.recipe import Recipe

recipe = Recipe(rate=5e-4, clips=64)
"""

import runpy
from pathlib import Path
from typing import Any, TypeVar

from gioconda.errors import GiocondaError

_Recipe = TypeVar("_Recipe")


def read_recipe(file: Path, kind: type[_Recipe]) -> _Recipe:
    """The recipe that a Python file defines; the file is run.

    Args:
        file: the experiment.
        kind: the `Recipe` of what is trained.

    Raises:
        GiocondaError: if the file cannot be run, or defines no such recipe.
    """
    try:
        names: dict[str, Any] = runpy.run_path(str(file))
    except OSError as error:
        raise GiocondaError(f"cannot read {file} ({error.strerror})") from error
    except Exception as error:
        raise GiocondaError(f"{file} fails: {type(error).__name__}: {error}") from error
    recipe = names.get("recipe")
    if not isinstance(recipe, kind):
        raise GiocondaError(
            f"{file} defines no recipe of this training; give it the lines"
            f" `from {kind.__module__} import Recipe` and `recipe = Recipe(...)`"
        )
    return recipe
