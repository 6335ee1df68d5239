"""Which shape the mouth takes in which sound: open in "a", broad in "i", round in "u" and "o"."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.evaluation.lips import SpokenMotion, lips
from gioconda.evaluation.results import measure
from gioconda.evaluation.speech import correlation
from gioconda.face import measure as face
from gioconda.face.basis import Basis
from gioconda.media import FPS

CLASSES: Final = {
    "a": ("AA", "AE", "AY"),
    "i": ("IY",),
    "u": ("UW",),
    "o": ("AO", "OW"),
    "w": ("W",),
    "m, b, p": ("M", "B", "P"),
    "f, v": ("F", "V"),
}
"""Phones whose shapes a lip reader tells apart."""

_VOWELS: Final = ("a", "i", "u", "o")
_LEAST: Final = 3  # of a class whose mean counts
_MEASURES: Final = ("opening", "width", "protrusion", "advance")


@dataclass(frozen=True)
class Shape:
    """Means over phones, % of the inter-ocular distance; all but the opening against neutral."""

    phones: int
    opening: float = measure("opening", form=".1f")
    width: float = measure("width", form="+.1f")
    protrusion: float = measure("protrusion", form="+.1f")
    advance: float = measure("advance", form="+.1f")


@dataclass(frozen=True)
class Order:
    """Spearman's rho between real and generated means: the vowels', and all classes'."""

    vowels: dict[str, float]  # by quantity: opening, width, ...
    classes: dict[str, float]


def shapes(motions: Sequence[SpokenMotion], basis: Basis) -> dict[str, Shape]:
    """The mean shape of the mouth in each class of phones, of classes that are spoken at all."""
    kinds = {name: kind for kind, names in CLASSES.items() for name in names}
    rows: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for one in motions:
        mouth = lips(one.motion, one.neutral, basis)
        width, _, protrusion = face.lip_shape(one.neutral[None])[0]
        whole = np.stack(
            [
                mouth.opening,
                mouth.width - width,
                mouth.protrusion - protrusion,
                mouth.advance - face.lip_advance(one.neutral[None]),
            ],
            1,
        )
        for phone in one.phones:
            part = whole[_frames(phone)]
            if phone.name in kinds and len(part):
                rows[kinds[phone.name]].append(100 * part.mean(0))
    return {
        kind: Shape(len(rows[kind]), *np.mean(rows[kind], axis=0).tolist())
        for kind in CLASSES
        if rows[kind]
    }


def _frames(phone: Phone) -> slice:
    """The frames nearest to a phone, at least one."""
    first = round(phone.start * FPS)
    return slice(first, max(first + 1, round(phone.end * FPS)))


def order(made: Mapping[str, Shape], real: Mapping[str, Shape]) -> Order:
    """Whether the classes stand in the same order; of classes with 3 phones and more in both."""
    shared = [
        kind
        for kind in CLASSES
        if min((found[kind].phones if kind in found else 0) for found in (made, real)) >= _LEAST
    ]

    def rho(kinds: list[str], name: str) -> float:
        if len(kinds) < len(_VOWELS):
            return float("nan")
        ranks = [
            np.argsort(np.argsort([getattr(found[kind], name) for kind in kinds]))
            for found in (made, real)
        ]
        return correlation(*(rank.astype(np.float64) for rank in ranks))

    vowels = [kind for kind in shared if kind in _VOWELS]
    return Order(
        vowels={name: rho(vowels, name) for name in _MEASURES},
        classes={name: rho(shared, name) for name in _MEASURES},
    )
