"""The inner loops of drawing a head: which triangle each pixel shows, and how it is lit.

`gioconda.renderer.kernels.rasterise` spreads two values without perspective. Here a pixel keeps the
triangle that it shows, and all that a triangle carries is looked up once, with perspective.
"""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

_F: Final = np.float32


@numba.njit(cache=True, fastmath=True, nogil=True)
def show(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    nearness: NDArray[np.float32],
    shown: NDArray[np.int32],
) -> None:
    """Which triangle each pixel shows; those turned away from the camera are not drawn.

    Args:
        vertices: (V, 3) x, y in pixels and one over the distance.
        triangles: (F, 3).
        nearness: (H, W), overwritten: one over the distance, 0 where nothing is.
        shown: (H, W), overwritten: the triangle, -1 where there is none.
    """
    height, width = shown.shape
    nearness[:] = _F(0)
    shown[:] = -1
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay = vertices[a, 0], vertices[a, 1]
        abx, aby = vertices[b, 0] - ax, vertices[b, 1] - ay
        acx, acy = vertices[c, 0] - ax, vertices[c, 1] - ay
        area = abx * acy - aby * acx
        if area <= _F(1e-6):
            continue
        left = max(0, int(np.ceil(ax + min(_F(0), abx, acx))))
        right = min(width - 1, int(np.floor(ax + max(_F(0), abx, acx))))
        top = max(0, int(np.ceil(ay + min(_F(0), aby, acy))))
        bottom = min(height - 1, int(np.floor(ay + max(_F(0), aby, acy))))
        az = vertices[a, 2]
        abz, acz = (vertices[b, 2] - az) / area, (vertices[c, 2] - az) / area
        for y in range(top, bottom + 1):
            dy = _F(y) - ay
            for x in range(left, right + 1):
                dx = _F(x) - ax
                wb, wc = dx * acy - dy * acx, dy * abx - dx * aby
                if wb < 0 or wc < 0 or wb + wc > area:
                    continue
                near = az + wb * abz + wc * acz
                if near > nearness[y, x]:
                    nearness[y, x] = near
                    shown[y, x] = f


