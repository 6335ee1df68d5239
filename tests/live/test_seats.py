"""Who gets a seat, on a clock of the test's own."""

import pytest

from gioconda.live.errors import RefusalError
from gioconda.live.seats import THIS_MACHINE, Seats


class Room:
    """Seats, and clients who ask for them."""

    def __init__(self, total, each=None):
        self.now = 0.0
        self.seats = Seats(total, each, lambda: self.now)

    def ask(self, address, ticket=None):
        """None, or why not."""
        try:
            return self.seats.take(address, ticket)
        except RefusalError as error:
            return error.body()


def test_one_address_cannot_have_all_seats():
    room = Room(4)
    assert [room.ask("a") for _ in range(2)] == [None, None]
    refused = room.ask("a")
    assert (refused["code"], refused["retry_after"]) == ("too-many-sessions", 10)
    assert "2 of 4 sessions" in refused["error"]
    assert [room.ask("b") for _ in range(2)] == [None, None]
    assert room.ask("c")["code"] == "busy"
    room.seats.leave("a")
    assert room.ask("c") is None


def test_this_machine_may_have_all_seats_unless_a_number_is_given():
    room = Room(3)
    assert [room.ask(THIS_MACHINE) for _ in range(3)] == [None] * 3
    room = Room(3, each=1)
    room.ask(THIS_MACHINE)
    assert room.ask(THIS_MACHINE)["code"] == "too-many-sessions"


def test_who_waits_gets_the_next_seat_in_order():
    room = Room(1)
    room.ask("first")
    tickets = [room.ask(name)["ticket"] for name in ("b", "c")]
    assert [room.ask("b", tickets[0])["place"], room.ask("c", tickets[1])["place"]] == [1, 2]
    assert room.seats.waiting == 2
    assert "you are number 3 in the queue" in room.ask("d")["error"]
    room.seats.leave("first")
    assert room.ask("first")["place"] == 3  # again, but not before those who wait
    assert room.ask("c", tickets[1])["place"] == 2
    assert room.ask("b", tickets[0]) is None
    assert room.ask("c", tickets[1])["place"] == 1
    room.seats.leave("b")
    assert room.ask("c", tickets[1]) is None
    assert room.seats.waiting == 0


def test_a_place_that_nobody_asks_for_is_lost():
    room = Room(1)
    room.ask("a")
    gone, stays = (room.ask(name)["ticket"] for name in ("b", "c"))
    for ticket in (gone, stays):
        room.ask("x", ticket)
    for _ in range(4):
        room.now += 5
        room.ask("x", stays)
    room.seats.leave("a")
    assert room.ask("x", stays) is None
    room.seats.leave("x")
    assert room.ask("b", gone) is None  # as anybody


def test_who_asks_without_a_ticket_holds_up_nobody():
    room = Room(1)
    room.ask("a")
    for _ in range(50):
        room.ask("rude")
    room.seats.leave("a")
    assert room.ask("b") is None
    assert len(room.seats._tickets) == 4


@pytest.mark.parametrize("ticket", ["", "none", "x" * 64])
def test_a_ticket_that_is_none_is_no_place(ticket):
    room = Room(1)
    assert room.ask("a", ticket) is None
    assert room.ask("b", ticket)["place"] == 1
