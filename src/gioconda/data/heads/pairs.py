"""Training samples: a head as a portrait, and the same head doing something else.

Both pictures share light, colours and lens, as two frames of one video would; only the head moves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.heads.drawing import Camera, Drawn, Look, draw
from gioconda.data.heads.expressions import EMOTIONS, VISEMES, both
from gioconda.data.heads.head import Head, Pose, head_files, read_head

_SMILING: Final = 0.3  # part of the portraits that smile, half of them with teeth
_PORTRAIT_TURN: Final = np.radians([12.0, 7.0, 5.0])  # spread of yaw, pitch and roll
_TARGET_TURN: Final = np.radians([9.0, 6.0, 4.0])  # of what is added to it
_MOST_TURN: Final = np.radians(35.0)
_GAZE: Final = np.radians([12.0, 7.0])
_ROUND_OR_OPEN: Final = ("AO_a", "UW_U", "UH_OO", "AE_AA", "MouthOpen")
_REMEMBERED: Final = 3  # heads at a time: one takes some 40 MiB
_PAIRS: Final = 12  # of a head, before another takes its place


@dataclass(frozen=True)
class Pair:
    """A portrait and a target frame of one head.

    Attributes:
        portrait: neutral or smiling.
        target: another pose in the same light.
        poses: of both.
        look: that both have; only the noise differs.
    """

    portrait: Drawn
    target: Drawn
    poses: tuple[Pose, Pose]
    look: Look


def draw_pair(head: Head, rng: np.random.Generator, size: int = 512) -> Pair:
    """A portrait and a target frame of a head.

    Args:
        head: whom.
        rng: decides pose, light, colours and lens; the same state gives the same pair.
        size: side of both pictures in pixels.

    Example:
        >>> from gioconda.data.heads import read_head
        >>> head = read_head(Path("heads/White_F_2.npz"))  # doctest: +SKIP
        >>> pair = draw_pair(head, np.random.default_rng(0))  # doctest: +SKIP
        >>> teeth = pair.target.mask((Region.UPPER_TEETH, Region.LOWER_TEETH))  # doctest: +SKIP
    """
    look = draw_look(rng, size)
    camera = Camera(
        size=size,
        view=float(rng.uniform(4.4, 5.8)),
        angle=float(rng.uniform(8, 32)),
        middle=(float(rng.normal(0, 0.1)), float(rng.uniform(0.0, 0.35))),
    )
    turn = rng.normal(0, 1, 3) * _PORTRAIT_TURN * (rng.random() < 0.7)
    first = Pose(at_rest(rng), looking(rng, 0.5), held(turn))
    second = Pose(draw_weights(rng), looking(rng), held(turn + rng.normal(0, 1, 3) * _TARGET_TURN))
    return Pair(
        portrait=draw(head, first, look, camera),
        target=draw(head, second, replace(look, seed=look.seed + 1), camera),
        poses=(first, second),
        look=look,
    )


class Pairs(Iterator[Pair]):
    """Pairs of many heads without end; heads come equally often, a few of them at a time.

    Args:
        folder: of the heads.
        rng: decides all.
        size: side of the pictures in pixels.
        held_out: whether to draw those that never teach, to measure on them.

    Raises:
        GiocondaError: if the folder has no heads.
    """

    def __init__(
        self, folder: Path, rng: np.random.Generator, size: int = 512, held_out: bool = False
    ) -> None:
        self._files = head_files(folder, held_out)
        self._rng, self._size = rng, size
        self._waiting: list[Path] = []
        self._heads: list[tuple[Head, int]] = []

    def __next__(self) -> Pair:
        while len(self._heads) < min(_REMEMBERED, len(self._files)):
            if not self._waiting:
                self._waiting = [self._files[i] for i in self._rng.permutation(len(self._files))]
            self._heads.append((read_head(self._waiting.pop()), _PAIRS))
        chosen = int(self._rng.integers(len(self._heads)))
        head, left = self._heads.pop(chosen)
        if left > 1:
            self._heads.append((head, left - 1))
        return draw_pair(head, self._rng, self._size)


# --- what the face does ---


def draw_weights(rng: np.random.Generator) -> dict[str, float]:
    """Morphs of a target frame: speech, often with a feeling, brows, lids and a tongue."""
    weights: dict[str, float] = {}
    names = _ROUND_OR_OPEN if rng.random() < 0.35 else VISEMES
    strength = rng.uniform(0.2, 1.05)
    part = rng.uniform(0.5, 1) if rng.random() < 0.6 else 1.0
    for name, share in zip(rng.choice(names, 2, replace=False), (part, 1 - part), strict=True):
        _add(weights, {str(name): strength * share})
    chance = rng.random()
    if chance < 0.08:
        weights = {"Shout": float(rng.uniform(0.2, 0.9))}
    elif chance < 0.2:  # nothing is said
        weights = {}
    if rng.random() < 0.45:
        emotion = str(rng.choice(list(EMOTIONS)))
        scale = rng.uniform(0.2, 1.0) * (1 - 0.5 * sum(weights.values()) / 1.05)
        _add(weights, {name: scale * w for name, w in EMOTIONS[emotion].items()})
    else:
        _add(weights, _upper(rng))
    if rng.random() < 0.3 and sum(weights.values()) > 0.3:
        tongue = str(rng.choice(["Up_tg", "CurlUp_Out_tg", "OutMiddle_tg", "Compress_tg"]))
        _add(weights, {tongue: rng.uniform(0.1, 0.4)})
    for name in ("Rjaw", "JawFront"):
        if rng.random() < 0.1:
            _add(weights, {name: rng.uniform(0, 0.3)})
    return weights


def _upper(rng: np.random.Generator) -> dict[str, float]:
    """Brows and lids without a feeling; a tenth of the faces have their lids shut."""
    weights: dict[str, float] = {}
    brows = str(rng.choice(["browUp", "browDown", "pityful", ""]))
    if brows:
        weights |= both({brows: float(rng.uniform(0, 0.8))})
    chance = rng.random()
    if chance < 0.1:
        weights |= both({"eyeClose": 1.0})
    elif chance < 0.25:
        weights |= both({"eyeClose": float(rng.uniform(0.1, 0.9))})
    return weights


def at_rest(rng: np.random.Generator) -> dict[str, float]:
    """Morphs of a portrait: mostly none, else a smile or lips a little apart."""
    if rng.random() >= _SMILING:
        return {"MouthOpen": float(rng.uniform(0, 0.08))} if rng.random() < 0.2 else {}
    kind = "smileOpen" if rng.random() < 0.5 else "smileClose"
    return both({kind: float(rng.uniform(0.4, 1.0)), "squint": float(rng.uniform(0, 0.15))})


def _add(weights: dict[str, float], more: Mapping[str, float]) -> None:
    for name, weight in more.items():
        weights[name] = weights.get(name, 0.0) + float(weight)


def looking(rng: np.random.Generator, part: float = 1.0) -> tuple[float, float]:
    """Yaw and pitch of the eyes in radians, with a part of the usual spread."""
    yaw, pitch = rng.normal(0, part, 2) * _GAZE
    return float(yaw), float(pitch)


def held(turn: NDArray[np.float64]) -> tuple[float, float, float]:
    """A turn in radians, no further than heads are drawn well."""
    yaw, pitch, roll = np.clip(turn, -_MOST_TURN, _MOST_TURN)
    return float(yaw), float(pitch), float(roll)


# --- how it looks ---


def draw_look(rng: np.random.Generator, size: int) -> Look:
    """Light, colours and lens by chance, for pictures of this many pixels a side."""
    side, height = rng.uniform(-1, 1), rng.uniform(-0.9, 0.3)
    strength, softness = rng.uniform(0.7, 1.2), rng.uniform(0.15, 0.85)
    warm = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.06) * np.array([1, 0, -1])
    ambient = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.05) * np.array([-1, 0, 1])
    colours = rng.uniform(10, 230) + rng.normal(0, 25, (2, 2, 1)) + rng.normal(0, 15, (2, 2, 3))
    return Look(
        lamp=(float(side), float(height), -1.0),
        lamp_colour=_colour(strength * (1 - softness) * 1.2 * warm),
        above=_colour(strength * softness * ambient),
        below=_colour(strength * (0.1 + 0.5 * softness) * ambient),
        skin=_colour(np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.05, 3))),
        lips=_colour(np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.08, 3))),
        teeth=_colour(rng.uniform(0.55, 1.25) * np.array([1.0, 0.97, rng.uniform(0.7, 1.05)])),
        hair=_colour(np.exp(rng.normal(0, 0.3) + rng.normal(0, 0.06, 3))),
        dark=float(rng.uniform(0.8, 3.5)),
        shine=float(rng.uniform(0.0, 0.07)),
        background=np.clip(colours, 0, 255).astype(np.float32),
        blur=float(rng.uniform(0, 1.1) * size / 512 * (rng.random() < 0.7)),
        noise=float(rng.uniform(0, 4) * (rng.random() < 0.7)),
        seed=int(rng.integers(2**31)),
    )


def _colour(values: NDArray[np.floating]) -> tuple[float, float, float]:
    red, green, blue = np.clip(values, 0, 4)
    return float(red), float(green), float(blue)
