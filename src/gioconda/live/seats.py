"""Seats: how many sessions there are, how many of them one address has, and who is next."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gioconda.live.errors import RefusalError

THIS_MACHINE: Final = "local"  # an address that may have all seats
_PATIENCE: Final = 15.0  # seconds after which a place in the queue is lost that nobody asks for
_TICKETS: Final = 1000  # in the queue at most,
_OF_ONE: Final = 4  # and of one address
_ASK: Final = ((3, 2), (10, 5))  # up to this place, ask again after so many seconds; else
_ASK_LATER: Final = 10


def share(total: int, address: str) -> int:
    """How many of `total` one address may have: half, rounded up; this machine all."""
    return total if address == THIS_MACHINE else (total + 1) // 2


@contextmanager
def counted(held: Counter[str], address: str) -> Iterator[None]:
    """One more is held by an address, until the block ends."""
    held[address] += 1
    try:
        yield
    finally:
        held[address] -= 1
        if not held[address]:
            del held[address]


@dataclass
class _Ticket:
    """A place in the queue; it counts from the second time that it is asked for."""

    address: str
    asked: float
    waits: bool = False


class Seats:
    """The seats of a server, and the queue for them. Any thread may call it.

    Args:
        total: how many there are.
        each: how many one address may have; None for half of them, rounded up. This machine
            itself may have all, unless a number is given.
        clock: seconds since some moment.
    """

    def __init__(
        self, total: int, each: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self._each, self._clock = total, each, clock
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()
        self._tickets: dict[str, _Ticket] = {}  # in the order in which they were given

    def __len__(self) -> int:
        """Seats that are taken."""
        return self._taken.total()

    @property
    def waiting(self) -> int:
        """How many wait in the queue."""
        return sum(each.waits for each in self._tickets.values())

    def take(self, address: str, ticket: str | None = None) -> None:
        """Take a seat, to be given back by `leave`.

        Args:
            address: of the client.
            ticket: what an earlier refusal gave it: it keeps its place by asking with it.

        Raises:
            RefusalError: if no seat is free, those before it in the queue counted; it names its
                place, a ticket, and when to ask again. Or if the address has its share.
        """
        with self._lock:
            self._forget()
            self._check_share(address)
            found = self._tickets.get(ticket or "")
            if found is not None:
                found.asked, found.waits = self._clock(), True
            ahead = 0
            for each in self._tickets.values():
                if each is found:
                    break
                ahead += each.waits
            if ahead >= self.total - len(self):
                raise self._busy(address, ticket if found else None, ahead + 1)
            self._tickets.pop(ticket or "", None)
            self._taken[address] += 1

    def leave(self, address: str) -> None:
        """Give a seat back."""
        with self._lock:
            self._taken[address] -= 1
            self._taken += Counter()  # without those that have none

    def _check_share(self, address: str) -> None:
        each = self._each or share(self.total, address)
        if (has := self._taken[address]) >= each and has < self.total:
            message = (
                f"your address has {has} of {self.total} sessions, as many as one may have here;"
                " end one first"
            )
            raise RefusalError(429, "too-many-sessions", message, retry_after=_ASK_LATER)

    def _busy(self, address: str, ticket: str | None, place: int) -> RefusalError:
        message = f"all {self.total} sessions of this server are in use; try again later"
        mine = sum(each.address == address for each in self._tickets.values())
        if ticket is None and mine < _OF_ONE and len(self._tickets) < _TICKETS:
            ticket = secrets.token_urlsafe(12)
            self._tickets[ticket] = _Ticket(address, self._clock())
        if ticket is None:
            return RefusalError(503, "busy", message)
        seconds = next((after for most, after in _ASK if place <= most), _ASK_LATER)
        message = f"all {self.total} sessions of this server are in use; you are number {place}"
        more = {"place": place, "ticket": ticket, "retry_after": seconds}
        return RefusalError(503, "busy", f"{message} in the queue", **more)

    def _forget(self) -> None:
        oldest = self._clock() - _PATIENCE
        self._tickets = {i: each for i, each in self._tickets.items() if each.asked >= oldest}
