"""Synthetic heads are read, posed and drawn with their truth."""

import numpy as np
import pytest

from gioconda.data.heads import HELD_OUT, Camera, Look, Pose, Region, draw, head_files, read_head
from gioconda.data.heads.regions import label_jaws, lips_outline
from gioconda.errors import GiocondaError

FLAT = Look(lamp_colour=(0, 0, 0), above=(1, 1, 1), below=(1, 1, 1), shine=0, dark=0)


def middle_of(drawn, x, y, z):
    """The pixel that shows a place of the head."""
    column, row, _ = np.rint(drawn.camera.project(np.array([x, y, z]))).astype(int)
    return row, column


def test_a_viseme_moves_skin_and_lower_jaw_together(head):
    rest, said = head.posed(Pose()), head.posed(Pose({"AO_a": 0.5}))
    for part in ("skin", "lower_jaw"):
        assert np.allclose(said[part][2:] - rest[part][2:], [0, 0.25, 0])
        assert np.array_equal(said[part][:2], rest[part][:2])
    assert np.array_equal(said["upper_jaw"], rest["upper_jaw"])


def test_mpb_stands_for_both_lips(head):
    both = head.posed(Pose({"MPB_Up": 1.0, "MPB_Down": 1.0}))
    once = head.posed(Pose({"MPB": 1.0}))
    assert all(np.array_equal(once[part], both[part]) for part in both)
    assert not np.array_equal(once["lower_jaw"], head.parts["lower_jaw"].vertices)


def test_an_unknown_morph_is_told_in_one_line(head):
    with pytest.raises(GiocondaError, match="no morph Grin"):
        head.posed(Pose({"Grin": 1.0}))


def test_eyes_look_where_they_are_told(head):
    ahead, aside = head.posed(Pose()), head.posed(Pose(gaze=(0.5, 0.0)))
    pupil = 5  # the point nearest to the camera
    assert np.allclose(
        aside["left_eye"][pupil] - ahead["left_eye"][pupil], [0.0959, 0, 0.0245], atol=1e-3
    )
    assert np.allclose(aside["left_eye"].mean(0), ahead["left_eye"].mean(0), atol=1e-5)


def test_lids_follow_eyes_that_look_down(head):
    down = head.posed(Pose(gaze=(0.0, -0.3)))
    assert (down["skin"][2:, 1] > head.parts["skin"].vertices[2:, 1]).all()


def test_the_head_turns_and_the_shoulders_keep_still(head):
    turned = head.posed(Pose(turn=(0.3, 0.0, 0.0)))["skin"]
    assert (turned[:2, 0] > head.parts["skin"].vertices[:2, 0]).all()  # to the image's right
    assert np.array_equal(turned[2:], head.parts["skin"].vertices[2:])


def test_what_is_nearer_hides_what_is_farther(head):
    drawn = draw(head, look=FLAT, camera=Camera(256))
    row, column = middle_of(drawn, 0.2, 0.9, -0.1)
    assert drawn.labels[2 * row, 2 * column] == Region.UPPER_TEETH
    assert drawn.mask([Region.LOWER_TEETH]).max() == 0  # behind the skin
    assert np.isclose(drawn.depth[row, column], Camera().distance - 0.1, atol=1e-3)
    assert np.isinf(drawn.depth[0, 0])


def test_a_texture_is_seen_with_perspective(head):
    tilted = Pose(turn=(0.9, 0.0, 0.0))
    drawn = draw(head, tilted, FLAT, Camera(256, angle=40))
    corner = drawn.posed["skin"]
    third = corner[0] + (corner[1] - corner[0]) * (1 / 3 / 0.64)  # where the colour changes
    for side, redder in ((-0.12, True), (0.12, False)):
        row, column = middle_of(drawn, *(third + side * (corner[1] - corner[0]) + [0, 0.1, 0]))
        colour = drawn.picture[row, column].astype(int)
        assert (colour[0] - colour[1] > 40) == redder


def test_what_is_turned_away_is_not_drawn(head):
    assert (
        draw(head, Pose(turn=(np.pi, 0, 0)), camera=Camera(64)).mask([Region.SKIN])[:20].max() == 0
    )


def test_light_tint_and_background_are_as_asked_for(head):
    flat = draw(head, look=FLAT, camera=Camera(128))
    row, column = middle_of(flat, 0.5, 0.6, 0.0)
    assert np.abs(flat.picture[row, column].astype(int) - 120).max() <= 1
    assert (flat.picture[0, 0] == 110).all()
    tinted = draw(head, look=Look(**{**vars(FLAT), "skin": (0.25, 1, 1)}), camera=Camera(128))
    assert abs(int(tinted.picture[row, column, 0]) - 60) <= 1


def test_masks_add_up(head):
    drawn = draw(head, camera=Camera(128))
    total = sum(drawn.mask([region]).astype(int) for region in Region)
    assert np.abs(total - 255).max() <= len(Region)


def test_red_is_gum_and_white_is_tooth():
    texture = np.full((512, 512, 3), (220, 210, 180), np.uint8)
    texture[490:] = (160, 70, 70)
    found = label_jaws(texture)
    assert found[485, 200] == Region.UPPER_TEETH
    assert found[500, 200] == Region.GUM
    assert found[220, 350] == Region.LOWER_TEETH
    assert found[400, 120] == Region.TONGUE


def test_the_lips_outline_does_not_cross_itself():
    ring = lips_outline(2048).astype(float) - [666.5, 737]
    turns = np.diff(np.unwrap(np.arctan2(ring[:, 1], ring[:, 0])))
    assert (turns <= 0).all() or (turns >= 0).all()


def test_heads_held_out_never_teach(tmp_path):
    for name in (*HELD_OUT, "White_M_1"):
        (tmp_path / f"{name}.npz").touch()
    assert [file.stem for file in head_files(tmp_path, held_out=False)] == ["White_M_1"]
    assert {file.stem for file in head_files(tmp_path, held_out=True)} == set(HELD_OUT)


def test_a_folder_without_heads_is_told(tmp_path):
    with pytest.raises(GiocondaError, match="has no heads"):
        head_files(tmp_path, held_out=False)


def test_a_file_that_is_no_head_is_told(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(GiocondaError, match="is not a head"):
        read_head(tmp_path / "a.npz")
