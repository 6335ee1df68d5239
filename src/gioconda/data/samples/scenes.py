"""Scenes: one frame of a clip as the portrait, other frames of it as what is to be drawn.

Each scene goes through the renderer's own portrait, sheet, warp and eyes, so that what a decoder
learns from is what it will get. The mesh of the real frame is moved onto its track, so that
picture and warp lie on each other.
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
from gioconda.data.samples.looks import Look, draw_look, with_grain
from gioconda.errors import GiocondaError
from gioconda.face import measure, topology
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.face.pose import HeadPose, angles
from gioconda.face.tracker import Track
from gioconda.media import cut_out, sample
from gioconda.portrait import Portrait, portrait_at
from gioconda.renderer.decoder import PlainMouth, Shot
from gioconda.renderer.eyes import make_eyes
from gioconda.renderer.geometry import face_mask, guides, masks
from gioconda.renderer.jaws import Jaws, coordinates
from gioconda.renderer.sheet import make_sheet
from gioconda.renderer.view import CELL, VIEW, HeadPlace, View
from gioconda.renderer.warp import compose, rasterise, soften

SHARP: Final = 130.0  # inter-ocular distance in a clip's pixels from which teeth are seen well
SHARP_PART: Final = 0.5  # of the scenes, from such clips
_CROP: Final = 5.2  # side of a portrait's crop in inter-ocular distances, if the clip shows it
_FRAMES: Final = 220  # a clip is read as far as this: decoding takes most of the time
_TURN: Final = np.radians(40)  # no real frame is turned further from the portrait than this
_JUMP: Final = 0.25  # in widths of the face: a cut
_SHUT: Final = 0.5  # part of the portraits that are chosen for their shut mouth
_UNHEARD: Final = 0.3  # least chance of a frame that shows nothing special
DRIVEN: Final = 4  # frames of a scene that others' faces have moved, in pairs
_REMEMBERED: Final = 400  # pairs of frames whose motion is kept for that
_FURTHER: Final = 1.5  # at most so much as far as those had moved their mouths
_STRETCHED: Final = 0.06  # spread of the logarithm by which faces are made wider and as much lower
_TURNED: Final = 0.1  # part of the scenes whose portrait the warp has turned first


@dataclass(frozen=True)
class Scene:
    """A portrait and T real frames of the same person, as a decoder sees them.

    `DRIVEN` frames follow that somebody else's face has moved; nobody knows how they should look.
    S is the side of the view and s = S / 4 its cells; maps are those of
    `gioconda.renderer.geometry`. Real frames come in pairs that follow each other.

    Attributes:
        source: (S, S, 3) the portrait.
        source_masks: (MASKS, S, S).
        source_jaws: (4, s, s) coordinates on the jaws.
        warped: (T + DRIVEN, S, S, 3) the portrait moved as the real frame is, with a plain mouth.
        real: (T, S, S, 3).
        masks: (T + DRIVEN, MASKS, S, S).
        guides: (T + DRIVEN, GUIDES, s, s), float16.
        origin: (T + DRIVEN, 3, s, s, 2) where in the portrait's view each cell comes from as skin,
            as upper and as lower jaw, pixels.
        face: (T + DRIVEN, s, s) the face's oval, 0 to 255.
    """

    source: NDArray[np.uint8]
    source_masks: NDArray[np.uint8]
    source_jaws: NDArray[np.float32]
    warped: NDArray[np.uint8]
    real: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    guides: NDArray[np.float16]
    origin: NDArray[np.float32]
    face: NDArray[np.uint8]


@dataclass(frozen=True)
class Take:
    """A portrait moved as a real frame is.

    Attributes:
        frame: (C, C, 3) the warped crop, before any decoder.
        shot: what a decoder is told.
        view: the head's view of the crop.
        on_real: the same view of the real frame.
        origin: (3, s, s, 2) where in the portrait's own view each cell comes from, as in `Scene`.
        on_jaws: (2, s, s, 2) the cells' places on the jaws.
        grain: (S, S) the portrait's, moved with it, as `Look.grain` tells it.
    """

    frame: NDArray[np.uint8]
    shot: Shot
    view: View
    on_real: View
    origin: NDArray[np.float32]
    on_jaws: NDArray[np.float32]
    grain: NDArray[np.uint8] | None = None

    @property
    def mesh(self) -> NDArray[np.float64]:
        """The face's mesh in the view, (478, 2)."""
        return self.view.points(self.shot.face)


