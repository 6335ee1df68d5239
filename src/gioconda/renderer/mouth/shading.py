"""The inner loops: vertices placed and lit, and what was drawn of them laid between the lips."""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

# How light falls into a mouth; lengths in inter-ocular distances. Alike for every portrait, since
# tones are fitted to what this draws.
_LIGHT: Final = (-0.12, -0.35, -0.93)  # from where it comes, in the camera's axes
_AMBIENT: Final = 0.45  # the part of it that comes from all sides
_SHINE: Final = 0.12  # of wet teeth and tongue, in parts of their tone
_NEAR: Final = 0.06  # so far behind the front teeth it is still full
_REACH: Final = (0.14, 1.0)  # how far it reaches behind that: at rest, and for each opening
_SIDES: Final = (0.11, 0.17, 0.75)  # from there, over so much, cheeks take so much of it
# Part of the light that a lip takes at its rim, and how wide its shadow is.
_UPPER_SHADOW: Final = (0.5, 0.022)
_LOWER_SHADOW: Final = (0.25, 0.012)


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
def light(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    occlusion: NDArray[np.float32],
    part: NDArray[np.uint8],
    tones: NDArray[np.float32],
    turn: NDArray[np.float32],
    front: float,
    gap: float,
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
        out: (V, C).
    """
    reach = np.float32(_REACH[0] + _REACH[1] * gap)
    for i in range(vertices.shape[0]):
        tone = np.int64(0) if part[i] >= 2 else np.int64(1)
        behind = max(np.float32(0), vertices[i, 2] - np.float32(front + _NEAR)) / reach
        side = (abs(vertices[i, 0]) - np.float32(_SIDES[0])) / np.float32(_SIDES[1])
        side = min(max(side, np.float32(0)), np.float32(1))
        arrives = np.exp(-behind * np.sqrt(behind)) * (1 - np.float32(_SIDES[2]) * side)
        towards = np.float32(0)
        facing = np.float32(0)
        for k in range(3):
            normal = (
                turn[k, 0] * normals[i, 0] + turn[k, 1] * normals[i, 1] + turn[k, 2] * normals[i, 2]
            )
            towards += np.float32(_LIGHT[k]) * normal
            facing -= normal if k == 2 else np.float32(0.25) * normal * np.float32(k)
        towards, facing = max(towards, np.float32(0)), max(facing, np.float32(0))
        shine = facing * facing
        shine *= shine
        shine *= shine
        shine = np.float32(_SHINE) * shine * shine
        lit = np.float32(_AMBIENT) + np.float32(1 - _AMBIENT) * towards + shine
        lit *= occlusion[i]
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
    shown: NDArray[np.float32],
) -> None:
    """How much of the inside is seen at each pixel, and how light the lips' shadows leave it.

    Args:
        upper, lower: (N, 2) inner rims of the lips from corner to corner, in pixels.
        down: (2,) where the head has down, of length 1.
        unit: the inter-ocular distance in pixels.
        feather: width of the soft edge in pixels.
        shown: (h, w, 2), written: both 0 to 1.
    """
    height, width = shown.shape[:2]
    from_upper = np.float32(1 / (_UPPER_SHADOW[1] * unit))
    from_lower = np.float32(1 / (_LOWER_SHADOW[1] * unit))
    soft = np.float32(1 / feather)
    for y in range(height):
        for x in range(width):
            px, py = np.float32(x), np.float32(y)
            over, upper_below = _rim(upper, px, py, down)
            under, lower_below = _rim(lower, px, py, down)
            near = np.sqrt(min(over, under))
            if upper_below or not lower_below:
                near = -near
            seen = min(max(near * soft + np.float32(0.5), np.float32(0)), np.float32(1))
            shown[y, x, 0] = seen
            if seen > 0:
                shade = 1 - np.float32(_UPPER_SHADOW[0]) * np.exp(-np.sqrt(over) * from_upper)
                shade *= 1 - np.float32(_LOWER_SHADOW[0]) * np.exp(-np.sqrt(under) * from_lower)
                shown[y, x, 1] = shade


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _rim(
    rim: NDArray[np.float32], x: np.float32, y: np.float32, down: NDArray[np.float32]
) -> tuple[np.float32, bool]:
    """Squared distance of a line from (x, y), and whether it lies below: a ray down crosses it
    an odd number of times."""
    nearest, below = np.float32(1e30), False
    for i in range(rim.shape[0] - 1):
        ax, ay = rim[i, 0] - x, rim[i, 1] - y
        dx, dy = rim[i + 1, 0] - rim[i, 0], rim[i + 1, 1] - rim[i, 1]
        t = -(ax * dx + ay * dy) / max(dx * dx + dy * dy, np.float32(1e-12))
        t = min(max(t, np.float32(0)), np.float32(1))
        ex, ey = ax + t * dx, ay + t * dy
        nearest = min(nearest, ex * ex + ey * ey)
        across, along = ax * down[1] - ay * down[0], dx * down[1] - dy * down[0]
        if (across <= 0) != (across + along <= 0):
            t = -across / along
            below ^= (ax + t * dx) * down[0] + (ay + t * dy) * down[1] > 0
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
                value = before + seen * (shown[y, x, 1] * colours[y, x, k] - before)
                value = min(max(value + np.float32(0.5), np.float32(0)), np.float32(255))
                out[y, x, k] = np.uint8(value)
