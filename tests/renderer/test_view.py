import cv2
import numpy as np

from gioconda.renderer import view
from gioconda.renderer.view import VIEW, HeadPlace, View

PLACE = HeadPlace(np.array([70.0, 50.0]), 40.0, 0.3)


def smooth_picture(side=160):
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


def test_the_eyes_lie_level_and_as_far_apart_as_the_view_says():
    view = PLACE.view(104)
    along = np.array([np.cos(PLACE.roll), np.sin(PLACE.roll)])
    corners = PLACE.centre + np.array([[-0.5], [0.5]]) * PLACE.size * along
    right, left = view.points(corners)
    np.testing.assert_allclose(left - right, [104 / VIEW, 0], atol=1e-9)
    np.testing.assert_allclose((left + right)[0] / 2, (104 - 1) / 2)


def test_what_is_added_half_a_pixel_off_stays_crisp():
    light = np.zeros((40, 40, 3), np.float32)
    light[:, ::2] = 200  # bilinear weights would leave plain grey
    light[:, 1::4] = 200
    out = np.zeros((40, 40, 3), np.uint8)
    View(40, 40, np.array([[1, 0, 0.5], [0, 1, 0.5]])).draw(out, light)
    inner = out[12:-12, 12:-12, 0].astype(int)
    bilinear = (light[:, :-1, 0] + light[:, 1:, 0])[0] / 2
    assert np.ptp(inner) > 1.15 * np.ptp(bilinear)


def test_light_laid_strip_by_strip_has_no_seams(monkeypatch):
    noise = np.random.default_rng(0).normal(0, 300, (64, 64, 3)).astype(np.float32)
    light = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float32)
    drawn = [np.full((400, 300, 3), 128, np.uint8) for _ in range(2)]
    where = HeadPlace(np.array([150.0, 180.0]), 120.0, 0.3).view(64)
    where.draw(drawn[0], light.copy())
    monkeypatch.setattr(view, "STRIP", 400)
    where.draw(drawn[1], light.copy())
    assert np.ptp(drawn[0]) > 50
    assert np.abs(drawn[0].astype(int) - drawn[1]).max() <= 1


def test_where_nothing_changes_the_picture_is_untouched():
    picture = smooth_picture()
    before = picture.copy()
    view = PLACE.view(64)
    view.draw(picture, np.zeros((64, 64, 3), np.float32))
    assert (picture == before).all()


def test_light_is_added_where_the_view_is_and_never_overflows():
    picture = smooth_picture()
    before = picture.copy()
    change = np.full((64, 64, 3), 200, np.float32)
    view = PLACE.view(64)
    view.draw(picture, change)
    assert (picture[60:80, 60:80] == np.minimum(before[60:80, 60:80].astype(int) + 200, 255)).all()


def test_a_head_outside_the_picture_draws_nothing():
    picture = smooth_picture()
    before = picture.copy()
    view = HeadPlace(np.array([900.0, 900.0]), 40.0, 0.0).view(64)
    view.draw(picture, np.full((64, 64, 3), 200, np.float32))
    assert (picture == before).all()


def test_cells_are_looked_up_at_their_middles():
    x, y = np.meshgrid(np.arange(64, dtype=np.float32), np.arange(64, dtype=np.float32))
    cells = View(32, 32, np.array([[1.0, 0, -10], [0, 1.0, -5]])).cells(np.stack([x, y], -1))
    np.testing.assert_allclose(cells[0, 0], [10 + 1.5, 5 + 1.5], atol=0.05)
    np.testing.assert_allclose(cells[2, 3], [10 + 13.5, 5 + 9.5], atol=0.05)


def test_a_moved_picture_shows_the_same():
    picture = smooth_picture()
    moved = np.pad(picture, ((7, 0), (3, 0), (0, 0)))
    view = PLACE.view(64)
    np.testing.assert_array_equal(view.cut(picture), view.moved(3, 7).cut(moved))


def test_a_window_shows_its_part_of_the_view():
    picture, view = smooth_picture(), PLACE.view(64)
    window = view.window(8, 16, 24, 40)
    np.testing.assert_array_equal(window.cut(picture), view.cut(picture)[8:32, 16:56])
    field = np.stack(np.meshgrid(*2 * [np.arange(160, dtype=np.float32)]), -1)
    np.testing.assert_allclose(window.cells(field), view.cells(field)[2:8, 4:14], atol=1e-4)
