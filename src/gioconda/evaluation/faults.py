"""Faults of rendered pictures: what a moved portrait shows that the portrait at rest does not.

Seams along the matte, torn triangles, edges that are a mirror, and hair that stays where the head
was. Each is a number that is near 0 for a clean frame; docs/evaluation.md defines them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.evaluation.drawn import SIDE, regions
from gioconda.evaluation.results import measure
from gioconda.media import Picture, sample
from gioconda.motion import POSE
from gioconda.portrait import Portrait
from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.renderer import Decoder
from gioconda.renderer.warper import WarpedFrame, Warper

# Moves away from the photo's pose, in the units of Motion: as far as heads go in speech.
MOVES: Final[tuple[dict[str, float], ...]] = (
    *({"yaw": 0.2}, {"yaw": -0.2}, {"pitch": 0.12}, {"pitch": -0.12}, {"roll": 0.1}),
    *({"roll": -0.1}, {"x": 0.15, "y": 0.08}, {"x": -0.15, "y": -0.08}),
)
_PERSON, _NOBODY = 0.9, 0.05  # alpha of what is the person, and what is not
_LINE: Final = 5  # pixels: what is thinner, and stands out of both sides, is a line
_BAND: Final = 3  # pixels about the matte's edge
_EDGE: Final = 40.0  # levels a pixel by which a gradient is larger than any about it at rest
_ABOUT: Final = 11  # pixels in which the portrait at rest may have that edge
_DEEPEST: Final = 32  # pixels from the border at which a mirror may stand
_BLOCK: Final = 32  # pixels of a border that are judged together
_ALIKE, _MORE = 0.9, 0.4  # correlation with the mirrored picture, and how far over that at rest
_PLAIN: Final = 4.0  # levels: detail that varies less is no detail
_LEAST: Final = 60  # pixels that a figure is read from

_Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Faults:
    """Means over the moves; of a measured picture, NaN where there is nothing to measure."""

    seams: float = measure("seams along the matte", "grey levels")
    torn: float = measure("torn: edges that are new, of the person", "%", ".3f")
    mirrored: float = measure("mirrored edges, of the border", "%", ".1f")
    ghosts: float = measure("ghosts: the person's detail left behind", "%", ".1f")


def evaluate_faults(
    portrait: Portrait,
    decoder: Decoder | None = None,
    spoil: Callable[[WarpedFrame], None] = lambda frame: None,
) -> Faults:
    """The faults of a portrait that moves.

    Args:
        portrait: whom to draw.
        decoder: draws mouth and eyes; the released one by default.
        spoil: changes every picture that is drawn, in place, to try the measures.
    """
    warper, draw = Warper(portrait), decoder or NeuralDecoder(portrait)
    found = []
    rest = warper.warp(portrait.pose, portrait.expression).picture.copy()
    for move in MOVES:
        change = np.array([move.get(name, 0.0) for name in POSE], np.float32)
        frame = warper.warp(portrait.pose + change, portrait.expression)
        draw(frame)
        spoil(frame)
        found.append(_faults(portrait, rest, frame))
    return mean_faults(found)


def mean_faults(found: Sequence[Faults]) -> Faults:
    """Their means, each over those that tell of it."""
    rows = np.array([[getattr(one, each.name) for each in fields(Faults)] for one in found])
    known = ~np.isnan(rows)
    total = np.where(known, rows, 0).sum(0)
    with np.errstate(invalid="ignore"):
        return Faults(*(total / known.sum(0)).tolist())


def _faults(portrait: Portrait, rest: Picture, frame: WarpedFrame) -> Faults:
    seen, before = _grey(frame.picture), _grey(rest)
    alpha = np.ascontiguousarray(portrait.texture[..., 3])
    now = np.asarray(sample(alpha, frame.flow), np.float32) / np.float32(255)
    inside = slice(portrait.margin, portrait.margin + portrait.size)
    then = alpha[inside, inside].astype(np.float32) / np.float32(255)
    source = frame.flow - np.float32(portrait.margin)
    return Faults(
        seams=_seams(before, seen, now, source),
        torn=_torn(before, seen, now * (1 - _drawn(frame)), source),
        mirrored=_mirrored(before, seen),
        ghosts=_ghosts(before, seen, then, now),
    )


def _grey(picture: Picture) -> _Grey:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _moved(values: _Grey, source: NDArray[np.float32]) -> _Grey:
    """What the portrait at rest has where a frame's pixels come from."""
    found = cv2.remap(values, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)


