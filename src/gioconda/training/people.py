"""Who is kept for the sync judge."""

import hashlib
from typing import Final

JUDGES: Final = 0.25  # part of the people that only the sync judge learns from


def for_judge(person: str) -> bool:
    """Whether the sync judge learns from this person, and neither encoder nor generator does."""
    digest = hashlib.sha256(person.encode()).digest()
    return digest[0] < 256 * JUDGES
