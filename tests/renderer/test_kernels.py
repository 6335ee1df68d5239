import cv2
import numpy as np

from gioconda.renderer.kernels import compose, rasterise, soften
from gioconda.spans import whole

SQUARE = np.array([[0, 0, 0], [9, 0, 0], [9, 9, 0], [0, 9, 0]], np.float32)
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def draw(vertices, values, triangles, size=10):
    flow = np.full((size, size, 2), -1, np.float32)
    depth = np.full((size, size), 1e30, np.float32)
    rasterise(vertices, values, triangles, 0, whole(size, size), flow, depth)
    return flow


def torn_at(part, moved=4):
    """The flow of a picture at rest, whose part (H, W) has moved so far."""
    flow = np.stack(np.meshgrid(*map(np.arange, part.shape[::-1])), -1).astype(np.float32)
    flow[part] += np.float32(moved)
    return flow


def soften_all(depth, flow, picture):
    """Twelve rows at a time, of which each has four from above."""
    lines = np.empty((2, 50, 3), np.uint8)
    above, last = np.empty((4, 50), np.float32), -1
    for top in range(0, 40, 12):
        part = np.concatenate([above, depth[top : top + 12]])
        last = soften(part, top - 4, flow, whole(40, 50), 50, lines, last, picture)
        above = part[-4:]


def test_a_square_at_rest_maps_every_pixel_to_itself():
    flow = draw(SQUARE, SQUARE[:, :2], HALVES)
    y, x = np.mgrid[:10, :10]
    np.testing.assert_allclose(flow, np.stack([x, y], -1), atol=1e-4)


def test_the_nearer_triangle_is_in_front_whatever_the_order():
    far = SQUARE + np.array([0, 0, 5], np.float32)
    vertices = np.concatenate([SQUARE, far]).astype(np.float32)
    values = np.repeat(np.array([[1, 1], [2, 2]], np.float32), 4, axis=0)
    for order in (np.concatenate([HALVES, HALVES + 4]), np.concatenate([HALVES + 4, HALVES])):
        assert (draw(vertices, values, order.astype(np.int32)) == 1).all()


def test_what_is_turned_away_is_not_drawn():
    assert (draw(SQUARE, SQUARE[:, :2], HALVES[:, ::-1].copy()) == -1).all()


def test_triangles_beyond_the_border_are_cut():
    flow = draw(SQUARE * 3 - 8, SQUARE[:, :2], HALVES)
    assert (flow >= 0).all()
    assert np.isfinite(flow).all()


def test_compose_adds_the_person_to_what_shows_of_the_plate():
    plate = np.full((1, 3, 3), 100, np.uint8)
    picture = np.repeat(np.array([0, 200, 100, 128], np.uint8)[None, :3, None], 4, 2)
    picture[0, :, 3] = [0, 255, 128]
    out = np.empty_like(plate)
    compose(picture, plate, 0, out)
    np.testing.assert_array_equal(out[0, :, 0], [100, 200, 150])


def test_stairs_of_an_edge_are_blurred_and_nothing_else():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (40, 50, 3), np.uint8)
    across = np.arange(50) > 20 + np.arange(40)[:, None] // 3
    depth = np.where(across, 9, 2).astype(np.float32)
    found = picture.copy()
    soften_all(depth, torn_at(across), found)
    kernel = np.array([1, 2, 1]) / 4
    blurred = cv2.sepFilter2D(picture.astype(np.float32), -1, kernel, kernel)
    beside = cv2.dilate(across.astype(np.uint8), CROSS) != cv2.erode(across.astype(np.uint8), CROSS)
    beside[[0, 1, -2, -1]] = False
    assert np.array_equal(found[~beside], picture[~beside])
    assert np.abs(found[beside] - blurred[beside]).max() <= 0.5


def test_what_is_before_and_did_not_move_has_no_edge():
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    near = np.arange(50) > np.full((40, 1), 20)
    found = picture.copy()
    depth = np.where(near, 9, 2).astype(np.float32)
    soften_all(depth, torn_at(near, 0), found)
    assert np.array_equal(found, picture)


def test_a_steep_slope_is_no_edge():
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    steep = np.where(np.arange(50) < 25, 0, 9 * (np.arange(50) - 24)).astype(np.float32)
    found = picture.copy()
    torn = torn_at(np.arange(50) < np.full((40, 1), 25))
    soften_all(np.tile(steep, (40, 1)), torn, found)
    assert (found != picture).any(2).sum() == 0
