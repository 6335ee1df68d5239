"""What was drawn for the frames of a real clip whose first frame is moved as the others are.

The mesh is put onto each real frame's track, so that what is compared is what was drawn and not
where; `evaluation/reenactment.py` measures where. All is compared in the head's view, whose
scale is that of a 512 x 512 video.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.heads.clips import PARTS, parts_of
from gioconda.evaluation.jaws import Jaws
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.portrait import Portrait
from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.geometry import face_mask, masks
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.reenactor import Reenactor, portrait_of
from gioconda.renderer.renderer import Decoder
from gioconda.renderer.view import CELL

# The last three are known of synthetic heads only.
REGIONS: Final = ("face", "lips", "inner mouth", "eyes", *PARTS)
SIDE: Final = 256  # of the view: 1 pixel of it is 1 pixel of a 512 x 512 video
_SPREAD: Final = 9  # pixels around the lids that count as eyes


class Drawn(NamedTuple):
    """One real frame and what was drawn for it, all in the view.

    Attributes:
        number: of the frame in its clip.
        real: (S, S, 3).
        mesh: (478, 2) the face in its pixels.
        jaws: of the face.
        regions: by name, of `REGIONS`, (S, S), 0 to 1.
        pictures: by method, (S, S, 3).
    """

    number: int
    real: NDArray[np.uint8]
    mesh: NDArray[np.float64]
    jaws: Jaws
    regions: dict[str, NDArray[np.float32]]
    pictures: dict[str, NDArray[np.uint8]]


def redraw(
    clip: Clip,
    decoders: Mapping[str, Callable[[Portrait], Decoder]],
    count: int,
    source: int | None = None,
) -> list[Drawn]:
    """The first frames of a clip, drawn from one of them.

    Args:
        clip: the clip.
        decoders: as for `evaluate_renderer`.
        count: how many frames.
        source: the frame that is the portrait; None for the first that shows the face.
    """
    track = clip.track()
    source = int(np.argmax(track.seen)) if source is None else source
    frames = list(islice(clip.frames(), source + 1 + count))
    points = smooth(track.points[: len(frames)], track.seen[: len(frames)])
    neutral = released_basis().identify(points[:: max(1, len(points) // 24)])
    portrait = portrait_of(frames[source], points[source], neutral, SIDE)
    reenactor = Reenactor(portrait, points[source], neutral)
    to_crop = reenactor.to_crop
    everything = {"geometry": GeometricMouth, **decoders}
    made = {name: make(portrait) for name, make in everything.items()}
    parts = parts_of(clip.measures())
    found = []
    for i in range(source + 1, len(frames)):
        if not track.seen[i]:
            continue
        warped = reenactor.warp(points[i])
        placed = SeenFace.of(warped.head, warped.mesh, SIDE)
        view, mesh, jaws = placed.view, placed.mesh, Jaws.of(warped.head, placed.mesh)
        pictures = {"warp": view.cut(warped.picture)}
        for name, decoder in made.items():
            frame = replace(warped, picture=warped.picture.copy())
            decoder(frame)
            pictures[name] = view.cut(frame.picture)
        on_clip = reenactor.on_clip(view)
        tracked = points[i][:, :2] @ to_crop[:, :2].T + to_crop[:, 2]
        shown = regions(view.points(tracked))  # where lips are drawn to open may differ
        if parts is not None:
            seen = on_clip.cut(255 * parts[i].transpose(1, 2, 0).astype(np.uint8))
            shown |= zip(PARTS, np.moveaxis(seen / np.float32(255), -1, 0), strict=True)
        found.append(Drawn(i, on_clip.cut(frames[i]), mesh, jaws, shown, pictures))
    return found


def regions(mesh: NDArray[np.floating]) -> dict[str, NDArray[np.float32]]:
    """What a mesh (478, 2) shows of the first four `REGIONS` in a view, (256, 256), 0 to 1."""
    drawn = masks(mesh, SIDE, SIDE)
    oval = cv2.resize(face_mask(mesh, SIDE), None, fx=CELL, fy=CELL)
    kernel = np.ones((2 * _SPREAD + 1, 2 * _SPREAD + 1), np.uint8)
    eyes = cv2.dilate(drawn[2], kernel)
    found = {"face": oval, "lips": drawn[1], "inner mouth": drawn[0], "eyes": eyes}
    return {name: np.asarray(region / 255, np.float32) for name, region in found.items()}
