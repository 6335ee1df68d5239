"""Which licences let a clip into a training set that is marked for release."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from gioconda.errors import GiocondaError

# As SPDX writes them, in lower case; a version or a remark may follow.
# fmt: off
_FREE: Final = (
    "0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0",
    "cc-by-4.0", "cc-by-sa", "cc0", "isc", "mit", "pddl", "public domain", "unlicense",
)
# fmt: on
_RESERVED: Final = re.compile(
    r"\b(nc|nd|non[- ]?commercial|no[- ]?deriv\w*|not for|only|academic|all rights reserved)\b"
)


def is_free(licence: str) -> bool:
    """Whether a licence, by its SPDX name, lets anybody train on the clip and share the result.

    A licence that is missing or unknown does not.

    >>> is_free("CC-BY-4.0 (GRID corpus)"), is_free("CC-BY-NC-4.0"), is_free("")
    (True, False, False)
    """
    text = re.sub(r"^cc[ -]by[ -]", "cc-by-", licence.strip().lower())
    if _RESERVED.search(text):
        return False
    return any(
        re.match(rf"{re.escape(free)}(?![\w.])|{re.escape(free)}[- ]\d", text) for free in _FREE
    )


def check_release(licences: Iterable[tuple[str, str]], allowed: Collection[str]) -> None:
    """Refuse a release that holds what may not be released.

    Args:
        licences: (name of the video, its licence).
        allowed: licences that the user has allowed by name.

    Raises:
        GiocondaError: naming each licence that stands in the way, and one of its videos.
    """
    refused: dict[str, list[str]] = {}
    for name, licence in licences:
        if not is_free(licence) and licence not in allowed:
            refused.setdefault(licence, []).append(name)
    if not refused:
        return
    found = "; ".join(
        f"'{licence or 'no licence'}' of {len(names)} videos ({names[0]} is one)"
        for licence, names in sorted(refused.items())
    )
    raise GiocondaError(
        f"a set for release cannot contain these: {found}; leave them out, or say with "
        "--allow-licence that you hold the rights"
    )
