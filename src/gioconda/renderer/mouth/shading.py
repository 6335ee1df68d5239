"""The inner loops: vertices placed and lit, and what was drawn of them laid between the lips."""

from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

_LIGHT: Final = (-0.12, -0.35, -0.93)  # from where it comes, in the camera's axes
# Teeth of a turned head's far side beyond the first, and half over the second, show their inner
# sides, into which no light falls; in inter-ocular distances.
_FAR, _FADES = 0.1, 0.1
_TURNED: Final = 0.45  # sine of the yaw from which that is wholly so
FLAT: Final = 0.5  # `Lighting.flat` from which a mouth is drawn as in a flat picture
_LIT, _STEEP = 0.6, 4.0  # in a flat picture half of the light that is lit, and its slope there


class Lighting(NamedTuple):
    """How light falls into a mouth; lengths in inter-ocular distances.

    Fitted by `benchmarks/mouth_light.py` to what mouths of people show in the mean.

    Attributes:
        ambient: the part of it that comes from all sides.
        shine: of wet teeth and tongue, in parts of their tone.
        near: so far behind the front teeth it is full.
        reach, reach_open: how far it reaches behind that, and for each opening.
        side, side_width: where cheeks begin to take of it, on either side, and over how much.
        side_teeth: how much they take of teeth.
        tongue, tongue_width, side_soft: likewise, of what is soft, so that it ends in the dark and
            not in an edge before the molars.
        free_tongue, free_teeth: part of it that nothing of the mouth's own hides.
        lower_row: part of it that the lower teeth get, which stand behind the upper ones.
        upper_shadow, lower_shadow: part of it that a lip takes at its rim.
        upper_width, lower_width: how wide a lip's shadow is.
        narrow, narrow_width: part of it that lips take which hardly part, and how far they are
            apart where it is a third of that.
        warm: part more of green and blue that a lip's shadow takes where it is deep: what light is
            left comes through lips and off them. Where lips hardly part, people's mouths are a
            tenth redder than in grey shade.
        flat: whether what is seen is either lit or in the dark, with nothing between; 0 to 1.
    """

    ambient: float = 0.85
    shine: float = 0.06
    near: float = 0.12
    reach: float = 0.03
    reach_open: float = 0.8
    side: float = 0.29
    side_width: float = 0.08
    side_teeth: float = 0.5
    tongue: float = 0.08
    tongue_width: float = 0.12
    side_soft: float = 0.7
    free_tongue: float = 0.8
    free_teeth: float = 0.92
    lower_row: float = 0.6
    upper_shadow: float = 0.5
    lower_shadow: float = 0.05
    upper_width: float = 0.05
    lower_width: float = 0.03
    narrow: float = 0.7
    narrow_width: float = 0.02
    warm: float = 0.2
    flat: float = 0.0


@numba.njit(cache=True, fastmath=True, nogil=True)
def place(
    rest: NDArray[np.float32],
    opened: NDArray[np.float32],
    tip: NDArray[np.float32],
    pose: NDArray[np.float32],
    turn: NDArray[np.float32],
    middle: NDArray[np.float32],
    placed: NDArray[np.float32],
    seen: NDArray[np.float32],
) -> None:
    """Where vertices lie.

    Args:
        rest: (V, 3) in the head frame, the teeth shut.
        opened: (V, 3) how each moves when the jaw opens by 1.
        tip: (V,) how far each goes with the tongue's tip, 0 to 1.
        pose: (3,) as `MouthPose`.
        turn: (3, 3) from the head frame to pixels.
        middle: (2,) the head frame's origin in pixels.
        placed: (V, 3), written: in the head frame.
        seen: (V, 3), written: in pixels.
    """
    jaw, tongue, out = pose[0], pose[1], pose[2]
    for i in range(rest.shape[0]):
        x = rest[i, 0] + jaw * opened[i, 0]
        y = rest[i, 1] + jaw * opened[i, 1] - tongue * tip[i]
        z = rest[i, 2] + jaw * opened[i, 2] - out * tip[i]
        placed[i, 0], placed[i, 1], placed[i, 2] = x, y, z
        seen[i, 0] = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z + middle[0]
        seen[i, 1] = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z + middle[1]
        seen[i, 2] = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z


@numba.njit(cache=True, fastmath=True, nogil=True)
def seen_from_the_side(sine: float) -> float:
    """How much a head is, 0 to 1, whose yaw has this sine."""
    return min((sine / _TURNED) ** 2, 1.0)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _lit_or_dark(arrives: np.float32) -> np.float32:
    """The light of a flat picture where so much arrives, 0 to 1."""
    step = np.float32(_STEEP) * (arrives - np.float32(_LIT)) + np.float32(0.5)
    return min(max(step, np.float32(0)), np.float32(1))