def _drawn(frame: WarpedFrame) -> _Grey:
    """Where mouth and eyes are drawn anew, (H, W), 0 to 1."""
    seen = SeenFace.of(frame.head, frame.mesh, SIDE)
    shown = regions(seen.mesh)
    parts = np.maximum(np.maximum(shown["lips"], shown["inner mouth"]), shown["eyes"])
    height, width = frame.picture.shape[:2]
    back = cv2.warpAffine(parts, seen.view.matrix, (width, height), flags=cv2.WARP_INVERSE_MAP)
    return np.asarray(cv2.dilate(back, np.ones((_ABOUT, _ABOUT), np.uint8)), np.float32)


def _seams(before: _Grey, seen: _Grey, alpha: _Grey, source: NDArray[np.float32]) -> float:
    """How much more lines stand out along the matte's edge than they do there at rest."""
    kernel = np.ones((_BAND, _BAND), np.uint8)
    person = (alpha > 0.5).astype(np.uint8)
    edge = cv2.dilate(person, kernel) - cv2.erode(person, kernel)
    edge[:_LINE], edge[-_LINE:], edge[:, :_LINE], edge[:, -_LINE:] = 0, 0, 0, 0
    if edge.sum() < _LEAST:
        return float("nan")
    more = _lines(seen) - cv2.dilate(_moved(_lines(before), source), kernel)
    return float(np.maximum(more, 0)[edge > 0].mean())


def _lines(grey: _Grey) -> _Grey:
    """How far a pixel stands out of what is on both sides of a thin line through it."""
    box = np.ones((_LINE, _LINE), np.uint8)
    found = [cv2.morphologyEx(grey, kind, box) for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)]
    return np.asarray(np.maximum(*found), np.float32)


def _torn(before: _Grey, seen: _Grey, person: _Grey, source: NDArray[np.float32]) -> float:
    """Percent of the person's pixels with an edge that is not about there at rest."""
    inside = cv2.erode((person > _PERSON).astype(np.uint8), np.ones((_ABOUT, _ABOUT), np.uint8))
    if inside.sum() < _LEAST:
        return float("nan")
    about = np.ones((_ABOUT, _ABOUT), np.uint8)
    known = _moved(np.asarray(cv2.dilate(_gradient(before), about), np.float32), source)
    return 100 * float((_gradient(seen) - known > _EDGE)[inside > 0].mean())


def _gradient(grey: _Grey) -> _Grey:
    across, down = (np.diff(grey, axis=axis, append=0) for axis in (1, 0))
    across[:, -1], down[-1] = 0, 0
    return np.asarray(np.maximum(np.abs(across), np.abs(down)), np.float32)


def _mirrored(before: _Grey, seen: _Grey) -> float:
    """Percent of the border's blocks that are the mirror of what lies further inside."""
    found = []
    for turns in range(4):  # each border is the upper one in turn
        was, now = np.rot90(before, turns), np.rot90(seen, turns)
        for left in range(0, now.shape[1] - _BLOCK + 1, _BLOCK):
            block = slice(left, left + _BLOCK)
            found.append(_is_mirror(was[:, block], now[:, block]))
    return 100 * float(np.mean(found))


def _is_mirror(before: _Grey, seen: _Grey) -> bool:
    for axis in range(_DEEPEST // 4, _DEEPEST + 1, 2):
        now = _alike(seen, axis)
        if now > _ALIKE and now - _alike(before, axis) > _MORE:
            return True
    return False


def _alike(block: _Grey, axis: int) -> float:
    """Correlation of the rows above one with those under it, the nearest of both first."""
    above, under = block[:axis][::-1], block[axis + 1 : 2 * axis + 1]
    one, two = above - above.mean(), under - under.mean()
    spread = float(one.std()), float(two.std())
    return 0.0 if min(spread) < _PLAIN else float((one * two).mean()) / (spread[0] * spread[1])


def _ghosts(before: _Grey, seen: _Grey, then: _Grey, now: _Grey) -> float:
    """Percent of the person's detail that is still seen where the person has gone."""
    away = ((then > _PERSON) & (now < _NOBODY)).astype(np.float32)
    if away.sum() < _LEAST:
        return float("nan")
    own, left = (away * (grey - cv2.GaussianBlur(grey, (0, 0), 4)) for grey in (before, seen))
    if np.sqrt((own**2).sum() / away.sum()) < _PLAIN / 4:
        return float("nan")
    return 100 * float((own * left).sum() / (own**2).sum())
