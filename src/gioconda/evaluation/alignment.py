"""How well forced alignment finds phones whose times are known."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import numpy as np

from gioconda.data.phones import CLOSURES, SILENCE, Phone
from gioconda.data.spoken.alignment import align
from gioconda.data.spoken.utterances import read_spoken
from gioconda.errors import GiocondaError
from gioconda.media import FPS

_FRAME: Final = 1000 / FPS  # ms


@dataclass
class _Errors:
    """Of one kind of phones: how many there are, and errors of the matched in ms, (2 each)."""

    phones: int = 0
    found: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        errors = np.array(self.found)
        sizes = np.abs(errors)
        return {
            "phones": float(self.phones),
            "matched": 50 * len(errors) / self.phones,
            "median": float(np.median(sizes)),
            "p90": float(np.percentile(sizes, 90)),
            "mean": float(sizes.mean()),
            "bias": float(np.median(errors)),
            "frame": 100 * float((sizes <= _FRAME).mean()),
        }


def evaluate_alignment(
    spoken: Path, every: int = 1, report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Times of phones that `align` finds against those that the voices spoke by.

    The phones of the two are matched by their order; pauses do not count. The errors are those
    of the starts and ends of the matched phones.

    Args:
        spoken: folder of a set that `prepare_spoken` made.
        every: take every n-th utterance.
        report: called with utterances done and utterances in all.

    Returns:
        `utterances`, how many were aligned; `refused`, how many were taken not to fit their
        text; and `errors`, by voice, for the "closures" P, B and M, and for "all", without those
        of which none was matched: `phones`, how many were said; `matched`, how many of them were
        matched, in percent; `median`, `p90` and `mean` of the absolute error and `bias`, the
        median of the error, positive where found too late, in ms; `frame`, how many errors are
        at most a frame of video, in percent.

    Raises:
        GiocondaError: if the folder holds no such set, or if no utterance could be aligned.
    """
    said = [u for split in ("train", "val") for u in read_spoken(spoken, split)][::every]
    errors: dict[str, _Errors] = defaultdict(_Errors)
    refused: list[str] = []
    for done, utterance in enumerate(said, 1):
        report(done, len(said))
        try:
            found = align(utterance.pcm, utterance.text)
        except GiocondaError as error:
            refused.append(str(error))
            continue
        for kinds, late in _compare(utterance.phones, found):
            for kind in (str(utterance.voice), *kinds):
                errors[kind].phones += 1
                errors[kind].found += late
    if not errors:
        raise GiocondaError(f"nothing could be aligned; the first reason: {refused[0]}")
    names = [*sorted(set(errors) - {"closures", "all"}), "closures", "all"]
    return {
        "utterances": len(said) - len(refused),
        "refused": len(refused),
        "errors": {name: errors[name].figures() for name in names if errors[name].found},
    }


def _compare(
    exact: Sequence[Phone], found: Sequence[Phone]
) -> list[tuple[tuple[str, ...], list[float]]]:
    """For each phone that was said: its kinds, and the errors of start and end in ms, if found."""
    exact = [phone for phone in exact if phone.name != SILENCE]
    found = [phone for phone in found if phone.name != SILENCE]
    late: dict[int, list[float]] = {}
    matcher = SequenceMatcher(a=_names(exact), b=_names(found), autojunk=False)
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            a, b = exact[block.a + i], found[block.b + i]
            late[block.a + i] = [1000 * (b.start - a.start), 1000 * (b.end - a.end)]
    return [
        (("all", "closures") if phone.name in CLOSURES else ("all",), late.get(i, []))
        for i, phone in enumerate(exact)
    ]


def _names(phones: Sequence[Phone]) -> list[str]:
    return [phone.name for phone in phones]
