"""How a recipe says what it is doing."""

from collections.abc import Callable
from typing import TypeAlias

Report: TypeAlias = Callable[[str, float], None]  # what is being done; how much is, 0 to 1


def silent(stage: str, part: float) -> None:
    """Reports nothing."""
