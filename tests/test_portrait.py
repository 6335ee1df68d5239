import tracemalloc

import numpy as np
import pytest
from PIL import Image

from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.finder import find_face
from gioconda.motion import Motion
from gioconda.portrait import make_portrait, portrait_at, read_portrait


def test_the_crop_has_the_size_asked_for(portrait):
    margin = portrait.margin
    assert portrait.plate.shape == (512 + 2 * margin, 512 + 2 * margin, 3)
    assert portrait.texture.shape == (512 + 2 * margin, 512 + 2 * margin, 4)


def test_without_a_size_the_crop_keeps_the_photos_pixels(photo):
    portrait = make_portrait(photo, None)
    left, top, side = (round(v) for v in portrait.crop)
    margin = portrait.margin
    crop = portrait.texture[margin:-margin, margin:-margin, :3]
    assert portrait.size == side
    np.testing.assert_array_equal(crop, photo[top : top + side, left : left + side])


def test_the_matte_holds_the_face_and_not_the_corner(portrait):
    margin = portrait.margin
    matte = portrait.texture[margin:-margin, margin:-margin, 3]
    nose = portrait.points[1, :2].round().astype(int)
    assert matte[nose[1], nose[0]] == 255
    assert matte[:20, :20].max() < 30


def test_the_plate_shows_no_skin_where_the_face_was(portrait):
    x, y = portrait.points[1, :2].round().astype(int) + portrait.margin
    assert np.abs(portrait.plate[y, x].astype(int) - portrait.texture[y, x, :3]).max() > 20


def test_the_smile_of_the_photo_comes_off(portrait):
    smiling = measure.mouth_opening(portrait.face[None])[0]
    neutral = measure.mouth_opening(portrait.neutral[None])[0]
    assert smiling > 0.05  # the astronaut shows her teeth
    assert neutral < 0.02


def test_its_own_pose_is_zero_but_for_the_turn(portrait):
    np.testing.assert_array_equal(portrait.pose[3:], 0)
    assert np.abs(portrait.pose[:3]).max() < np.radians(25)


@pytest.mark.parametrize("side", [301, 303])
def test_the_crop_of_an_odd_photo_lies_inside_it(photo, side):
    cut = photo[:side, 70 : 70 + side]
    left, top, length = make_portrait(cut, 256).crop
    assert min(left, top) >= 0
    assert max(left, top) + length <= side
    assert length % 2 == 0


@pytest.mark.parametrize("keep", [np.s_[:, 150:320], np.s_[:300]])
def test_of_the_whole_photo_the_crop_holds_the_head_however_narrow_it_is(photo, keep):
    portrait = make_portrait(np.ascontiguousarray(photo[keep]), None)
    height, width = portrait.photo.shape[:2]
    left, top, side = portrait.crop
    assert left >= 0
    assert top >= 0
    reach = 3 * portrait.head.size[0]
    x, y = portrait.head.centre[0] + [left, top]
    assert left <= max(x - reach, 0)
    assert top <= max(y - reach, 0)
    assert left + side >= min(x + reach, width)
    assert top + side >= min(y + reach, height)


@pytest.mark.parametrize("size", [0, -4, 5000])
def test_a_size_out_of_range_is_refused(photo, size):
    with pytest.raises(GiocondaError, match="size"):
        make_portrait(photo, size)


def test_of_an_animation_the_first_frame_with_a_face_is_used(tmp_path, photo):
    blank = Image.new("RGB", photo.shape[1::-1], "white")
    face, later = Image.fromarray(photo), Image.fromarray(photo[:, ::-1])
    for name in ("a.gif", "a.webp", "a.png"):
        blank.save(tmp_path / name, save_all=True, append_images=[blank, face, later])
        portrait = read_portrait(tmp_path / name)
        assert np.abs(portrait.photo.astype(int) - photo).mean() < 12  # a GIF has few colours
        assert "first frame shows no face" in (portrait.note or "")
    face.save(tmp_path / "b.gif", save_all=True, append_images=[blank])
    assert read_portrait(tmp_path / "b.gif").note is None


def test_an_animation_without_a_face_is_refused_for_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("white", "red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(GiocondaError, match="no face was found"):
        read_portrait(tmp_path / "a.gif")


def test_more_people_in_a_photo_take_no_more_memory(photo, portrait):
    points = find_face(photo).points

    def peak(strangers):
        others = [points + [20 * (i + 1), 0, 0] for i in range(strangers)]
        tracemalloc.start()
        portrait_at(photo, points, 512, others=others)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)  # loads what stays
    assert peak(9) < peak(2) + portrait.texture[..., 0].nbytes * 4  # a matte in float32


def test_generated_eyes_that_nothing_directs_look_as_in_the_photo(portrait):
    basis = portrait.basis
    still = Motion(np.zeros((2, 6), np.float32), np.zeros((2, len(basis.dynamics)), np.float32), "")
    moved = portrait.performed(still, np.array([True, False]))
    np.testing.assert_array_equal(moved.pose, [portrait.pose, portrait.pose])
    free, directed = moved.dynamics[:, basis.gaze]
    np.testing.assert_allclose(free, portrait.expression[basis.gaze], atol=1e-6)
    np.testing.assert_allclose(directed, 0, atol=1e-6)
