"""The inner loops: triangles to a backward flow, and the picture over the plate."""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from gioconda.spans import Spans

_TORN: Final = 1.0  # pixels by which places two pixels apart lie otherwise in the texture
_EDGE: Final = 0.08  # least jump in depth where one part hides another, inter-ocular distances


@numba.njit(cache=True, nogil=True)
def cover(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    beside: int,
    width: int,
    spans: Spans,
) -> None:
    """Widen spans until they hold triangles and what is beside them.

    Args:
        vertices: (V, 2 or 3) x and y in pixels.
        triangles: (F, 3).
        beside: pixels to each side of a triangle.
        width: of the picture.
        spans: (H, 2), changed in place.
    """
    height = spans.shape[0]
    for f in range(triangles.shape[0]):
        first, end, top, bottom = width, 0, height, 0
        for k in range(3):
            corner = triangles[f, k]
            x, y = int(vertices[corner, 0]), int(vertices[corner, 1])
            first, end = min(first, x - beside), max(end, x + 2 + beside)
            top, bottom = min(top, y - beside), max(bottom, y + 2 + beside)
        first, end = max(first, 0), min(end, width)
        for y in range(max(top, 0), min(bottom, height)):
            if first < end:
                spans[y, 0] = min(spans[y, 0], first)
                spans[y, 1] = max(spans[y, 1], end)