@numba.njit(cache=True, fastmath=True, nogil=True)
def light(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    occlusion: NDArray[np.float32],
    part: NDArray[np.uint8],
    tones: NDArray[np.float32],
    turn: NDArray[np.float32],
    front: float,
    gap: float,
    lighting: Lighting,
    out: NDArray[np.float32],
) -> None:
    """The colours of vertices; linear in the tones.

    Args:
        vertices: (V, 3) in the head frame.
        normals: (V, 3).
        occlusion: (V,) how much light reaches it, 0 to 1.
        part: (V,) of `Part`.
        tones: (3, C) teeth, soft, dark.
        turn: (3, 3) from the head frame to the camera's axes.
        front: z of the front teeth.
        gap: how far the lips are apart.
        lighting: how light falls in.
        out: (V, C).
    """
    reach = np.float32(lighting.reach + lighting.reach_open * gap)
    start = np.float32(front + lighting.near)
    turned = np.float32(seen_from_the_side(turn[2, 0]))
    for i in range(vertices.shape[0]):
        hard = part[i] >= 2
        tone = np.int64(0) if hard else np.int64(1)
        free = np.float32(lighting.free_teeth if hard else lighting.free_tongue)
        behind = max(np.float32(0), vertices[i, 2] - start) / reach
        edge = np.float32(lighting.side if hard else lighting.tongue)
        fades = np.float32(lighting.side_width if hard else lighting.tongue_width)
        side = (abs(vertices[i, 0]) - edge) / fades
        side = min(max(side, np.float32(0)), np.float32(1))
        taken = np.float32(lighting.side_teeth if hard else lighting.side_soft) * side
        arrives = np.exp(-behind * np.sqrt(behind)) * (1 - taken)
        if hard:
            far = (vertices[i, 0] * np.sign(turn[2, 0]) - np.float32(_FAR)) / np.float32(_FADES)
            arrives *= 1 - turned * min(max(far, np.float32(0)), np.float32(1))
        arrives += np.float32(lighting.flat) * (_lit_or_dark(arrives) - arrives)
        towards, facing = np.float32(0), np.float32(0)
        for k in range(3):
            normal = (
                turn[k, 0] * normals[i, 0] + turn[k, 1] * normals[i, 1] + turn[k, 2] * normals[i, 2]
            )
            towards += np.float32(_LIGHT[k]) * normal
            facing -= normal if k == 2 else np.float32(0.25) * normal * np.float32(k)
        towards, facing = max(towards, np.float32(0)), max(facing, np.float32(0))
        ambient = np.float32(lighting.ambient)
        lit = ambient + (1 - ambient) * towards + np.float32(lighting.shine) * facing**16
        if part[i] > 0:  # gums lie under the lips, which have shadows of their own
            lit *= free + (1 - free) * occlusion[i]
        lit *= np.float32(lighting.lower_row) if part[i] == 3 else np.float32(1)
        for c in range(tones.shape[1]):
            out[i, c] = arrives * lit * tones[tone, c] + (1 - arrives) * tones[2, c]


@numba.njit(cache=True, fastmath=True, nogil=True)
def shrink(drawn: NDArray[np.float32], times: int, out: NDArray[np.float32]) -> None:
    """Means of `times` x `times` pixels, (times h, times w, C) to (h, w, C)."""
    part = np.float32(1 / times**2)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(out.shape[2]):
                total = np.float32(0)
                for i in range(times):
                    for j in range(times):
                        total += drawn[y * times + i, x * times + j, c]
                out[y, x, c] = part * total


@numba.njit(cache=True, fastmath=True, nogil=True)
def between_lips(
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    down: NDArray[np.float32],
    unit: float,
    feather: float,
    lighting: Lighting,
    shown: NDArray[np.float32],
) -> None:
    """How much of the inside is seen at each pixel, and how light the lips' shadows leave it.

    Args:
        upper, lower: (N, 2) inner rims of the lips from corner to corner, in pixels.
        down: (2,) where the head has down, of length 1.
        unit: the inter-ocular distance in pixels.
        feather: width of the soft edge in pixels.
        lighting: how dark shadows are, and how wide.
        shown: (h, w, 4), written: how much, and the light of red, green and blue; 0 to 1.
    """
    height, width = shown.shape[:2]
    from_upper = np.float32(1 / (lighting.upper_width * unit))
    from_lower = np.float32(1 / (lighting.lower_width * unit))
    by_upper, by_lower = np.float32(lighting.upper_shadow), np.float32(lighting.lower_shadow)
    by_both, from_both = np.float32(lighting.narrow), np.float32(1 / (lighting.narrow_width * unit))
    soft = np.float32(1 / feather)
    # upright: down is y
    above, below = _segments(upper, down), _segments(lower, down)
    for y in range(height):
        for x in range(width):
            px = np.float32(x) * down[1] - np.float32(y) * down[0]
            py = np.float32(x) * down[0] + np.float32(y) * down[1]
            over, upper_below = _rim(above, px, py)
            under, lower_below = _rim(below, px, py)
            near = np.sqrt(min(over, under))
            if upper_below or not lower_below:
                near = -near
            seen = min(max(near * soft + np.float32(0.5), np.float32(0)), np.float32(1))
            shown[y, x, 0] = seen
            shown[y, x, 1:] = 1
            if seen > 0:
                over, under = np.sqrt(over), np.sqrt(under)
                shade = 1 - by_upper * np.exp(-over * from_upper)
                shade *= 1 - by_lower * np.exp(-under * from_lower)
                shade *= 1 - by_both * np.exp(-(over + under) * from_both)
                warm = shade * (1 - np.float32(lighting.warm) * (1 - shade))
                shown[y, x, 1] = shade
                shown[y, x, 2] = shown[y, x, 3] = warm


