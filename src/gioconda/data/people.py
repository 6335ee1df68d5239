"""Who is kept for the judges."""

import hashlib
from typing import Final

JUDGES: Final = 0.25  # part of the people that only the sync judge learns from


def for_judge(person: str) -> bool:
    """Whether the sync judge learns from this person, and neither encoder nor generator does."""
    digest = hashlib.sha256(person.encode()).digest()
    return digest[0] < 256 * JUDGES


def judges_heads(person: str, long: bool) -> bool:
    """Whether the head judge learns from this person.

    The sync judge's people, of whom the generator learns no lips, though it learns how their heads
    move in long clips; and those who have none, of whose heads it learns nothing.

    Args:
        person: the name.
        long: whether the person has a clip that is long enough to tell how a head moves.
    """
    return for_judge(person) or not long
