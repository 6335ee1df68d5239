"""Other backgrounds than the photo's."""

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.face.finder import find_faces
from gioconda.media import write_image
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer
from gioconda.renderer.backdrop import ingredient, read_background, setting
from gioconda.renderer.mouth import GeometricMouth
from tests.face.pictures import side_by_side


def turned(portrait, background, full=False, yaw=0.2):
    renderer = Renderer(portrait, GeometricMouth(portrait), full, background)
    pose = portrait.pose.copy()
    pose[0] += yaw
    return renderer.render(pose, portrait.expression).astype(int)


@pytest.fixture(scope="module")
def cut(portrait):
    return turned(portrait, "transparent")


def test_the_face_is_opaque_and_the_corners_are_clear(portrait, cut):
    assert cut.shape == (512, 512, 4)
    x, y = portrait.head.centre[0].astype(int)
    assert (cut[y - 20 : y + 60, x - 40 : x + 40, 3] == 255).all()
    assert (cut[:40, :40] == 0).all()  # black, so that nothing is left of the photo
    soft = (cut[..., 3] > 0) & (cut[..., 3] < 255)
    assert 0.001 < soft.mean() < 0.1


def test_alpha_moves_with_the_head(portrait, cut):
    still = turned(portrait, "transparent", yaw=0)
    assert np.abs(still[..., 3] - cut[..., 3]).max() > 200


def test_over_its_own_plate_the_cut_out_is_the_frame(portrait, cut):
    own, margin = turned(portrait, None), portrait.margin
    plate = portrait.plate[margin:-margin, margin:-margin].astype(int)
    alpha = cut[..., 3:] / 255
    inside = cut[..., 3] > 0
    again = cut[..., :3] * alpha + plate * (1 - alpha)
    assert np.abs(again - own)[inside].mean() < 1


def test_a_picture_is_seen_where_the_person_is_not(portrait, cut):
    new = turned(portrait, np.array([10, 200, 90], np.uint8)[None, None])
    clear, opaque = cut[..., 3] == 0, cut[..., 3] == 255
    assert (new[clear] == (10, 200, 90)).all()
    assert (new[opaque] == cut[opaque][:, :3]).all()


def test_a_picture_fills_the_frame_and_keeps_its_proportions(portrait, cut):
    # left and right are cut off: of the wide picture the middle half is seen
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, :20], wide[:, 20:40], wide[:, 40:60], wide[:, 60:] = 50, 100, 150, 200
    new = turned(portrait, wide)
    clear = cut[..., 3] == 0
    for columns, level in ((slice(40, 220), 100), (slice(290, 470), 150)):
        assert (new[:, columns][clear[:, columns]] == level).all()


def test_a_blur_has_the_colours_of_the_background_and_no_detail(portrait, cut):
    own, soft = turned(portrait, None), turned(portrait, "blur")
    clear = cut[..., 3] == 0
    assert np.abs(own[clear].mean(0) - soft[clear].mean(0)).max() < 12
    steps = [np.abs(np.diff(frame, axis=1))[clear[:, 1:]].mean() for frame in (own, soft)]
    assert steps[1] < 0.5 * steps[0]


def test_the_whole_photo_is_cut_out_too(photo):
    portrait = make_portrait(photo, None)
    cut = turned(portrait, "transparent", full=True)
    assert cut.shape == (512, 512, 4)
    assert (cut[:20, :20] == 0).all()
    x, y = (portrait.head.centre[0] + portrait.crop[:2]).astype(int)
    assert (cut[y : y + 40, x - 20 : x + 20, 3] == 255).all()


@pytest.mark.parametrize("which", [1, 2])
def test_other_people_stay_as_they_are_and_are_not_cut_out(which):
    photo = side_by_side()
    portrait = make_portrait(photo, None, which)
    frame, cut = (turned(portrait, behind, full=True) for behind in (None, "transparent"))
    left, top, right, bottom = find_faces(photo)[2 - which].box.astype(int)
    other = slice(top, bottom), slice(left, right)
    assert np.abs(frame[other] - photo[other]).max() <= 1
    assert cut[other][..., 3].max() == 0
    x, y = (portrait.head.centre[0] + portrait.crop[:2]).astype(int)
    assert (cut[y : y + 20, x - 10 : x + 10, 3] == 255).all()


def test_backgrounds_have_names(tmp_path, portrait):
    assert read_background("transparent") == "transparent"
    assert read_background("blur") == "blur"
    assert np.asarray(read_background("#20a0ff")).tolist() == [[[32, 160, 255]]]
    assert np.asarray(read_background("white")).tolist() == [[[255, 255, 255]]]
    file = tmp_path / "beach.png"
    write_image(file, np.full((4, 6, 3), 77, np.uint8))
    assert np.asarray(read_background(file)).shape == (4, 6, 3)
    assert (ingredient(file), setting(file)) == ({"background": file}, {"background": "picture"})
    assert (ingredient("white"), setting("white")) == ({}, {"background": "white"})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("beach.jpg", "beach.jpg does not exist"),
        ("beech", "beech is not a background; expected transparent, blur, a colour"),
        ("#20a0ff80", "#20a0ff80 is not a background"),
    ],
)
def test_a_background_that_is_none_is_told(name, told):
    with pytest.raises(GiocondaError, match=told):
        read_background(name)


def test_what_is_far_from_the_face_is_cut_out_by_its_own_shape(photo):
    # the face is small in a tall picture: under its square, columns would go down as they are
    tall = np.full((1100, 512, 3), 200, np.uint8)
    tall[:512] = photo
    y = np.arange(512, 1100)[:, None]
    tall[512:][np.abs(np.arange(512) - 256) < 250 - (y - 512) / 3] = (60, 40, 40)
    cut = turned(make_portrait(tall, None), "transparent", full=True)
    assert (cut[1000:, :40, 3] < 60).all()
