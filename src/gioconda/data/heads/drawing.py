"""A head's picture, and the exact truth behind it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.heads import raster
from gioconda.data.heads.head import Head, Pose
from gioconda.data.heads.regions import Region

_Colour = tuple[float, float, float]
_WET: Final = (Region.EYES, Region.UPPER_TEETH, Region.LOWER_TEETH, Region.TONGUE, Region.GUM)


@dataclass(frozen=True)
class Camera:
    """Where the head is seen from; with no turn it faces the camera.

    Attributes:
        size: side of the square picture in pixels.
        view: how much of the eyeballs' distance a side shows at the depth of the eyes. Below
            3 of it most heads end.
        angle: the field of view in degrees; small is far away.
        middle: x and y of what the picture's middle shows, in the unit of the head.
    """

    size: int = 512
    view: float = 5.6
    angle: float = 20.0
    middle: tuple[float, float] = (0.0, 0.3)

    @property
    def distance(self) -> float:
        """From the camera to the eyes, in the unit of the head."""
        return float(self.view / 2 / np.tan(np.radians(self.angle) / 2))

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (..., 3) → x, y in pixels, centres at integers, and the distance in depth."""
        away = points[..., 2:] + self.distance
        scale = self.size / self.view * self.distance / away
        flat = (points[..., :2] - self.middle) * scale + (self.size - 1) / 2
        return np.concatenate([flat, away], -1)


