"""Scenes: one frame of a clip as the portrait, other frames of it as what is to be drawn.

Each goes through the renderer's own warp and conditions, so that what a decoder learns from is
what it will get.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.samples.choice import choose_frames
from gioconda.data.samples.looks import Look, draw_look, with_grain
from gioconda.errors import GiocondaError
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.face.pose import HeadPose
from gioconda.face.tracker import Track
from gioconda.media import cut_out, sample
from gioconda.renderer.conditions import Conditions
from gioconda.renderer.geometry import face_mask
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.reenactor import Reenactor, portrait_of

SHARP: Final = 130.0  # inter-ocular distance in a clip's pixels from which teeth are seen well
SHARP_PART: Final = 0.5  # of the scenes, from such clips
UNPAIRED: Final = 4  # frames of a scene that others' faces have moved, in pairs
_FRAMES: Final = 220  # a clip is read as far as this: decoding takes most of the time
_REMEMBERED: Final = 400  # pairs of frames whose motion is kept for unpaired ones
_FURTHER: Final = 1.5  # at most so much as far as those had moved their mouths
_STRETCHED: Final = 0.06  # spread of the logarithm by which faces are made wider and as much lower
_TURNED: Final = 0.1  # part of the scenes whose portrait the warp has turned first


@dataclass(frozen=True)
class Scene:
    """A portrait and T real frames of the same person, as a decoder sees them.

    After them come `UNPAIRED` frames that another's face has moved; nobody knows how they should
    look. S is the side of the view and s = S / 4 its cells; maps are those of
    `gioconda.renderer.conditions`. Real frames come in pairs that follow each other.

    Attributes:
        source: (S, S, 3) the portrait.
        source_masks: (MASKS, S, S).
        base: (T + UNPAIRED, S, S, 3) the portrait moved as the real frame is, the mouth's inside
            drawn in.
        real: (T, S, S, 3).
        masks: (T + UNPAIRED, MASKS, S, S).
        guides: (T + UNPAIRED, GUIDES, s, s), float16.
        origin: (T + UNPAIRED, s, s, 2) where in the portrait's view each cell comes from.
        face: (T + UNPAIRED, s, s) the face's oval, 0 to 255.
    """

    source: NDArray[np.uint8]
    source_masks: NDArray[np.uint8]
    base: NDArray[np.uint8]
    real: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    guides: NDArray[np.float16]
    origin: NDArray[np.float32]
    face: NDArray[np.uint8]


@dataclass(frozen=True)
class Choice:
    """Frames of a clip that a scene is made of.

    Attributes:
        frames: by number, at least those asked for.
        points: (T, 478, 3) the meshes of all frames.
        neutral: (478, 3) the person's neutral face.
        source: the frame that is the portrait.
        targets: the real frames.
        unpaired: (UNPAIRED, 478, 3) meshes in the frames' pixels that somebody else has moved.
    """

    frames: dict[int, NDArray[np.uint8]]
    points: NDArray[np.floating]
    neutral: NDArray[np.floating]
    source: int
    targets: list[int]
    unpaired: NDArray[np.floating]


def make_scene(choice: Choice, side: int, look: Look | None) -> Scene:
    """The scene of a clip's frames.

    Args:
        choice: of the frames.
        side: S.
        look: that the frames have already; its grain is put on portrait and real frames.
    """
    own, neutral = choice.points[choice.source], choice.neutral
    portrait = portrait_of(choice.frames[choice.source], own, neutral, side)
    texture = portrait.texture
    grain = look.grain(len(texture), float(portrait.head.size[0]) / 100) if look else None
    if grain is not None:
        texture[..., :3] = with_grain(texture[..., :3], grain)
    reenactor = Reenactor(portrait, own, neutral)
    mouth = GeometricMouth(portrait)
    conditions = Conditions(portrait, side)
    source_seen, real, given, faces = conditions.encoder, [], [], []
    meshes = [(i, choice.points[i]) for i in choice.targets]
    for i, mesh in [*meshes, *((None, mesh) for mesh in choice.unpaired)]:
        frame = reenactor.warp(mesh)
        seen = conditions.see(frame)
        if i is not None:
            true = reenactor.on_clip(seen.view).cut(choice.frames[i])
            if grain is not None:
                true = with_grain(true, seen.view.cut(sample(grain, frame.flow)))
            real.append(true)
        mouth(frame)
        given.append(conditions.decoder(frame, seen))
        faces.append(face_mask(seen.mesh, side))
    return Scene(
        source=source_seen.picture,
        source_masks=source_seen.masks,
        base=np.stack([one.picture for one in given]),
        real=np.stack(real),
        masks=np.stack([one.masks for one in given]),
        guides=np.stack([one.guides.astype(np.float16) for one in given]),
        origin=np.stack([one.origin for one in given]),
        face=np.stack(faces),
    )


def there_and_back(choice: Choice, side: int) -> Choice:
    """A picture that the warp turns away, and that is to be turned back.

    Args:
        choice: whose source is turned; it is the first pair of real frames. It is turned as the
            first of the targets; the rest, from the third on, are real frames beside it.
        side: S.
    """
    source, points, neutral = choice.source, choice.points, choice.neutral
    portrait = portrait_of(choice.frames[source], points[source], neutral, side)
    reenactor = Reenactor(portrait, points[source], neutral)
    turned = reenactor.warp(points[choice.targets[0]])
    # all in the crop's pixels, since that is what was drawn
    to_crop, size = reenactor.to_crop, portrait.size
    crops = {i: cut_out(frame, to_crop, (size, size)) for i, frame in choice.frames.items()}
    there = len(points)
    crops[there] = turned.picture
    moved, unpaired = (meshes * to_crop[0, 0] for meshes in (points, choice.unpaired))
    for meshes in (moved, unpaired):
        meshes[..., :2] += to_crop[:, 2]
    moved = np.concatenate([moved, turned.mesh[None]])
    return Choice(crops, moved, neutral, there, [source, source, *choice.targets[2:]], unpaired)


class Scenes(Iterator[Scene]):
    """Scenes without end, drawn by chance.

    Half are from sharp clips, which are few; people come equally often. Half of the
    portraits are chosen for their shut mouth; real frames are mostly those with a mouth that is
    more or less open than the portrait's, shut eyes or a turned head. Faces are made a little
    wider or longer, so that nobody's is learned by heart.

    Args:
        clips: of the training split.
        rng: decides all.
        side: S of the views.
        pairs: how many pairs of real frames a scene has.
        sharp: the part of scenes from sharp clips; None for as many as there are.
        looks: whether scenes get other looks (`gioconda.data.samples.looks`), and faces other
            shapes.

    Raises:
        GiocondaError: if no clip serves.
    """

    def __init__(
        self,
        clips: list[Clip],
        rng: np.random.Generator,
        side: int,
        pairs: int = 4,
        sharp: float | None = SHARP_PART,
        looks: bool = True,
    ) -> None:
        self._rng, self._side, self._pairs, self._looks = rng, side, pairs, looks
        self._basis = released_basis()
        groups: dict[bool, dict[tuple[str, str], list[Clip]]] = {
            True: defaultdict(list),
            False: defaultdict(list),
        }
        for clip in clips:
            track = clip.track()
            if len(track.points) >= 12 and track.seen.mean() > 0.9:
                groups[eye_distance(track) >= SHARP][clip.source, clip.person].append(clip)
        self._groups = {name: list(g.values()) for name, g in groups.items() if g}
        if not self._groups:
            raise GiocondaError(f"none of the {len(clips)} clips has half a second of a face")
        counts = [sum(map(len, groups[kind].values())) for kind in (True, False)]
        self._sharp = counts[0] / sum(counts) if sharp is None else sharp
        self._waiting: list[Scene] = []
        self._earlier: list[NDArray[np.float32]] = []  # dynamics of pairs of frames, (2, D)

    def __next__(self) -> Scene:
        while not self._waiting:
            self._waiting = list(self._visit(self._draw_clip()))
        return self._waiting.pop()

    def _draw_clip(self) -> Clip:
        rng = self._rng
        sharp = bool(rng.random() < self._sharp)
        people = self._groups.get(sharp) or next(iter(self._groups.values()))
        person = people[rng.integers(len(people))]
        return person[rng.integers(len(person))]

    def _visit(self, clip: Clip) -> Iterator[Scene]:
        """One to three scenes of a clip."""
        rng, track = self._rng, clip.track()
        count = min(len(track.points), _FRAMES)
        wider = np.exp(rng.normal(0, _STRETCHED)) if self._looks else 1.0
        stretch = np.array([wider, 1 / wider])
        points = smooth(track.points[:count], track.seen[:count])
        points[..., :2] = (points[..., :2] + 0.5) * stretch - 0.5
        neutral = self._basis.identify(points[:: max(1, count // 24)])
        head, dynamics = self._basis.pose(points, neutral)
        chosen = [
            picked
            for _ in range(1 + (count >= 60) + (count >= 120))
            if (picked := choose_frames(rng, points, track.seen[:count], head, self._pairs))
        ]
        wanted = {i for source, targets in chosen for i in (source, *targets)}
        frames = {
            i: _stretched(frame, stretch)
            for i, frame in enumerate(islice(clip.frames(), max(wanted, default=-1) + 1))
            if i in wanted
        }
        for source, targets in chosen:
            if not {source, *targets} <= frames.keys():
                continue
            taken = {i: frames[i] for i in (source, *targets)}
            look = draw_look(rng, float(head.size[source])) if self._looks else None
            if look:
                taken = {i: look(frame) for i, frame in taken.items()}
            there = head.at(np.resize(targets, UNPAIRED))
            unpaired = self._move(there, dynamics[targets], neutral)
            choice = Choice(taken, points, neutral, source, targets, unpaired)
            if rng.random() < _TURNED:
                choice = there_and_back(choice, self._side)
            yield make_scene(choice, self._side, look)

    def _move(
        self, head: HeadPose, dynamics: NDArray[np.float32], neutral: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """Meshes (UNPAIRED, 478, 3) that earlier pairs of frames have moved.

        Args:
            head: where they are to be.
            dynamics: (T, D) of this scene's frames; they are remembered.
            neutral: (478, 3) the person's.
        """
        self._earlier += [pair.copy() for pair in dynamics.reshape(-1, 2, dynamics.shape[1])]
        if len(self._earlier) > _REMEMBERED:
            del self._earlier[int(self._rng.integers(len(self._earlier) // 2))]
        chosen = self._rng.integers(len(self._earlier), size=UNPAIRED // 2)
        moved = np.concatenate([self._earlier[i] for i in chosen])
        moved[:, self._basis.lower] *= self._rng.uniform(1, _FURTHER)
        return head.to_image(self._basis.rebuild(moved, neutral))


def _stretched(frame: NDArray[np.uint8], stretch: NDArray[np.float64]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    matrix = np.column_stack([np.diag(stretch), 0.5 * stretch - 0.5])
    size = round(width * stretch[0]), round(height * stretch[1])
    border = cv2.BORDER_REPLICATE
    found = cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(found, np.uint8)


def eye_distance(track: Track) -> float:
    """Median over the frames of the distance between the outer corners of the eyes, pixels."""
    right, left = topology.RIGHT_EYE_OUTER, topology.LEFT_EYE_OUTER
    across = track.points[:, left, :2] - track.points[:, right, :2]
    return float(np.median(np.linalg.norm(across, axis=1)))
