"""Draws the inside of one portrait's mouth into its frames."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.pose import rotation
from gioconda.portrait import Portrait
from gioconda.renderer.kernels import rasterise_values
from gioconda.renderer.mouth.grain import Grain
from gioconda.renderer.mouth.shading import (
    FLAT,
    Lighting,
    between_lips,
    lay,
    lay_photo,
    light,
    place,
    seen_from_the_side,
    shrink,
)
from gioconda.renderer.mouth.shape import LIPS_MEET, Part, released_shape
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.sheet import lift_face
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import WarpedFrame

INSIDE: Final = 4  # maps: upper teeth, lower teeth, tongue, nearness
_FINER: Final = 2  # pixels drawn to one of the picture, in each direction
_SHUT: Final = 0.4  # pixels between the lips under which nothing is seen
_WHOLE: Final = 1.5  # pixels between the lips, and a fifth more, from which all of it is seen
_BORDER: Final = 3  # pixels around the rims
_BETWEEN: Final = 2  # points on the curve of a rim for each of the mesh
_FEATHER: Final = 0.012  # width of the soft edge, in inter-ocular distances
_LEAST_FEATHER: Final = 1.2  # pixels
# Standard deviations of a point in pixels: as drawn here; at least, or edges of teeth are stairs;
# and in parts of the photo's softness, for its sharpest edges are softer than a tooth's.
_DRAWN, _EVEN, _PHOTO = 0.4, 0.65, 0.7
_LIPS_MEET: Final = (
    topology.UPPER_LIP_RIM,
    topology.LOWER_LIP_RIM,
    topology.LIP_INNER_UPPER[0],
    topology.LIP_INNER_UPPER[-1],
)
_NEXT: Final = 0.03  # inter-ocular distances behind what is seen that still count as seen
_LEAST_LIGHT: Final = 0.6  # of a lip's shadow, which is taken off a photo
_RIM: Final = 0.03  # width of a photo's rim that is not taken, for it is lip, in the same unit
# Lips go back with the jaw, a mesh's hardly do: seen from the side the lower row stays this far
# behind them, in inter-ocular distances.
_LIP: Final = 0.07
_TONGUE_FOLLOWS: Final = 0.7  # part of the jaw's turn that the tongue makes
# The tongue's tip lies in front, its root behind: z of both in the shape.
_TIP, _ROOT = -0.13, 0.35


class Inside(NamedTuple):
    """The inside of a mouth over a window (h, w) of a frame.

    Memory of the `MouthInterior`, good until its next frame.

    Attributes:
        corner: x and y of the window's first pixel.
        colours: (h, w, 3) before lips shade it; linear in the tones.
        shown: (h, w, 4) how much of it is seen, and how light the lips leave red, green and blue.
        amount: how much of it is seen at all, less than 1 where the lips hardly part.
    """

    corner: tuple[int, int]
    colours: NDArray[np.float32]
    shown: NDArray[np.float32]
    amount: float


class MouthInterior:
    """Teeth, gums, tongue and the dark behind them, between the lips of one portrait.

    The upper row hangs on the skull, the lower on the jaw. Drawn into memory that it keeps, at the
    picture's own resolution.

    Args:
        neutral: (478, 3) the portrait's neutral face, of `neutral_face`.
        mouth: what stays through all frames.
        soft: blur of the photo's edges, in pixels: what is drawn is no finer.
        lighting: how light falls in.
        grain: of the picture; None for none.
    """

    def __init__(
        self,
        neutral: NDArray[np.floating],
        mouth: Mouth,
        soft: float = 0.0,
        lighting: Lighting = Lighting(),  # noqa: B008
        grain: Grain | None = None,
    ) -> None:
        shape = released_shape()
        self._neutral = neutral
        self._shape = shape
        count = len(shape.rest)
        skull = (shape.part == Part.UPPER_TEETH) | (
            (shape.part == Part.GUM) & (shape.opened[:, 1] < 1e-3)
        )
        self._hangs = skull.astype(np.float32)
        tip = np.clip((_ROOT - shape.rest[:, 2]) / (_ROOT - _TIP), 0, 1)
        self._tip = np.where(shape.part == Part.TONGUE, tip, 0).astype(np.float32)
        self._placed = np.empty((count, 3), np.float32)  # in the head frame
        self._seen = np.empty((count, 3), np.float32)  # in pixels
        self._colours = np.zeros((count, 6), np.float32)  # and where in a photo, and whether
        self._photo: NDArray[np.float32] | None = None
        self._parts = np.zeros((count, INSIDE), np.float32)  # which it is, and how near the lips
        for i, part in enumerate((Part.UPPER_TEETH, Part.LOWER_TEETH, Part.TONGUE)):
            self._parts[:, i] = shape.part == part
        self._memory = np.empty(0, np.float32)
        self._blur = float(np.sqrt(max(_PHOTO * soft, _EVEN) ** 2 - _DRAWN**2))
        self.lighting, self._grain = lighting, grain
        self.become(mouth)

    def become(self, mouth: Mouth) -> None:
        """Take another state."""
        shape = self._shape
        self.mouth = mouth
        self._tones = mouth.tones.stacked().astype(np.float32)
        to = self._neutral[list(_LIPS_MEET)].mean(0)
        rest = (shape.rest - LIPS_MEET) * mouth.size + to
        rest[:, 1] += mouth.drop * self._hangs
        self._rest = np.ascontiguousarray(rest, np.float32)
        opened = shape.opened * mouth.size
        opened[shape.part == Part.TONGUE] *= _TONGUE_FOLLOWS
        self._opened = np.ascontiguousarray(opened, np.float32)
        self._front = float(rest[shape.part == Part.UPPER_TEETH, 2].min())
        foremost = int(np.where(shape.part == Part.LOWER_TEETH, rest[:, 2], np.inf).argmin())
        self._back = float(opened[foremost, 2])
        self._behind = float(rest[foremost, 2] - self._neutral[topology.LOWER_LIP_RIM, 2])
        drawn = np.full(len(shape.triangles), not mouth.hollow)
        if self.lighting.flat > FLAT:  # one band of teeth, and a tongue
            lower = (self._hangs == 0) & (shape.part != Part.TONGUE)
            drawn &= ~lower[shape.triangles].any(1)
        self._triangles = np.ascontiguousarray(shape.triangles[drawn])

    def draw(self, frame: WarpedFrame, pose: MouthPose) -> None:
        """Draw into the frame's picture, in place, where its lips are apart."""
        inside = self.inside(frame, pose)
        if inside:
            height, width = inside.shown.shape[:2]
            left, top = inside.corner
            window = frame.picture[top : top + height, left : left + width]
            if self._grain:
                size = height, width
                np.multiply(
                    inside.colours,
                    self._grain.over(frame.head, inside.corner, size),
                    out=inside.colours,
                )
            lay(inside.colours, inside.shown, inside.amount, window)

    def inside(self, frame: WarpedFrame, pose: MouthPose) -> "Inside | None":
        """What is between the lips of a frame; None where they are shut or out of the picture."""
        size = (int(frame.picture.shape[0]), int(frame.picture.shape[1]))
        lips = _Lips.of(frame.mesh, frame.head, size)
        if not lips:
            return None
        turn = self._place(frame.head, pose, lips)
        shape = self._shape
        light(
            self._placed,
            shape.normals,
            shape.occlusion,
            shape.part,
            self._tones,
            turn.astype(np.float32),
            self._front,
            lips.gap,
            self.lighting,
            self._colours,
        )
        found = self._seen_between(lips, self._colours, np.append(self._tones[2], np.zeros(3)))
        cv2.GaussianBlur(found.colours, (0, 0), self._blur, dst=found.colours)
        if self._photo is not None:
            lay_photo(found.colours, self._photo, found.shown)
        return found._replace(colours=found.colours[..., :3])

    def remember(self, frame: WarpedFrame, pose: MouthPose) -> None:
        """Take the teeth that a frame's picture shows, in this state, into every later frame.

        Args:
            frame: the portrait as a frame.
            pose: of jaw and tongue in it.
        """
        found = self.inside(frame, pose)
        if not found:
            return
        height, width = found.shown.shape[:2]
        depth = self._room(height, width, self._colours.shape[1])[1]  # as it was just drawn
        places = (self._seen[:, :2] + np.float32(0.5)) / _FINER - np.float32(0.5)
        size = np.array([width, height])
        near = np.clip(np.rint(self._seen[:, :2]).astype(int), 0, _FINER * size - 1)
        hidden = depth[near[:, 1], near[:, 0]] + _NEXT * frame.head.size * _FINER < self._seen[:, 2]
        within = ((places >= 0) & (places <= size - 1)).all(1)
        seen = within & ~hidden & (self._shape.part != Part.TONGUE)
        left, top = found.corner
        photo = np.empty((height, width, 4), np.float32)
        picture = frame.picture[top : top + height, left : left + width]
        photo[..., :3] = picture / np.maximum(found.shown[..., 1:], _LEAST_LIGHT)
        away = cv2.distanceTransform((found.shown[..., 0] > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        photo[..., 3] = np.clip(away / (_RIM * frame.head.size) - 0.5, 0, 1)
        photo[..., 3] *= _like_teeth(photo[..., :3], self._tones)
        self._photo = photo
        self._colours[:, 3:5] = np.where(seen[:, None], places, 0)
        self._colours[:, 5] = seen

    def maps(
        self,
        mesh: NDArray[np.floating],
        head: HeadPlace,
        pose: MouthPose,
        size: tuple[int, int],
    ) -> NDArray[np.uint8]:
        """What is where between the lips, (INSIDE, h, w), 0 to 255.

        Upper teeth, lower teeth, tongue, and how near the lips what is seen lies: 255 in front, 0
        in the dark; nothing beside the mouth.

        Args:
            mesh: (478, 2 or 3) in the picture's pixels.
            head: where it is there.
            pose: jaw and tongue.
            size: height and width of the picture.
        """
        drawn = np.zeros((INSIDE, *size), np.uint8)
        lips = _Lips.of(mesh, head, size)
        if lips:
            self._place(head, pose, lips)
            behind = self._placed[:, 2] - np.float32(self._front + self.lighting.near)
            reach = self.lighting.reach + self.lighting.reach_open * lips.gap
            self._parts[:, -1] = np.exp(-((np.maximum(behind, 0) / np.float32(reach)) ** 1.5))
            found = self._seen_between(lips, self._parts, np.zeros(INSIDE, np.float32))
            seen = found.colours * (255 * found.amount * found.shown[..., :1])
            rows = slice(lips.low[1], lips.low[1] + lips.height)
            columns = slice(lips.low[0], lips.low[0] + lips.width)
            drawn[:, rows, columns] = np.rint(seen).transpose(2, 0, 1)
        return drawn

    def _place(self, head: HeadPlace, pose: MouthPose, lips: "_Lips") -> NDArray[np.float64]:
        """Place the vertices, in the head frame and in finer pixels of a window.

        Returns:
            (3, 3) from the head frame to the camera's axes.
        """
        turn = rotation(head.yaw, head.pitch, head.roll)
        shift = head.centre - lips.low
        place(
            self._rest,
            self._opened,
            self._tip,
            np.array(pose, np.float32),
            (_FINER * head.size * turn).astype(np.float32),
            (_FINER * (shift + 0.5) - 0.5).astype(np.float32),
            self._placed,
            self._seen,
        )
        behind = max(self._behind + self._back * pose.jaw - _LIP, 0.0)
        sine = float(turn[2, 0])
        aside = seen_from_the_side(sine) * sine * behind * _FINER * head.size
        across = np.array([lips.down[1], -lips.down[0]])
        self._seen[:, :2] += (1 - self._hangs)[:, None] * np.float32(aside * across)
        return turn

    def _seen_between(
        self, lips: "_Lips", values: NDArray[np.float32], behind: NDArray[np.float32]
    ) -> "Inside":
        """Vertices' values (V, C) as the lips show them, before `behind` (C,)."""
        fine, depth, colours, shown = self._room(lips.height, lips.width, values.shape[1])
        fine[:] = behind
        rasterise_values(self._seen, values, self._triangles, fine, depth)
        shrink(fine, _FINER, colours)
        feather = max(_LEAST_FEATHER, _FEATHER * lips.unit, 2 * self._blur)
        rims = lips.upper, lips.lower
        between_lips(*rims, lips.down, lips.unit, feather, self.lighting, shown)
        amount = min(max(lips.apart / _WHOLE - 0.2, 0.0), 1.0)
        return Inside((int(lips.low[0]), int(lips.low[1])), colours, shown, amount)

    def _room(self, height: int, width: int, values: int) -> list[NDArray[np.float32]]:
        """Memory for a window: values and depth in finer pixels, values and lips in pixels."""
        fine = (_FINER * height, _FINER * width)
        shapes = ((*fine, values), fine, (height, width, values), (height, width, 4))
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        if ends[-1] > len(self._memory):
            self._memory = np.empty(2 * ends[-1], np.float32)
        parts = np.split(self._memory[: ends[-1]], ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _like_teeth(colours: NDArray[np.float32], tones: NDArray[np.float32]) -> NDArray[np.float32]:
    """How surely colours (h, w, 3) are of teeth and not of gum or tongue, (h, w), 0 to 1.

    Both fade to the dark: nearer to teeth, or as near, is 1.

    Args:
        colours: before lips shade them.
        tones: (3, 3) teeth, soft, dark.
    """
    dark = tones[2]
    off = []
    for tone in tones[:2]:
        way = tone - dark
        lit = (colours - dark) @ way / max(float(way @ way), 1e-6)
        off.append(np.linalg.norm(colours - dark - np.maximum(lit, 0)[..., None] * way, axis=-1))
    teeth, soft = off
    return np.asarray(np.minimum(soft / np.maximum(teeth, 1e-3), 1), np.float32)


@dataclass(frozen=True)
class _Lips:
    """Lips that are apart, and the window of pixels about what they show.

    Attributes:
        upper, lower: (N, 2) inner rims from corner to corner, in pixels of the window.
        down: (2,) where the head has down.
        unit: the inter-ocular distance in pixels.
        apart: how far they are at most, in pixels.
        gap: how far their middles are, in inter-ocular distances.
        low: (2,) x and y of the window's first pixel.
        height, width: its size.
    """

    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    down: NDArray[np.float32]
    unit: float
    apart: float
    gap: float
    low: NDArray[np.int_]
    height: int
    width: int

    @staticmethod
    def of(mesh: NDArray[np.floating], head: HeadPlace, size: tuple[int, int]) -> "_Lips | None":
        """The lips of a mesh in a picture of a height and width; None where nothing is seen."""
        upper, lower = (
            curve(mesh[rim, :2].astype(np.float32))
            for rim in (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER)
        )
        down = np.array([-np.sin(head.roll), np.cos(head.roll)], np.float32)
        gaps = (lower - upper) @ down
        apart = float(gaps.max())  # rims of lips that press cross each other
        if apart < _SHUT:
            return None
        rims = np.concatenate([upper, lower])
        low = np.clip(np.floor(rims.min(0)).astype(int) - _BORDER, 0, size[::-1])
        high = np.clip(np.ceil(rims.max(0)).astype(int) + _BORDER + 1, 0, size[::-1])
        width, height = (int(n) for n in high - low)
        if min(width, height) < 2:
            return None
        corner = low.astype(np.float32)
        gap = max(float(gaps[len(gaps) // 2]), 0.0) / head.size
        return _Lips(
            upper - corner, lower - corner, down, head.size, apart, gap, low, height, width
        )


def curve(rim: NDArray[np.float32]) -> NDArray[np.float32]:
    """A smooth line through points (N, 2), `_BETWEEN` to each but the last (Catmull, Rom 1974)."""
    q = np.concatenate([2 * rim[:1] - rim[1:2], rim, 2 * rim[-1:] - rim[-2:-1]])
    a, b, c, d = (q[i : len(rim) - 1 + i, None] for i in range(4))
    t = (np.arange(_BETWEEN, dtype=np.float32) / _BETWEEN)[:, None]
    cubic = (3 * b - a - 3 * c + d) * t**3 + (2 * a - 5 * b + 4 * c - d) * t**2 + (c - a) * t
    inner = (b + cubic / 2).reshape(-1, 2)
    return np.ascontiguousarray(np.concatenate([inner, rim[-1:]]), np.float32)


def neutral_face(portrait: Portrait) -> NDArray[np.float64]:
    """The neutral face (478, 3) as deep as the warp has it."""
    own = np.tensordot(portrait.expression, portrait.basis.dynamics, 1)
    neutral: NDArray[np.float64] = lift_face(portrait) - own
    return neutral


def load_kernels() -> None:
    """Compile what draws mouths for the arrays that it is given, or load it compiled."""
    neutral, side = released_basis().mean.astype(np.float64), 128
    mesh = 40 * neutral[:, :2] + side / 2
    mesh[topology.LIP_INNER_LOWER[1:-1], 1] += 10
    head = HeadPlace(np.full(2, side / 2), 40.0, 0.0)
    picture, flow = np.zeros((side, side, 3), np.uint8), np.empty((0, 0, 2), np.float32)
    frame = WarpedFrame(picture, mesh.astype(np.float32), flow, head, np.empty(0, np.float32))
    interior = MouthInterior(neutral, Mouth(0.0, 1.0, Tones(*np.eye(3, dtype=np.float32))))
    interior.remember(frame, MouthPose(0.2))
    interior.draw(frame, MouthPose(0.2))
