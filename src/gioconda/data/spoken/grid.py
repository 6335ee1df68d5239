"""Sentences of the GRID corpus, which the names of its files spell.

Every sentence is command, colour, preposition, letter, digit, adverb; a file's name has the first
letter of each (Cooke et al., An audio-visual corpus for speech perception and automatic speech
recognition, J. Acoust. Soc. Am. 120, 2006). The letter W is never spoken, as it is too long.
"""

import re
from typing import Final

_WORDS: Final = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(
        zip(
            "z123456789",
            "zero one two three four five six seven eight nine".split(),  # noqa: SIM905
            strict=True,
        )
    ),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
_CODE: Final = re.compile(
    "(?<![a-z0-9])" + "".join(f"([{''.join(words)}])" for words in _WORDS) + "(?![a-z0-9])"
)


def grid_sentence(address: str) -> str | None:
    """The sentence of a clip of GRID, by the name of its file; None if that is no such name.

    >>> grid_sentence("data/s1/pgwl3a.mpg"), grid_sentence("s2_bbbs6a_ref.webm")
    ('place green with l three again', 'bin blue by s six again')
    """
    codes = _CODE.findall(address.replace("_", "/"))
    if not codes:
        return None
    return " ".join(words[letter] for words, letter in zip(_WORDS, codes[-1], strict=True))
