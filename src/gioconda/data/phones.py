"""The sounds of English speech, their times, and what the lips do in them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

SILENCE: Final = "SIL"
# fmt: off
PHONES: Final = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
)
# fmt: on
"""The 39 phones of the CMU Pronouncing Dictionary, by their ARPAbet names without stress."""

CLOSURES: Final = ("P", "B", "M")  # the lips meet
TOUCHES: Final = ("F", "V")  # the lower lip meets the upper teeth
VOWELS: Final = frozenset(name for name in PHONES if name[0] in "AEIOU")
ROUND: Final = ("UW", "UH", "OW", "OY", "ER")  # vowels between narrow, rounded lips
LABEL: Final = {name: i for i, name in enumerate((SILENCE, *PHONES))}  # as a network counts them

_OTHER_NAMES: Final = {"AX": "AH", "PAU": SILENCE}


@dataclass(frozen=True)
class Phone:
    """A sound and its times.

    Attributes:
        name: one of `PHONES`, or `SILENCE`.
        start: seconds from the beginning of the recording.
        end: seconds, after the start.

    Raises ValueError if the name is none of these, or the end not after the start.
    """

    name: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if self.name != SILENCE and self.name not in PHONES:
            raise ValueError(f"a phone is {SILENCE} or one of {' '.join(PHONES)}; not {self.name}")
        if not 0 <= self.start < self.end:
            raise ValueError(f"{self.name} lasts from {self.start} s to {self.end} s")


def arpabet(name: str) -> str:
    """The name in `PHONES`, or `SILENCE`, for what flite or festival calls a segment.

    >>> arpabet("ax"), arpabet("ow1"), arpabet("pau")
    ('AH', 'OW', 'SIL')
    """
    plain = re.sub(r"\d", "", name).upper()
    return _OTHER_NAMES.get(plain, plain)


def count_phones(
    utterances: Iterable[Sequence[Phone]],
) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """How often each phone and each pair of neighbours is spoken; silences do not count."""
    phones = Counter[str]()
    pairs = Counter[tuple[str, str]]()
    for utterance in utterances:
        names = [phone.name for phone in utterance]
        phones.update(name for name in names if name != SILENCE)
        pairs.update(pair for pair in pairwise(names) if SILENCE not in pair)
    return phones, pairs
