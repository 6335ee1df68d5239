"""How well forced alignment finds phones whose times are known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import numpy as np

from gioconda.data.phones import CLOSURES, SILENCE, Phone
from gioconda.data.spoken.alignment import align
from gioconda.data.spoken.utterances import read_spoken
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, counted, measure, silent
from gioconda.media import FPS

_FRAME: Final = 1000 / FPS  # ms


@dataclass(frozen=True)
class AlignmentErrors:
    """Absolute errors of the starts and ends of the phones of one kind, and their bias."""

    phones: int = measure("phones", form="d")
    matched: float = measure("matched", "%", ".1f")
    median: float = measure("median", "ms", ".1f")
    p90: float = measure("p90", "ms", ".1f")
    mean: float = measure("mean", "ms", ".1f")
    bias: float = measure("bias", "ms", ".1f")  # median error, positive where found too late
    within_frame: float = measure("within a frame", "%", ".1f")


@dataclass(frozen=True)
class Alignment:
    """Errors by voice, and of "closures" (p, b, m) and of "all", where any was matched."""

    utterances: int  # that were aligned
    refused: int  # that were taken not to fit their text
    errors: dict[str, AlignmentErrors]


def evaluate_alignment(spoken: Path, every: int = 1, report: Report = silent) -> Alignment:
    """Times of phones that `align` finds against those that the voices spoke by.

    The phones of the two are matched by their order; pauses do not count. The errors are those
    of the starts and ends of the matched phones.

    Args:
        spoken: folder of a set that `prepare_spoken` made.
        every: take every n-th utterance.
        report: called with utterances done and utterances in all.

    Raises:
        GiocondaError: if the folder holds no such set, or if no utterance could be aligned.
    """
    utterances = [u for split in ("train", "val") for u in read_spoken(spoken, split)][::every]
    kinds: dict[str, list[list[float]]] = defaultdict(list)
    refused: list[str] = []
    for utterance in counted(utterances, report):
        try:
            found = align(utterance.pcm, utterance.text)
        except GiocondaError as error:
            refused.append(str(error))
            continue
        for names, late in _compare(utterance.phones, found):
            for kind in (str(utterance.voice), *names):
                kinds[kind].append(late)
    if not kinds:
        raise GiocondaError(f"nothing could be aligned; the first reason: {refused[0]}")
    order = [*sorted(set(kinds) - {"closures", "all"}), "closures", "all"]
    return Alignment(
        utterances=len(utterances) - len(refused),
        refused=len(refused),
        errors={kind: _summary(kinds[kind]) for kind in order if any(kinds[kind])},
    )


def _summary(late: Sequence[Sequence[float]]) -> AlignmentErrors:
    """Of the errors of start and end of each phone, none where it was not found."""
    errors = np.concatenate(late)
    sizes = np.abs(errors)
    return AlignmentErrors(
        phones=len(late),
        matched=50 * len(errors) / len(late),
        median=float(np.median(sizes)),
        p90=float(np.percentile(sizes, 90)),
        mean=float(sizes.mean()),
        bias=float(np.median(errors)),
        within_frame=100 * float((sizes <= _FRAME).mean()),
    )


def _compare(
    exact: Sequence[Phone], found: Sequence[Phone]
) -> list[tuple[tuple[str, ...], list[float]]]:
    """For each spoken phone: its kinds, and the errors of start and end in ms, if found."""
    exact = [phone for phone in exact if phone.name != SILENCE]
    found = [phone for phone in found if phone.name != SILENCE]
    late: dict[int, list[float]] = {}
    a, b = ([phone.name for phone in phones] for phones in (exact, found))
    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            one, other = exact[block.a + i], found[block.b + i]
            starts, ends = other.start - one.start, other.end - one.end
            late[block.a + i] = [1000 * starts, 1000 * ends]
    return [
        (("all", "closures") if phone.name in CLOSURES else ("all",), late.get(i, []))
        for i, phone in enumerate(exact)
    ]
