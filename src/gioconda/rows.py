"""Rows of large pictures that are not as they were, so that the others are left alone."""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

_Kept = TypeVar("_Kept")

STRIP: Final = 64  # rows, even: what is made of so many at a time stays in the cache


class Rows(NamedTuple):
    """Neighbouring rows of a picture, from the first to the one before the last number."""

    first: int
    end: int

    @property
    def slice(self) -> slice:
        """To take them out of a picture."""
        return slice(self.first, self.end)

    def __or__(self, other: "Rows") -> "Rows":
        """These, the others, and what is between them."""
        return Rows(min(self.first, other.first), max(self.end, other.end))

    def grown(self, by: int, height: int, step: int = 1) -> "Rows":
        """With more on both sides, to multiples of `step`, as far as a picture reaches."""
        first = max(0, (self.first - by) // step * step)
        return Rows(first, min(height, -(-(self.end + by) // step) * step))


class Turns(Generic[_Kept]):
    """Memory for several pictures that is filled in turn, each time as far as it is not up to date.

    Args:
        make: makes the memory of one picture.
        count: of pictures.
        height: of a picture.
    """

    def __init__(self, make: Callable[[], _Kept], count: int, height: int) -> None:
        self._make, self._count, self._all = make, count, Rows(0, height)
        self._kept: list[_Kept] = []
        self._stale: list[Rows] = []
        self._turn = -1

    def next(self, changed: Rows | None) -> tuple[_Kept, Rows]:
        """The memory whose turn it is, and what is to be filled in there.

        Args:
            changed: what is other in the picture that goes in than in the one before; None for all.
        """
        changed = changed or self._all
        self._stale = [rows | changed for rows in self._stale]
        if len(self._kept) < self._count:
            self._kept.append(self._make())
            self._stale.append(self._all)
        self._turn = (self._turn + 1) % self._count
        stale, self._stale[self._turn] = self._stale[self._turn], changed
        return self._kept[self._turn], stale
