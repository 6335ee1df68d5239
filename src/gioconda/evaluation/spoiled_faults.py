"""Pictures with faults made on purpose, to see that each raises its own number."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import cv2
import numpy as np

from gioconda.evaluation.faults import Faults, evaluate_faults
from gioconda.media import sample
from gioconda.portrait import Portrait
from gioconda.renderer.warper import WarpedFrame

_MIRRORED: Final = 20  # rows of the lower border
_TORN: Final = (50, 280, 10)  # points of the mesh: both cheeks, the forehead
_TRIANGLE: Final = np.array([[-14, 0], [14, -8], [0, 14]])  # pixels


class FaultTrial(NamedTuple):
    """A figure of `Faults`, how it was provoked, and its values without and with that."""

    figure: str
    spoiled: str
    clean: list[float]
    changed: list[float]


def try_faults(portraits: Sequence[Portrait]) -> list[FaultTrial]:
    """Each figure on each portrait, clean and with the fault that it is there to notice."""
    clean = [evaluate_faults(one, _no_mouth) for one in portraits]
    return [
        FaultTrial(
            figure,
            how,
            [getattr(one, figure) for one in clean],
            [getattr(spoil(one), figure) for one in portraits],
        )
        for figure, (how, spoil) in SPOILINGS.items()
    ]


def _no_mouth(frame: WarpedFrame) -> None:
    """Faults are measured elsewhere."""


def _lined(portrait: Portrait) -> Faults:
    alpha = np.ascontiguousarray(portrait.texture[..., 3])

    def darken(frame: WarpedFrame) -> None:
        person = (np.asarray(sample(alpha, frame.flow)) > 127).astype(np.uint8)
        edge = cv2.morphologyEx(person, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        frame.picture[edge] = frame.picture[edge] // 2

    return evaluate_faults(portrait, _no_mouth, darken)


def _torn(portrait: Portrait) -> Faults:
    def tear(frame: WarpedFrame) -> None:
        for point in frame.mesh[list(_TORN), :2].astype(int):
            mask = np.zeros(frame.picture.shape[:2], np.uint8)
            cv2.fillConvexPoly(mask, point + _TRIANGLE, (1,))
            frame.picture[mask > 0] = 255 - frame.picture[mask > 0]

    return evaluate_faults(portrait, _no_mouth, tear)


def _mirrored(portrait: Portrait) -> Faults:
    def mirror(frame: WarpedFrame) -> None:
        inner = frame.picture[-2 * _MIRRORED - 1 : -_MIRRORED - 1]
        frame.picture[-_MIRRORED:] = inner[::-1]

    return evaluate_faults(portrait, _no_mouth, mirror)


def _haunted(portrait: Portrait) -> Faults:
    plate = portrait.plate // 2 + portrait.texture[..., :3] // 2
    return evaluate_faults(replace(portrait, plate=plate), _no_mouth)


SPOILINGS: Final[dict[str, tuple[str, Callable[[Portrait], Faults]]]] = {
    "seams": ("a dark line along the matte", _lined),
    "torn": ("three triangles out of place", _torn),
    "mirrored": ("the lower border mirrors the picture", _mirrored),
    "ghosts": ("half of the person stays behind", _haunted),
}
