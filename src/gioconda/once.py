"""Things that are made once, whoever asks first, and things that are made ahead."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Made = TypeVar("_Made")


def once(make: Callable[_Asked, _Made]) -> Callable[_Asked, _Made]:
    """As `functools.cache`, for threads: while one makes it, the others wait for that one.

    What fails is tried again when it is asked for again. Arguments are positional.
    """
    lock = Lock()
    made: dict[tuple[object, ...], Future[_Made]] = {}

    @wraps(make)
    def get(*asked: _Asked.args, **named: _Asked.kwargs) -> _Made:
        with lock:
            first = asked not in made
            future = made.setdefault(asked, Future())
        if first:
            try:
                future.set_result(make(*asked, **named))
            except BaseException as error:
                with lock:
                    del made[asked]
                future.set_exception(error)
        return future.result()

    return get


def ahead(things: Iterator[_Made], most: int) -> Iterator[_Made]:
    """The same, made in a thread of its own, from now on and at most so many before they are asked
    for. Closing it ends the thread, whether anything was taken or not.
    """
    maker, end = ThreadPoolExecutor(1), object()
    waiting = deque(maker.submit(next, things, end) for _ in range(most))

    def taken() -> Iterator[_Made]:
        try:
            yield end  # type: ignore[misc]  # for only what has begun can be closed
            while (thing := waiting.popleft().result()) is not end:
                waiting.append(maker.submit(next, things, end))
                yield thing  # type: ignore[misc]
        finally:
            maker.shutdown(cancel_futures=True)

    begun = taken()
    next(begun)
    return begun