@numba.njit(cache=True, fastmath=True, nogil=True)
def _segments(rim: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pieces of a line, upright, (N - 1, 7): start, direction, that over its squared length, and
    slope."""
    found = np.empty((rim.shape[0] - 1, 7), np.float32)
    for i in range(len(found)):
        x, y = rim[i, 0], rim[i, 1]
        ex, ey = rim[i + 1, 0] - x, rim[i + 1, 1] - y
        dx, dy = ex * down[1] - ey * down[0], ex * down[0] + ey * down[1]
        part = 1 / max(dx * dx + dy * dy, np.float32(1e-12))
        found[i, 0] = x * down[1] - y * down[0]
        found[i, 1] = x * down[0] + y * down[1]
        found[i, 2], found[i, 3], found[i, 4], found[i, 5] = dx, dy, dx * part, dy * part
        found[i, 6] = dy / dx if abs(dx) > 1e-6 else np.float32(0)
    return found


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _rim(line: NDArray[np.float32], x: np.float32, y: np.float32) -> tuple[np.float32, bool]:
    """Squared distance of a line from (x, y), and whether it lies below: a ray down crosses it
    an odd number of times."""
    nearest, below = np.float32(1e30), False
    for i in range(line.shape[0]):
        ax, ay, dx = x - line[i, 0], y - line[i, 1], line[i, 2]
        t = min(max(ax * line[i, 4] + ay * line[i, 5], np.float32(0)), np.float32(1))
        ex, ey = ax - t * dx, ay - t * line[i, 3]
        nearest = min(nearest, ex * ex + ey * ey)
        if (ax >= 0) != (ax >= dx):
            below ^= ax * line[i, 6] > ay
    return nearest, below


@numba.njit(cache=True, fastmath=True, nogil=True)
def lay(
    colours: NDArray[np.float32],
    shown: NDArray[np.float32],
    amount: float,
    out: NDArray[np.uint8],
) -> None:
    """Lay colours (h, w, 3) over a picture (h, w, 3), in place, as `between_lips` shows them."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            seen = np.float32(amount) * shown[y, x, 0]
            if seen <= 0:
                continue
            for k in range(3):
                before = np.float32(out[y, x, k])
                value = before + seen * (shown[y, x, 1 + k] * colours[y, x, k] - before)
                value = min(max(value + np.float32(0.5), np.float32(0)), np.float32(255))
                out[y, x, k] = np.uint8(value)


@numba.njit(cache=True, fastmath=True, nogil=True)
def lay_photo(
    colours: NDArray[np.float32], photo: NDArray[np.float32], shown: NDArray[np.float32]
) -> None:
    """Put a photo's pixels where vertices carry them, in place.

    Args:
        colours: (h, w, 6) RGB; x and y in the photo, times the last, which is how much it shows.
        photo: (H, W, 4) RGB before lips shade it, and how much of each pixel is to be used.
        shown: (h, w, 4) as `between_lips` leaves it.
    """
    height, width = photo.shape[:2]
    for i in range(colours.shape[0]):
        for j in range(colours.shape[1]):
            much = colours[i, j, 5]
            if much < np.float32(0.4) or shown[i, j, 0] <= 0:
                continue
            x = min(max(colours[i, j, 3] / much, np.float32(0)), np.float32(width - 1.001))
            y = min(max(colours[i, j, 4] / much, np.float32(0)), np.float32(height - 1.001))
            left, top = int(x), int(y)
            fx, fy = x - np.float32(left), y - np.float32(top)
            part = min(max(2 * much - np.float32(0.9), np.float32(0)), np.float32(1))
            used = _between(photo, top, left, fx, fy, 3) * part
            for k in range(3):
                own = _between(photo, top, left, fx, fy, k)
                colours[i, j, k] += used * (own - colours[i, j, k])


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _between(
    photo: NDArray[np.float32], top: int, left: int, fx: np.float32, fy: np.float32, k: int
) -> np.float32:
    """A channel of the photo, bilinearly."""
    above = photo[top, left, k] + fx * (photo[top, left + 1, k] - photo[top, left, k])
    below = photo[top + 1, left, k] + fx * (photo[top + 1, left + 1, k] - photo[top + 1, left, k])
    return np.float32(above + fy * (below - above))
