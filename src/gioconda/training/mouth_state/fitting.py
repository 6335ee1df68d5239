"""States of mouths, fitted to the frames of clips by render and compare.

Colours are linear in the tones, so a state's three tones are least squares; rows, jaw and tongue
are tried on a grid. A clip has one upper row and one set of tones, a frame its jaw and tongue.
Of synthetic heads it is known what is where, which is compared in place of colours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.heads.clips import PARTS, parts_of
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.face.measure import mouth_opening
from gioconda.media import cut_out
from gioconda.portrait import Portrait
from gioconda.renderer.mouth.geometric import face_of, skin_colour
from gioconda.renderer.mouth.interior import MouthInterior, neutral_face
from gioconda.renderer.mouth.predictor import teeth_size, tones_in
from gioconda.renderer.mouth.state import Mouth, MouthPose
from gioconda.renderer.mouth.trial import DROPS, JAWS, LEAST, NAMED, SEEN, TONGUES, Trial
from gioconda.renderer.reenactor import Reenactor, portrait_of
from gioconda.renderer.warper import WarpedFrame

SIDE: Final = 256  # of the view: 1 pixel of it is 1 pixel of a 512 x 512 video
OPEN: Final = 0.03  # inter-ocular distances between the lips from which a frame tells something
_READ: Final = 100  # frames of a clip
_ROUNDS: Final = 4  # of states and tones in turn
_TRUST: Final = 0.006  # in the usual tones, in parts of the pixels
# Tones to begin with, as of `StateModel`; the released ones, chosen for their look, are near.
USUAL: Final = np.array([[1.1, 1.08, 1.05], [0.8, 0.46, 0.48], [0.17, 0.085, 0.085]])


Compare = Callable[[WarpedFrame, NDArray[np.uint8], MouthInterior], Trial | None]


@dataclass(frozen=True)
class Fitted:
    """A clip's mouth, and those of T of its frames.

    Attributes:
        person: whose.
        neutral: (478, 3) in the head frame, as deep as the warp has it.
        skin: (3,) its colour.
        drop: of the upper row.
        tones: (3, 3) teeth, soft, dark.
        dynamics: (T, D) of the lower face.
        faces: (T, 478, 3) in the head frame.
        turns: (T, 2) yaw and pitch.
        errors: (T, drops, jaws, tongues) mean squared, with these tones.
        flat: what a flat colour for each frame leaves, likewise.
    """

    person: tuple[str, str]
    neutral: NDArray[np.float64]
    skin: NDArray[np.float32]
    drop: float
    tones: NDArray[np.float64]
    dynamics: NDArray[np.float32]
    faces: NDArray[np.float64]
    turns: NDArray[np.float64]
    errors: NDArray[np.float32]
    flat: float

    @property
    def error(self) -> float:
        """What the best states leave, against a flat colour."""
        return float(self.at_own_row().min((1, 2)).mean() / self.flat)

    def at_own_row(self) -> NDArray[np.float32]:
        """The errors at the clip's upper row, (T, jaws, tongues)."""
        return self.errors[:, int(np.abs(DROPS - self.drop).argmin())]