class Stage:
    """A portrait set up to be moved as real frames are.

    Args:
        image: (H, W, 3) the frame that is the portrait.
        points: (478, 3) its mesh.
        neutral: (478, 3) the person's neutral face.
        side: S of the view.
        look: gives the portrait its grain.

    Attributes:
        to_crop: (2, 3) from the image's pixels (x, y, 1) to those of the portrait's crop.
    """

    def __init__(
        self,
        image: NDArray[np.uint8],
        points: NDArray[np.floating],
        neutral: NDArray[np.floating],
        side: int,
        look: Look | None = None,
    ) -> None:
        basis = released_basis()
        self.side = side
        self._neutral = neutral
        self._head, _ = basis.pose(points[None], neutral)
        shown = min(_CROP, min(image.shape[:2]) / float(self._head.size[0]))
        self.portrait: Portrait = portrait_at(image, points, round(side / VIEW * shown), neutral)
        left, top, shown_side = self.portrait.crop
        scale = self.portrait.size / shown_side
        corner = (0.5 - np.array([left, top])) * scale - 0.5
        self.to_crop = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        texture = self.portrait.texture
        unit = float(self.portrait.head.size[0]) / 100
        self._grain = look.grain(len(texture), unit) if look else None
        if self._grain is not None:
            texture[..., :3] = with_grain(texture[..., :3], self._grain)
        self._sheet = make_sheet(self.portrait)
        self._eyes = make_eyes(self.portrait)
        size = self.portrait.size
        self._flow = np.zeros((size, size, 2), np.float32)
        self._depth = np.empty((size, size), np.float32)
        self._picture = np.empty((size, size, 4), np.uint8)
        self._out = np.empty_like(self.portrait.plate)
        place = HeadPlace.of(self.portrait.head)
        self.view = place.view(side)
        self._jaws = Jaws.of(place, self.view.points(self.portrait.points))
        self._on_texture = self.view.moved(self.portrait.margin, self.portrait.margin)

    def source(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
        """The portrait in its view, its masks, and its coordinates on the jaws."""
        shown = self._on_texture.cut(np.ascontiguousarray(self.portrait.texture[..., :3]))
        drawn = masks(self.view.points(self.portrait.points), self.side, self.side)
        return shown, drawn, coordinates(self._places(self._jaws), self.side)

    def _places(self, jaws: Jaws) -> NDArray[np.float32]:
        return jaws.places((0, 0), self.side // CELL, self.side // CELL)

    def take(self, points: NDArray[np.floating]) -> "Take":
        """The portrait moved as a real frame is, given the frame's mesh (478, 3).

        The frame is memory of the stage's own, good until the next take.
        """
        p = self.portrait
        head, dynamics = p.basis.pose(points[None], self._neutral)
        pose = self._pose(head)
        mesh = points[:, :2] * self.to_crop[0, 0] + self.to_crop[:, 2]
        vertices, face = self._sheet.place(pose, dynamics[0], mesh)
        rasterise(vertices, self._sheet.texture, self._sheet.triangles, self._flow, self._depth)
        sample(p.texture, self._flow, out=self._picture)
        compose(self._picture, p.plate, self._out)
        place = self._sheet.head(pose)
        soften(self._depth, place.size, self._out)
        for eye in self._eyes:
            eye.draw(self._out, face)
        view = place.view(self.side)
        on_real = view.matrix @ np.vstack([self.to_crop, [0, 0, 1]])
        on_jaws = self._places(Jaws.of(place, view.points(face)))
        skin = self._on_texture.field(view.cells(self._flow))
        grain = None if self._grain is None else view.cut(sample(self._grain, self._flow))
        return Take(
            frame=self._out,
            shot=Shot(face, self._flow, place),
            view=view,
            on_real=View(self.side, self.side, on_real),
            origin=np.stack([skin, *self._jaws.show(on_jaws)]),
            on_jaws=on_jaws,
            grain=grain,
        )

    def _pose(self, head: HeadPose) -> NDArray[np.float64]:
        own = self._head
        place = (head.centre[0] - own.centre[0]) / own.size[0]
        log_scale = np.log(head.size[0] / own.size[0])
        return np.concatenate([angles(head.rotation[0]), place, [log_scale]])


def make_scene(
    frames: dict[int, NDArray[np.uint8]],
    points: NDArray[np.floating],
    neutral: NDArray[np.floating],
    source: int,
    targets: list[int],
    side: int,
    driven: NDArray[np.floating],
    look: Look | None = None,
) -> Scene:
    """The scene of a clip's frames.

    Args:
        frames: by number, at least those asked for.
        points: (T, 478, 3) the meshes of all frames.
        neutral: (478, 3) the person's neutral face.
        source: the frame that is the portrait.
        targets: the real frames.
        side: S.
        driven: (DRIVEN, 478, 3) meshes in the frames' pixels that somebody else has moved.
        look: that the frames have already; its grain is put on portrait and real frames.
    """
    stage = Stage(frames[source], points[source], neutral, side, look)
    guess = PlainMouth(stage.portrait)
    source_seen = stage.source()
    warped, real, drawn, told, origins, faces = [], [], [], [], [], []
    for i, mesh in [*((i, points[i]) for i in targets), *((None, mesh) for mesh in driven)]:
        take = stage.take(mesh)
        guess(take.frame, take.shot)
        warped.append(take.view.cut(take.frame))
        if i is not None:
            true = take.on_real.cut(frames[i])
            real.append(true if take.grain is None else with_grain(true, take.grain))
        drawn.append(masks(take.mesh, side, side))
        told.append(guides(take.mesh, take.origin[0], take.on_jaws, side).astype(np.float16))
        origins.append(take.origin)
        faces.append(face_mask(take.mesh, side))
    return Scene(
        *source_seen,
        np.stack(warped),
        np.stack(real),
        np.stack(drawn),
        np.stack(told),
        np.stack(origins),
        np.stack(faces),
    )


def there_and_back(
    frames: dict[int, NDArray[np.uint8]],
    points: NDArray[np.floating],
    neutral: NDArray[np.floating],
    source: int,
    targets: list[int],
    side: int,
    driven: NDArray[np.floating],
    look: Look | None = None,
) -> Scene:
    """The scene of a picture that the warp turns away, and that is to be turned back.

    Args:
        frames, points, neutral, side, driven, look: as for `make_scene`.
        source: the frame that is turned; it is the first pair of real frames.
        targets: the portrait is the source turned as the first of these; the rest, from the
            third on, are real frames beside it.
    """
    stage = Stage(frames[source], points[source], neutral, side)
    take = stage.take(points[targets[0]])
    # all in the crop's pixels, since that is what was drawn
    size = stage.portrait.size
    crops = {i: cut_out(frame, stage.to_crop, (size, size)) for i, frame in frames.items()}
    there = len(points)
    crops[there] = take.frame
    moved, driven = (meshes * stage.to_crop[0, 0] for meshes in (points, driven))
    for meshes in (moved, driven):
        meshes[..., :2] += stage.to_crop[:, 2]
    moved = np.concatenate([moved, take.shot.face[None]])
    chosen = [source, source, *targets[2:]]
    return make_scene(crops, moved, neutral, there, chosen, side, driven, look)


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
        self._played: list[NDArray[np.float32]] = []  # dynamics of pairs of frames, (2, D)

    def __next__(self) -> Scene:
        while not self._waiting:
            self._waiting = list(self._visit())
        return self._waiting.pop()

    def _visit(self) -> Iterator[Scene]:
        """One to three scenes of one clip."""
        rng = self._rng
        sharp = bool(rng.random() < self._sharp)
        people = self._groups.get(sharp) or next(iter(self._groups.values()))
        person = people[rng.integers(len(people))]
        clip = person[rng.integers(len(person))]
        track = clip.track()
        count = min(len(track.points), _FRAMES)
        points = smooth(track.points[:count], track.seen[:count])
        wider = np.exp(rng.normal(0, _STRETCHED)) if self._looks else 1.0
        stretch = np.array([wider, 1 / wider])
        points[..., :2] = (points[..., :2] + 0.5) * stretch - 0.5
        some = points[:: max(1, count // 24)]
        neutral = self._basis.identify(some)
        head, dynamics = self._basis.pose(points, neutral)
        chosen = [
            picked
            for _ in range(1 + (count >= 60) + (count >= 120))
            if (picked := _choose(rng, points, track.seen[:count], head, self._pairs))
        ]
        if not chosen:
            return
        wanted = {i for source, targets in chosen for i in (source, *targets)}
        frames = {
            i: _stretched(frame, stretch)
            for i, frame in enumerate(islice(clip.frames(), max(wanted) + 1))
            if i in wanted
        }
        for source, targets in chosen:
            if not {source, *targets} <= frames.keys():
                continue
            taken = {i: frames[i] for i in (source, *targets)}
            look = draw_look(rng, float(head.size[source])) if self._looks else None
            if look:
                taken = {i: look(frame) for i, frame in taken.items()}
            codes = self._play(dynamics[targets])
            codes[:, self._basis.lower] *= rng.uniform(1, _FURTHER)
            into = head.at(np.resize(targets, DRIVEN))
            driven = into.to_image(self._basis.rebuild(codes, neutral))
            make = there_and_back if rng.random() < _TURNED else make_scene
            yield make(taken, points, neutral, source, targets, self._side, driven, look)

    def _play(self, dynamics: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dynamics (DRIVEN, D) of pairs of frames seen before; remembers those of (T, D)."""
        self._played += [pair.copy() for pair in dynamics.reshape(-1, 2, dynamics.shape[1])]
        if len(self._played) > _REMEMBERED:
            del self._played[int(self._rng.integers(len(self._played) // 2))]
        chosen = self._rng.integers(len(self._played), size=DRIVEN // 2)
        return np.concatenate([self._played[i] for i in chosen])


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


def _choose(
    rng: np.random.Generator,
    points: NDArray[np.floating],
    seen: NDArray[np.bool_],
    head: HeadPose,
    pairs: int,
) -> tuple[int, list[int]] | None:
    """A source and pairs of targets that follow each other, or None."""
    mouth = measure.lip_distances(points)[:, 1] / head.size
    lids = (measure.lid_distances(points)[..., 1] / head.size[:, None]).sum(1)
    turn = angles(head.rotation)
    middle = points[..., :2].mean(1)
    jump = np.linalg.norm(np.diff(middle, axis=0), axis=1) > _JUMP * np.ptp(points[1:, :, 0], 1)
    run = np.concatenate([[0], np.cumsum(jump)])
    chance = np.where(seen, 1.0, 0.0)
    if rng.random() < _SHUT:
        chance *= np.exp(-mouth / 0.03) + 0.01
    if chance.sum() <= 0:
        return None
    source = int(rng.choice(len(points), p=chance / chance.sum()))
    far = np.abs(turn[:, :2] - turn[source, :2]).max(1)
    use = seen & (run == run[source]) & (far < _TURN)
    use &= np.abs(np.log(head.size / head.size[source])) < 0.4
    ahead = use[:-1] & use[1:] & (np.arange(len(points) - 1) != source)
    if ahead.sum() < pairs:
        return None
    widest = max(float(np.quantile(mouth, 0.95)), 0.03)
    special = np.maximum(0.5 * mouth, np.abs(mouth - mouth[source])) / widest
    special = special + 0.7 * np.clip((lids[source] - lids) / 0.12, 0, 1) + 2 * far
    special = special * np.clip(np.abs(np.arange(len(points)) - source) / 10, 0.3, 1)
    weight = np.where(ahead, _UNHEARD + special[:-1], 0)
    first = rng.choice(len(weight), pairs, replace=False, p=weight / weight.sum())
    return source, [int(k) for i in first for k in (i, i + 1)]