@numba.njit(cache=True, nogil=True)
def clear(
    top: int,
    changed: NDArray[np.int32],
    moved: NDArray[np.int32],
    margin: int,
    flow: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """Let nothing be where something moves, and what is at rest where it has moved before alone.

    Args:
        top: the first of the H rows.
        changed: (H, 2) spans in which something moves now or moved in the frame before.
        moved: (H, 2) those in which it moves now.
        margin: pixels of the texture beyond the picture.
        flow: (H, W, 2), changed in place.
        depth: (H, W), changed in place.
    """
    for y in range(depth.shape[0]):
        first, end = moved[y, 0], moved[y, 1]
        for x in range(first, end):
            depth[y, x] = np.float32(1e30)
        for x in range(changed[y, 0], min(changed[y, 1], first)):
            flow[y, x, 0], flow[y, x, 1] = x + margin, top + y + margin
        for x in range(max(changed[y, 0], first, end), changed[y, 1]):
            flow[y, x, 0], flow[y, x, 1] = x + margin, top + y + margin


@numba.njit(cache=True, fastmath=True, nogil=True)
def rasterise(
    vertices: NDArray[np.float32],
    values: NDArray[np.float32],
    triangles: NDArray[np.int32],
    top: int,
    spans: NDArray[np.int32],
    flow: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """Draw triangles into some rows, nearest in front, with two values spread over each.

    Pixel centres are at integers; triangles turned away from the camera are not drawn.

    Args:
        vertices: (V, 3) x, y in pixels and z growing away from the camera.
        values: (V, 2) what each vertex carries.
        triangles: (F, 3).
        top: the first of the H rows.
        spans: (H, 2) where to draw.
        flow: (H, W, 2), written there where a triangle covers the pixel's centre.
        depth: (H, W) what is nearer is drawn, and written.
    """
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay = vertices[a, 0], vertices[a, 1]
        abx, aby = vertices[b, 0] - ax, vertices[b, 1] - ay
        acx, acy = vertices[c, 0] - ax, vertices[c, 1] - ay
        area = abx * acy - aby * acx
        low_y = max(0, int(np.ceil(min(ay, ay + aby, ay + acy))) - top)
        high_y = min(len(spans) - 1, int(np.floor(max(ay, ay + aby, ay + acy))) - top)
        if area <= 1e-6 or low_y > high_y:
            continue
        left, right = min(ax, ax + abx, ax + acx), max(ax, ax + abx, ax + acx)
        bx, by, cx, cy = acy / area, -acx / area, -aby / area, abx / area  # of b and c along x, y
        az = vertices[a, 2]
        abz, acz = vertices[b, 2] - az, vertices[c, 2] - az
        au, av = values[a, 0], values[a, 1]
        abu, abv = values[b, 0] - au, values[b, 1] - av
        acu, acv = values[c, 0] - au, values[c, 1] - av
        for y in range(low_y, high_y + 1):
            first = max(left, np.float32(spans[y, 0]))
            last = min(right, np.float32(spans[y, 1] - 1))
            dy = np.float32(top + y) - ay
            b0, c0 = dy * by - ax * bx, dy * cy - ax * cx
            first, last = _span(b0, bx, c0, cx, first, last)
            # depth and values along the row: at its start, and for each pixel
            z0, dz = az + b0 * abz + c0 * acz, bx * abz + cx * acz
            u0, du = au + b0 * abu + c0 * acu, bx * abu + cx * acu
            v0, dv = av + b0 * abv + c0 * acv, bx * abv + cx * acv
            begin = int(np.ceil(first))
            for i in range(int(np.floor(last)) + 1 - begin):
                x = np.uint32(begin + i)  # no less than 0, so it need not be looked at
                along = np.float32(x)
                z = z0 + along * dz
                if z < depth[y, x]:
                    depth[y, x] = z
                    flow[y, x, 0] = u0 + along * du
                    flow[y, x, 1] = v0 + along * dv


@numba.njit(cache=True, fastmath=True, nogil=True)
def rasterise_values(
    vertices: NDArray[np.float32],
    values: NDArray[np.float32],
    triangles: NDArray[np.int32],
    out: NDArray[np.float32],
    depth: NDArray[np.float32],
) -> None:
    """As `rasterise`, for small pictures of many values.

    Args:
        vertices: (V, 3) x, y in pixels and z growing away from the camera.
        values: (V, C) what each vertex carries.
        triangles: (F, 3).
        out: (H, W, C), written where a triangle covers the pixel's centre.
        depth: (H, W), scratch; overwritten.
    """
    height, width = depth.shape
    depth[:] = np.float32(1e30)
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
        abx, aby, abz = vertices[b, 0] - ax, vertices[b, 1] - ay, vertices[b, 2] - az
        acx, acy, acz = vertices[c, 0] - ax, vertices[c, 1] - ay, vertices[c, 2] - az
        area = abx * acy - aby * acx
        if area <= 1e-6:
            continue
        low_y = max(0, int(np.ceil(min(ay, ay + aby, ay + acy))))
        high_y = min(height - 1, int(np.floor(max(ay, ay + aby, ay + acy))))
        left, right = min(ax, ax + abx, ax + acx), max(ax, ax + abx, ax + acx)
        if low_y > high_y or right < 0 or left > width - 1:
            continue
        bx, by = acy / area, -acx / area
        cx, cy = -aby / area, abx / area
        for y in range(low_y, high_y + 1):
            dy = np.float32(y) - ay
            b0, c0 = dy * by - ax * bx, dy * cy - ax * cx
            first, last = max(left, np.float32(0)), min(right, np.float32(width - 1))
            first, last = _span(b0, bx, c0, cx, first, last)
            for x in range(int(np.ceil(first)), int(np.floor(last)) + 1):
                along = np.float32(x)
                of_b, of_c = b0 + along * bx, c0 + along * cx
                z = az + of_b * abz + of_c * acz
                if z < depth[y, x]:
                    depth[y, x] = z
                    of_a = np.float32(1) - of_b - of_c
                    for k in range(values.shape[1]):
                        out[y, x, k] = (
                            of_a * values[a, k] + of_b * values[b, k] + of_c * values[c, k]
                        )


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _span(
    b0: np.float32,
    bx: np.float32,
    c0: np.float32,
    cx: np.float32,
    first: np.float32,
    last: np.float32,
) -> tuple[np.float32, np.float32]:
    """The part of a row, within first and last, in which all three weights are positive."""
    edge = np.float32(-1e-4)
    for start, slope in ((b0, bx), (c0, cx), (np.float32(1) - b0 - c0, -bx - cx)):
        if slope > np.float32(1e-9):
            first = max(first, (edge - start) / slope)
        elif slope < np.float32(-1e-9):
            last = min(last, (edge - start) / slope)
        elif start < edge:
            last = np.float32(-1)
    return first, last


@numba.njit(cache=True, nogil=True)
def compose(
    person: NDArray[np.uint8], plate: NDArray[np.uint8], first: int, out: NDArray[np.uint8]
) -> None:
    """The person over the plate.

    Args:
        person: (H, w, 4) in some columns, colours times alpha and alpha.
        plate: (H, W, 3).
        first: the first of the columns.
        out: (H, W, 3), written there.
    """
    height, width = person.shape[:2]
    for y in range(height):
        for x in range(width):
            clear, there = np.int32(255) - person[y, x, 3], x + first
            if clear == 0:
                for k in range(3):
                    out[y, there, k] = person[y, x, k]
            elif clear == 255:
                for k in range(3):
                    out[y, there, k] = plate[y, there, k]
            else:
                for k in range(3):
                    behind = (clear * np.int32(plate[y, there, k]) + 127) // 255
                    out[y, there, k] = min(np.int32(person[y, x, k]) + behind, 255)


@numba.njit(cache=True, fastmath=True, nogil=True)
def soften(
    depth: NDArray[np.float32],
    top: int,
    flow: NDArray[np.float32],
    spans: NDArray[np.int32],
    unit: float,
    lines: NDArray[np.uint8],
    last: int,
    out: NDArray[np.uint8],
) -> int:
    """Blur the edges of what lies before something else, which would be stairs, in place.

    A pixel beside a jump becomes the mean of the 3 x 3 around it, weighted (1, 2, 1) both ways.
    What slopes is no jump, however steep: at one, depth changes by `_EDGE` more than beside it.
    Where what is before has not moved against what is behind, there is nothing to soften.
    Left as they are: two pixels along the borders of the spans, and two rows at a strip's ends.

    Args:
        depth: (h, W) as `rasterise` left it.
        top: the first of the h rows.
        flow: (H, W, 2) likewise, in pixels.
        spans: (H, 2) where it was drawn.
        unit: the inter-ocular distance in pixels, as depth is.
        lines: (2, W, 3) scratch, kept from one strip to the next: rows as they were.
        last: which row was the last to be blurred, as the strip before said; -1 in the first.
        out: (H, W, 3) the picture.
    """
    height, least = out.shape[0], np.float32(_EDGE * unit)
    edge = np.zeros(out.shape[1], np.uint8)
    for y in range(max(top, 0) + 2, min(top + depth.shape[0], height) - 2):
        first, end = 0, out.shape[1]
        for i in range(y - 2, y + 3):
            first, end = max(first, spans[i, 0]), min(end, spans[i, 1])
        count = _find_edges(depth, y - top, first, end, least, edge)
        first, end = first + 2, end - 2
        if not count:
            continue
        if not _keep_torn(flow, y, first, end, edge):
            continue
        above, here = lines[(y - 1) % 2], lines[y % 2]
        if last != y - 1:
            _copy(out[y - 1], spans[y - 1], above)
        _copy(out[y], spans[y], here)
        last = y
        for x in range(first, end):
            if not edge[x]:
                continue
            for k in range(3):
                total = np.int32(8)
                for i in range(3):
                    column = np.int32(above[x - 1 + i, k]) + 2 * np.int32(here[x - 1 + i, k])
                    column += np.int32(out[y + 1, x - 1 + i, k])
                    total += column * (2 if i == 1 else 1)
                out[y, x, k] = total // 16
    return last


@numba.njit(cache=True, nogil=True)
def _copy(row: NDArray[np.uint8], span: NDArray[np.int32], out: NDArray[np.uint8]) -> None:
    """Pixels of a row (W, 3), one by one: numba takes four times as long to compile slices."""
    for x in range(span[0], span[1]):
        for k in range(3):
            out[x, k] = row[x, k]


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _find_edges(
    depth: NDArray[np.float32],
    y: int,
    first: int,
    end: int,
    least: np.float32,
    edge: NDArray[np.uint8],
) -> int:
    """Which pixels of a row lie beside a jump, across (1) or down (2), and how many.

    Args:
        depth: (H, W).
        y: the row in it.
        first, end: the columns that are looked at; two to each side are not answered.
        least: how much depth jumps.
        edge: (W,), written there.
    """
    count = 0
    for i in range(end - first - 4):
        a = np.uint32(first + i)  # no less than 0, so the compiler makes the loop wide
        m = a + 2
        c = depth[y, m]
        left, right = (depth[y, a], depth[y, a + 1]), (depth[y, a + 3], depth[y, a + 4])
        across = _beside_jump(left[0], left[1], c, right[0], right[1], least)
        up, low = (depth[y - 2, m], depth[y - 1, m]), (depth[y + 1, m], depth[y + 2, m])
        down = _beside_jump(up[0], up[1], c, low[0], low[1], least)
        edge[m] = across | 2 * down
        count += across | down
    return count


@numba.njit(cache=True, fastmath=True, nogil=True)
def _keep_torn(
    flow: NDArray[np.float32], y: int, first: int, end: int, edge: NDArray[np.uint8]
) -> int:
    """Leave only the edges of a row that are torn (1), and count them."""
    count = 0
    for x in range(first, end):
        if edge[x]:
            edge[x] = _torn(flow, y, x, edge[x])
            count += edge[x]
    return count


@numba.njit(cache=True, fastmath=True, nogil=True)
def _torn(flow: NDArray[np.float32], y: int, x: int, ways: np.uint8) -> bool:
    """Whether what lies beside a pixel, across (1) or down (2), lies otherwise in the texture."""
    right = flow[y, x + 1, 0] - flow[y, x - 1, 0], flow[y, x + 1, 1] - flow[y, x - 1, 1]
    below = flow[y + 1, x, 0] - flow[y - 1, x, 0], flow[y + 1, x, 1] - flow[y - 1, x, 1]
    across = abs(right[0] - 2) + abs(right[1]) > _TORN
    down = abs(below[0]) + abs(below[1] - 2) > _TORN
    return bool(((ways & 1) and across) or ((ways & 2) and down))


@numba.njit(cache=True, fastmath=True, nogil=True)
def _beside_jump(
    a: np.float32, b: np.float32, c: np.float32, d: np.float32, e: np.float32, least: np.float32
) -> bool:
    """Whether depth jumps on either side of c, the middle of five in a row."""
    ab, bc, cd, de = abs(b - a), abs(c - b), abs(d - c), abs(e - d)
    return bool((bc - max(ab, cd) > least) | (cd - max(bc, de) > least))


def load_kernels() -> None:
    """Compile what draws frames for the arrays that it is given, or load it compiled."""
    side = 8
    vertices, values = np.zeros((3, 3), np.float32), np.zeros((3, 2), np.float32)
    flow, depth = np.zeros((side, side, 2), np.float32), np.zeros((side, side), np.float32)
    spans, triangles = np.zeros((side, 2), np.int32), np.zeros((1, 3), np.int32)
    cover(vertices, triangles, 0, side, spans)
    clear(0, spans, spans, 0, flow, depth)
    rasterise(vertices, values, triangles, 0, spans, flow, depth)
    out = np.zeros((side, side, 3), np.uint8)
    compose(np.zeros((side, side, 4), np.uint8), out.copy(), 0, out)
    soften(depth, 0, flow, spans, 1.0, np.zeros((2, side, 3), np.uint8), -1, out)