@dataclass(frozen=True)
class Look:
    """Light, colours and lens. Colours are factors of light; 1 leaves it.

    Attributes:
        lamp: direction to the lamp, x to the image's right, y down, z away from the camera.
        lamp_colour: of its light.
        above: light from above, of all sides.
        below: light from below.
        skin: tint of skin and lips.
        lips: tint of the lips beyond the skin's.
        teeth: tint of teeth.
        hair: tint of hair.
        dark: how fast light fades into the mouth, per unit of the head; the eyeballs' distance
            is about 6 cm.
        shine: how much skin mirrors; lips twice, what is wet four times as much.
        background: (2, 2, 3) colours of the corners, 0 to 255, spread smoothly.
        blur: of the lens, standard deviation in pixels.
        noise: standard deviation in grey levels.
        seed: of the noise.
    """

    lamp: _Colour = (-0.3, -0.5, -0.8)
    lamp_colour: _Colour = (0.85, 0.85, 0.85)
    above: _Colour = (0.45, 0.45, 0.45)
    below: _Colour = (0.25, 0.25, 0.25)
    skin: _Colour = (1.0, 1.0, 1.0)
    lips: _Colour = (1.0, 1.0, 1.0)
    teeth: _Colour = (1.0, 1.0, 1.0)
    hair: _Colour = (1.0, 1.0, 1.0)
    dark: float = 1.5
    shine: float = 0.04
    background: NDArray[np.float32] = field(
        default_factory=lambda: np.full((2, 2, 3), 110, np.float32)
    )
    blur: float = 0.0
    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Drawn:
    """A picture of S x S pixels and what it shows.

    Attributes:
        picture: (S, S, 3) RGB.
        labels: (N S, N S) the `Region` at N x N places of each pixel.
        depth: (S, S) distance from the camera of what is nearest in the pixel, in the unit of the
            head; infinite where nothing is.
        posed: of each part, the vertices (V, 3) in the camera's axes.
        camera: that saw them.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    depth: NDArray[np.float32]
    posed: dict[str, NDArray[np.float32]]
    camera: Camera

    def mask(self, regions: Iterable[Region]) -> NDArray[np.uint8]:
        """How much of each pixel shows one of the regions, (S, S), 0 to 255."""
        side = len(self.picture)
        times = len(self.labels) // side
        inside = np.isin(self.labels, [int(r) for r in regions])
        share = inside.reshape(side, times, side, times).mean((1, 3), dtype=np.float32)
        return np.asarray(np.rint(255 * share), np.uint8)

    @cached_property
    def pixels(self) -> dict[str, NDArray[np.float64]]:
        """Of each part, the vertices (V, 3): x and y in pixels, and the distance in depth."""
        return {name: self.camera.project(at) for name, at in self.posed.items()}


def draw(
    head: Head,
    pose: Pose | None = None,
    look: Look | None = None,
    camera: Camera | None = None,
    finer: int = 2,
) -> Drawn:
    """Draw a head. The same arguments give the same bits.

    Args:
        head: whom.
        pose: what it does; at rest if not given.
        look: light and colours.
        camera: where it is seen from.
        finer: each pixel is the mean of this many by as many.

    Raises:
        GiocondaError: if the head lacks a morph.
    """
    pose, look, camera = pose or Pose(), look or Look(), camera or Camera()
    posed, mesh = head.posed(pose), head.mesh
    fine = replace(camera, size=camera.size * finer)
    vertices = np.concatenate(list(posed.values()))
    out = raster.normals(vertices, mesh.same[mesh.triangles])[mesh.same]
    carried = np.concatenate([mesh.uv, out, _inlet(head, pose, look)[:, None]], 1)
    placed = fine.project(vertices).astype(np.float32)
    placed[:, 2] = 1 / placed[:, 2]
    nearness, shown = np.empty((fine.size,) * 2, np.float32), np.empty((fine.size,) * 2, np.int32)
    raster.show(placed, mesh.triangles, nearness, shown)
    painted = np.zeros((fine.size, fine.size, 3), np.float32)
    labels = np.zeros((fine.size, fine.size), np.uint8)
    raster.shade(
        *(shown, placed, mesh.triangles, carried, mesh.sheets, head.textures, mesh.kinds),
        *(head.regions, *_colours(look), _light(look), painted, labels),
    )
    picture, depth = raster.reduce(painted, nearness, _background(look, camera.size), finer)
    return Drawn(_developed(picture, look), labels, depth, posed, camera)


def _inlet(head: Head, pose: Pose, look: Look) -> NDArray[np.float32]:
    """How much light comes to each vertex, (V,): less the farther behind the front teeth."""
    at = np.concatenate(list(head.posed(pose, turned=False).values()))
    inner = head.mesh.inner
    light = np.ones(len(at), np.float32)
    if inner.any():
        behind = at[inner, 2] - at[inner, 2].min()
        light[inner] = np.exp(-look.dark * behind)
    return light


# --- colours ---


def _colours(look: Look) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tints (R, 3) and shine (R,) of the regions."""
    tints = np.ones((len(Region), 3), np.float32)
    tints[Region.SKIN] = look.skin
    tints[Region.LIPS] = np.array(look.skin) * look.lips
    tints[[Region.UPPER_TEETH, Region.LOWER_TEETH]] = look.teeth
    tints[Region.HAIR] = look.hair
    shine = np.zeros(len(Region), np.float32)
    shine[[Region.SKIN, Region.HAIR]] = look.shine
    shine[Region.LIPS] = 2 * look.shine
    shine[list(_WET)] = 4 * look.shine
    return tints, shine


def _light(look: Look) -> NDArray[np.float32]:
    """What `raster.shade` takes, (4, 3)."""
    lamp = np.array(look.lamp) / np.linalg.norm(look.lamp)
    return np.stack([lamp, look.lamp_colour, look.above, look.below]).astype(np.float32)


def _background(look: Look, size: int) -> NDArray[np.float32]:
    small = cv2.resize(look.background, (8, 8), interpolation=cv2.INTER_LINEAR)
    wide = cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32)


def _developed(picture: NDArray[np.float32], look: Look) -> NDArray[np.uint8]:
    if look.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), look.blur), np.float32)
    if look.noise:
        rng = np.random.default_rng(look.seed)
        grain = rng.standard_normal(picture.shape, np.float32)
        picture = picture + np.float32(look.noise) * grain
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