def fit_clip(clip: Clip, frames: int = 9) -> Fitted | None:
    """Fit the state to frames of a clip.

    Args:
        clip: the clip.
        frames: how many, from hardly to most open.

    Returns:
        None if too little of the mouth is seen.
    """
    track = clip.track()
    pictures = list(islice(clip.frames(), _READ))
    points = smooth(track.points[: len(pictures)], track.seen[: len(pictures)])
    basis = released_basis()
    neutral = basis.identify(points[:: max(1, len(points) // 24)])
    _, dynamics = basis.pose(points, neutral)
    gap = mouth_opening(basis.rebuild(dynamics, neutral))
    order = np.argsort(gap)
    order = order[track.seen[order] & (gap[order] > OPEN)]
    if len(order) < 3:
        return None
    source = int(np.argmax(track.seen))
    chosen = order[np.unique(np.linspace(0, len(order) - 1, min(frames, len(order))).astype(int))]
    portrait = portrait_of(pictures[source], points[source], neutral, SIDE)
    parts = parts_of(clip.measures())
    if parts is not None:
        pictures = list(255 * np.ascontiguousarray(parts.transpose(0, 2, 3, 1), np.uint8))
    real = {int(i): pictures[i] for i in chosen}
    compare = Trial.of if parts is None else try_parts
    reenactor = Reenactor(portrait, points[source], neutral)
    tried = try_frames(portrait, reenactor, points, real, compare)
    if len(tried) < 3:
        return None
    return _fitted((clip.source, clip.person), portrait, tried, parts is not None)


def try_frames(
    portrait: Portrait,
    reenactor: Reenactor,
    points: NDArray[np.floating],
    real: Mapping[int, NDArray[np.uint8]],
    compare: Compare = Trial.of,
) -> dict[int, Trial]:
    """Frames of a clip that serve, with all states tried.

    Args:
        portrait: whose mouth.
        reenactor: of it.
        points: (T, 478, 3) meshes of all frames.
        real: pictures of frames by number.
        compare: tries one.
    """
    size = teeth_size(neutral_face(portrait))
    interior = MouthInterior(neutral_face(portrait), Mouth(0.0, size, NAMED))
    found = {}
    for i, picture in real.items():
        seen = cut_out(picture, reenactor.to_crop, (portrait.size, portrait.size))
        one = compare(reenactor.warp(points[i]), seen, interior)
        if one:
            found[i] = one
    return found


def try_parts(
    frame: WarpedFrame, known: NDArray[np.uint8], interior: MouthInterior
) -> Trial | None:
    """As `Trial.of`, of a frame of which is known what is where; the tones are one each.

    Args:
        frame: where mesh and head are.
        known: (S, S, 3) how much of each of `PARTS` is seen there, 0 to 255.
        interior: of the mouth; its drop is changed.
    """
    inside = interior.inside(frame, MouthPose(0.0))
    if not inside:
        return None
    places = np.argwhere(inside.shown[..., 0] > SEEN)
    if len(places) < LEAST:
        return None
    rows, columns = (places + inside.corner[::-1]).T
    mouth, crop = interior.mouth, (len(known), len(known))
    designs = np.empty((len(DROPS), len(JAWS), len(TONGUES), len(rows), len(PARTS)), np.float32)
    for i, drop in enumerate(DROPS):
        interior.become(replace(mouth, drop=float(drop)))
        for j, jaw in enumerate(JAWS):
            for k, tongue in enumerate(TONGUES):
                pose = MouthPose(float(jaw), float(tongue))
                maps = interior.maps(frame.mesh, frame.head, pose, crop)
                designs[i, j, k] = maps[: len(PARTS), rows, columns].T
    return Trial(frame, known[rows, columns].astype(np.float64), designs)


def solve(
    tried: list[Trial], usual: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64], list[tuple[int, int]]]:
    """The upper row (one of the drops), tones (3, 3) and each frame's jaw and tongue that fit."""
    best: tuple[float, int, NDArray[np.float64], list[tuple[int, int]]] | None = None
    real = np.concatenate([one.real for one in tried])
    trust = _TRUST * len(real) * np.eye(3)
    for drop in range(len(DROPS)):
        tones = usual
        for _ in range(_ROUNDS):
            errors = [one.errors(tones, drop) for one in tried]
            picks = [np.unravel_index(int(e.argmin()), e.shape) for e in errors]
            design = np.concatenate(
                [one.designs[drop, j, k] for one, (j, k) in zip(tried, picks, strict=True)]
            ).astype(np.float64)
            normal = design.T @ design + trust
            tones = np.maximum(np.linalg.solve(normal, design.T @ real + trust @ usual), 0)
        left = float(np.mean([one.errors(tones, drop).min() for one in tried]))
        if best is None or left < best[0]:
            best = left, drop, tones, [(int(j), int(k)) for j, k in picks]
    assert best
    return best[1:]


def _fitted(
    person: tuple[str, str], portrait: Portrait, found: Mapping[int, Trial], known: bool
) -> Fitted:
    tried = list(found.values())
    skin = skin_colour(portrait)
    if known:
        tones = np.eye(len(PARTS))
        left = [sum(one.errors(tones, i).min() for one in tried) for i in range(len(DROPS))]
        drop = int(np.argmin(left))
    else:
        drop, tones, _ = solve(tried, tones_in(skin, USUAL))
    heads = [one.frame.head for one in tried]
    lower = portrait.basis.lower
    errors = [np.stack([one.errors(tones, i) for i in range(len(DROPS))]) for one in tried]
    flats = [float(one.real.var(0).mean()) for one in tried]
    return Fitted(
        person=person,
        neutral=neutral_face(portrait),
        skin=skin,
        drop=float(DROPS[drop]),
        tones=tones,
        dynamics=np.stack([one.frame.dynamics[lower] for one in tried]),
        faces=np.stack([face_of(one.frame) for one in tried]),
        turns=np.array([[head.yaw, head.pitch] for head in heads]),
        errors=np.stack(errors).astype(np.float32),
        flat=float(np.mean(flats)),
    )