@numba.njit(cache=True, fastmath=True, nogil=True)
def normals(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """The mean direction out of the head at each vertex, (V, 3), weighted by the triangles' areas.

    Args:
        vertices: (V, 3) x, y, z.
        triangles: (F, 3); the cross product of the first two sides points into the head.
    """
    out = np.zeros_like(vertices)
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        p, q = vertices[b] - vertices[a], vertices[c] - vertices[a]
        n0 = p[2] * q[1] - p[1] * q[2]
        n1 = p[0] * q[2] - p[2] * q[0]
        n2 = p[1] * q[0] - p[0] * q[1]
        for v in (a, b, c):
            out[v, 0] += n0
            out[v, 1] += n1
            out[v, 2] += n2
    for v in range(out.shape[0]):
        length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        if length > 0:
            for k in range(3):
                out[v, k] /= length
    return out


@numba.njit(cache=True, fastmath=True, nogil=True)
def shade(
    shown: NDArray[np.int32],
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    carried: NDArray[np.float32],
    sheets: NDArray[np.int8],
    textures: NDArray[np.uint8],
    kinds: NDArray[np.int8],
    regions: NDArray[np.uint8],
    tints: NDArray[np.float32],
    shine: NDArray[np.float32],
    light: NDArray[np.float32],
    picture: NDArray[np.float32],
    labels: NDArray[np.uint8],
) -> None:
    """Colour and region of each pixel that shows a triangle; the others are left alone.

    Light adds up linearly: it is the square of what a picture says.

    Args:
        shown: (H, W) from `show`.
        vertices: (V, 3) as for `show`.
        triangles: (F, 3).
        carried: (V, 6) u and v in [0, 1], the direction out of the head (3), and how much light
            comes in here, 0 to 1.
        sheets: (F,) which texture a triangle has.
        textures: (T, S, S, 3).
        kinds: (F,) which map of regions a triangle has, or minus its region.
        regions: (K, S, S) the region of each texel.
        tints: (R, 3) what each region's colour is multiplied by.
        shine: (R,) how much it mirrors.
        light: (4, 3) direction to the lamp, the lamp's colour, the light from above, from below.
        picture: (H, W, 3), 0 to 255.
        labels: (H, W) the regions.
    """
    side = textures.shape[1]
    half = light[0] - np.array([_F(0), _F(0), _F(1)], np.float32)  # between lamp and camera
    half /= np.sqrt((half**2).sum())
    value = np.empty(6, np.float32)
    for y in range(shown.shape[0]):
        for x in range(shown.shape[1]):
            f = shown[y, x]
            if f < 0:
                continue
            _carry(_F(x), _F(y), vertices, triangles[f], carried, value)
            u = min(max(value[0] * side - _F(0.5), _F(0)), _F(side - 1.001))
            v = min(max(value[1] * side - _F(0.5), _F(0)), _F(side - 1.001))
            region = np.int64(-kinds[f])
            if region <= 0:
                region = np.int64(regions[kinds[f], int(v + _F(0.5)), int(u + _F(0.5))])
            labels[y, x] = region
            direct, mirrored, up = _lighting(value, light, half)
            for k in range(3):
                colour = _texel(textures[sheets[f]], u, v, k)
                around = light[2, k] * up + light[3, k] * (_F(1) - up)
                lit = colour * colour * tints[region, k] * (light[1, k] * direct + around)
                lit = (lit + shine[region] * mirrored * light[1, k]) * value[5]
                picture[y, x, k] = _F(255) * np.sqrt(min(max(lit, _F(0)), _F(1)))


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _carry(
    x: np.float32,
    y: np.float32,
    vertices: NDArray[np.float32],
    triangle: NDArray[np.int32],
    carried: NDArray[np.float32],
    value: NDArray[np.float32],
) -> None:
    """What a triangle carries at a pixel, with perspective, into `value` (6,)."""
    a, b, c = triangle[0], triangle[1], triangle[2]
    ax, ay = vertices[a, 0], vertices[a, 1]
    abx, aby = vertices[b, 0] - ax, vertices[b, 1] - ay
    acx, acy = vertices[c, 0] - ax, vertices[c, 1] - ay
    area = abx * acy - aby * acx
    dx, dy = x - ax, y - ay
    wb = (dx * acy - dy * acx) / area
    wc = (dy * abx - dx * aby) / area
    pa = (_F(1) - wb - wc) * vertices[a, 2]
    pb, pc = wb * vertices[b, 2], wc * vertices[c, 2]
    total = pa + pb + pc
    for k in range(6):
        value[k] = (pa * carried[a, k] + pb * carried[b, k] + pc * carried[c, k]) / total


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _lighting(
    value: NDArray[np.float32], light: NDArray[np.float32], half: NDArray[np.float32]
) -> tuple[np.float32, np.float32, np.float32]:
    """How much of the lamp falls on a place, how much it mirrors, and how far it looks up."""
    n0, n1, n2 = value[2], value[3], value[4]
    length = max(np.sqrt(n0 * n0 + n1 * n1 + n2 * n2), _F(1e-6))
    n0, n1, n2 = n0 / length, n1 / length, n2 / length
    toward = n0 * light[0, 0] + n1 * light[0, 1] + n2 * light[0, 2]
    # skin lets light through, so the lamp reaches a little round the edge
    direct = max((toward + _F(0.2)) / _F(1.2), _F(0))
    mirrored = max(n0 * half[0] + n1 * half[1] + n2 * half[2], _F(0)) ** 2
    eighth = mirrored * mirrored * mirrored * mirrored
    return direct, eighth * eighth * eighth, (_F(1) - n1) / 2  # Blinn's highlight, to the 24th


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _texel(sheet: NDArray[np.uint8], u: np.float32, v: np.float32, k: int) -> np.float32:
    """A texture's channel between four texels, 0 to 1."""
    i, j = int(v), int(u)
    fv, fu = v - i, u - j
    upper = sheet[i, j, k] * (_F(1) - fu) + sheet[i, j + 1, k] * fu
    lower = sheet[i + 1, j, k] * (_F(1) - fu) + sheet[i + 1, j + 1, k] * fu
    return _F((upper * (_F(1) - fv) + lower * fv) / _F(255))


@numba.njit(cache=True, fastmath=True, nogil=True)
def reduce(
    picture: NDArray[np.float32],
    nearness: NDArray[np.float32],
    background: NDArray[np.float32],
    finer: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means of `finer` by `finer` pixels over the background, and the distance of the nearest.

    Args:
        picture: (N S, N S, 3), N = finer.
        nearness: (N S, N S) one over the distance; 0 where the background is seen.
        background: (S, S, 3).
        finer: N.

    Returns:
        (S, S, 3), and (S, S), infinite where nothing is.
    """
    side = background.shape[0]
    out, depth = np.empty_like(background), np.empty((side, side), np.float32)
    part = _F(1) / (finer * finer)
    for y in range(side):
        for x in range(side):
            near, behind = _F(0), 0
            r = g = b = _F(0)
            for i in range(y * finer, (y + 1) * finer):
                for j in range(x * finer, (x + 1) * finer):
                    near = max(near, nearness[i, j])
                    if nearness[i, j] > 0:
                        r += picture[i, j, 0]
                        g += picture[i, j, 1]
                        b += picture[i, j, 2]
                    else:
                        behind += 1
            out[y, x, 0] = (r + behind * background[y, x, 0]) * part
            out[y, x, 1] = (g + behind * background[y, x, 1]) * part
            out[y, x, 2] = (b + behind * background[y, x, 2]) * part
            depth[y, x] = _F(1) / near if near > 0 else _F(np.inf)
    return out, depth
