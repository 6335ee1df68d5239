"""Things that are made ahead."""

import threading
from collections.abc import Iterator

import pytest

from gioconda.once import ahead


@pytest.mark.parametrize("taken", [0, 1])
def test_who_closes_what_is_made_ahead_ends_its_thread(taken: int) -> None:
    """At once: what was to be made next is not made."""
    made, go_on, threads = list[int](), threading.Event(), threading.active_count()

    def things() -> Iterator[int]:
        for number in range(9):
            made.append(number)
            if number == taken:
                go_on.set()
                threading.Event().wait(1)
            yield number

    coming = ahead(things(), 3)
    assert [next(coming) for _ in range(taken)] == list(range(taken))
    assert go_on.wait(20)
    coming.close()  # type: ignore[attr-defined]
    assert len(made) == taken + 1
    assert threading.active_count() == threads


def test_what_is_made_ahead_is_the_same_and_so_is_its_error() -> None:
    def things() -> Iterator[int]:
        yield from range(5)
        raise OSError("the sixth")

    coming, found = ahead(things(), 3), list[int]()
    with pytest.raises(OSError, match="the sixth"):
        found.extend(coming)
    assert found == [*range(5)]
