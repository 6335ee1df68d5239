"""A progress bar on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Report(Protocol):
    """Tells how far the work is, and what is done if that is no longer the first label."""

    def __call__(self, done: int, total: int, label: str | None = None) -> None: ...


@contextmanager
def progress_bar(label: str) -> Iterator[Report]:
    """Shows percent, time left and count on stderr; shows nothing where that is no terminal.

    Yields ``report(done, total)``, to be called as the work goes on. The total may be learned,
    or change, on the way::

        with progress_bar("frames") as report:
            for index, frame in enumerate(frames, start=1):
                ...
                report(index, len(frames))
    """
    if not sys.stderr.isatty():  # importing rich takes 30 ms
        yield lambda done, total, label=None: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    columns = [*Progress.get_default_columns(), MofNCompleteColumn()]
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=None)

        def report(done: int, total: int, label: str | None = None) -> None:
            progress.update(task, completed=done, total=total, description=label)

        yield report
