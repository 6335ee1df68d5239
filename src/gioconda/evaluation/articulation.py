"""How far a face goes when it speaks: lips, brows and lids, against the same person's real ones.

By the family of the clip: speakers who articulate (speeches, the GRID corpus), news presenters,
who are many but say little with their faces, and others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gioconda.data.videos.blinks import blinks
from gioconda.evaluation.results import EYES, measure
from gioconda.evaluation.trials import Trial
from gioconda.face import measure as face
from gioconda.face.basis import Basis
from gioconda.face.lids import Lids
from gioconda.motion import Motion

ARTICULATED, PRESENTERS, OTHERS = "articulated", "presenters", "others"
# Parts of the names of sources, in lower case.
_FAMILIES: Final = {
    PRESENTERS: ("arabic-lip-reading", "lrc-ar", "lrcar"),
    ARTICULATED: (
        *("grid", "lipnet", "sam-0927"),
        *("hdtf", "imtalker", "sadtalker", "video-retalking", "edtalk", "real3dportrait"),
    ),
}
_BLINK_MARGIN: Final = 2  # frames about a blink in which lids are on their way
_LOW: Final = 0.8  # of the usual opening of the lids
_STILL: Final = 1e-4  # inter-ocular distances; no ratio is told to what is smaller

T = TypeVar("T")


@dataclass(frozen=True)
class Articulation:
    """How far the lips go, in percent of the inter-ocular distance; spreads are deviations."""

    width: float = measure("mouth width, spread", EYES)
    protrusion: float = measure("lip protrusion, spread", EYES)
    advance: float = measure("lip advance, spread", EYES)
    opening: float = measure("mouth opening, spread", EYES)
    median: float = measure("mouth opening, median", EYES)
    wide: float = measure("mouth opening, 95th percentile", EYES)
    widest: float = measure("mouth opening, largest", EYES)
    brows: float = measure("brow height, spread", EYES)

    def lips(self) -> float:
        """How far the lips move: the geometric mean of what `gioconda train lips` goes by."""
        spreads = np.array([self.width, self.advance, self.opening])
        return float(np.exp(np.log(spreads + 100 * _STILL).mean()))


@dataclass(frozen=True)
class Compared(Generic[T]):
    """A result, and what it is to the real one, field by field; None for the real one itself."""

    value: T
    ratio: T | None = None


@dataclass(frozen=True)
class LowLids:
    """Share of frames in which the lids are under 0.8 of what is usual for the face."""

    outside_blinks: float = measure("lids under 80 % outside blinks", "% of frames", ".1f")
    all_frames: float = measure("lids under 80 %, blinks too", "% of frames", ".1f")


def family(source: str) -> str:
    """What kind of speakers a source has: `ARTICULATED`, `PRESENTERS` or `OTHERS`.

    >>> family("Essa-Ramzy/Arabic-Lip-Reading"), family("TVR28/LipNet"), family("mine")
    ('presenters', 'articulated', 'others')
    """
    name = source.lower()
    for kind, parts in _FAMILIES.items():
        if any(part in name for part in parts):
            return kind
    return OTHERS


def by_family(trials: Sequence[Trial]) -> dict[str, list[int]]:
    """Which trials each family has, those with trials only."""
    found: dict[str, list[int]] = {name: [] for name in (ARTICULATED, PRESENTERS, OTHERS)}
    for i, trial in enumerate(trials):
        found[family(trial.source)].append(i)
    return {name: rows for name, rows in found.items() if rows}


# --- how far ---


def articulation(motion: Motion, neutral: NDArray[np.float32], basis: Basis) -> Articulation:
    """How far the lips and brows of one clip's motion go on a face (478, 3)."""
    faces = basis.rebuild(motion.dynamics, neutral)
    shape, opening = face.lip_shape(faces), face.mouth_opening(faces)
    return Articulation(
        width=100 * float(shape[:, 0].std()),
        protrusion=100 * float(shape[:, 2].std()),
        advance=100 * float(face.lip_advance(faces).std()),
        opening=100 * float(opening.std()),
        median=100 * float(np.median(opening)),
        wide=100 * float(np.quantile(opening, 0.95)),
        widest=100 * float(opening.max()),
        brows=100 * float(face.brow_height(faces).std()),
    )


def compared(found: Sequence[T], real: Sequence[T] | None = None) -> Compared[T]:
    """Medians over clips, and the medians of each clip's ratio to its real one.

    Args:
        found: results of one kind, at least one.
        real: of the same clips, if `found` are not the real ones.
    """
    kind: Any = type(found[0])
    names = [each.name for each in fields(kind)]
    values = {name: float(np.median([getattr(one, name) for one in found])) for name in names}
    if real is None:
        return Compared(kind(**values))
    ratios = {}
    for name in names:
        pairs = [(getattr(a, name), getattr(b, name)) for a, b in zip(found, real, strict=True)]
        known = [made / true for made, true in pairs if true > 100 * _STILL]
        ratios[name] = float(np.median(known)) if known else float("nan")
    return Compared(kind(**values), kind(**ratios))


# --- lids ---


def usual_lids(trials: Sequence[Trial], basis: Basis) -> dict[str, float]:
    """How open each person's lids usually are: the median outside blinks of the real motion."""
    found: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for trial in trials:
        lids = _lids(trial.spoken, trial.neutral, basis)
        apart = ~in_blinks(lids)
        found[trial.person].append(lids.mean(1)[apart if apart.any() else slice(None)])
    return {person: float(np.median(np.concatenate(parts))) for person, parts in found.items()}


def as_worn(motion: Motion, trial: Trial, usual: Mapping[str, float], basis: Basis) -> Motion:
    """Generated motion as a portrait of the trial's person, whose lids rest as usual, does it."""
    rest = usual[trial.person] / float(face.lid_opening(trial.neutral[None]).mean())
    lids = Lids(basis, trial.neutral, rest)
    return replace(motion, dynamics=lids(motion.dynamics))


def low_lids(
    trials: Sequence[Trial], motions: Sequence[Motion], usual: Mapping[str, float], basis: Basis
) -> LowLids:
    """How often the lids are low, over the frames of all trials.

    Args:
        trials: whose faces move.
        motions: of each.
        usual: opening of the lids by person, as `usual_lids` has it.
        basis: of the motions.
    """
    low, outside = [], []
    for trial, motion in zip(trials, motions, strict=True):
        lids = _lids(motion, trial.neutral, basis)
        low.append(lids.mean(1) < _LOW * usual[trial.person])
        outside.append(~in_blinks(lids))
    all_low, apart = np.concatenate(low), np.concatenate(outside)
    return LowLids(
        outside_blinks=100 * float(all_low[apart].mean()) if apart.any() else float("nan"),
        all_frames=100 * float(all_low.mean()),
    )


def in_blinks(lids: NDArray[np.float64]) -> NDArray[np.bool_]:
    """In which frames (T,) of lid openings (T, 2) a blink goes on, or two frames about it."""
    shut = np.zeros(len(lids), bool)
    for blink in blinks(lids, np.ones(len(lids), bool)):
        shut[max(0, blink.onset - _BLINK_MARGIN) : blink.end + 1 + _BLINK_MARGIN] = True
    return shut


def _lids(motion: Motion, neutral: NDArray[np.float32], basis: Basis) -> NDArray[np.float64]:
    return face.lid_opening(basis.rebuild(motion.dynamics, neutral))
