"""The inside of a mouth: single teeth on two jaws, a tongue, and the dark, between the lips."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gioconda import GiocondaError, make_portrait
from gioconda.face import topology
from gioconda.face.pose import rotation
from gioconda.portrait import portrait_at
from gioconda.renderer import Renderer
from gioconda.renderer.geometry import masks
from gioconda.renderer.mouth import GeometricMouth, MouthInterior
from gioconda.renderer.mouth.grain import Grain
from gioconda.renderer.mouth.interior import neutral_face
from gioconda.renderer.mouth.photo import as_shown, softness
from gioconda.renderer.mouth.predictor import load_model, teeth_size
from gioconda.renderer.mouth.shading import Lighting
from gioconda.renderer.mouth.shape import Part, load_shape, released_shape
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.mouth.trial import DROPS
from gioconda.renderer.view import HeadPlace
from gioconda.renderer.warper import Warper

# Teeth red, soft parts green, the dark blue: what is drawn where can be read off the picture.
NAMED = Tones(*(255 * np.eye(3, dtype=np.float32)))
MOUTH = Mouth(drop=0, size=1, tones=NAMED)


def opened(portrait, much):
    lower = portrait.basis.lower
    slope = portrait.basis.dynamics[lower][:, [14, 13], 1] @ [1, -1]
    dynamics = np.zeros(len(portrait.basis.dynamics), np.float32)
    dynamics[lower] = much * slope / (slope @ slope)
    return Warper(portrait).warp(portrait.pose, dynamics)


def inside(portrait, pose, much=0.35, mouth=MOUTH):
    found = MouthInterior(neutral_face(portrait), mouth).inside(opened(portrait, much), pose)
    assert found
    return found._replace(colours=found.colours * found.shown[..., :1])


def test_the_shape_is_one_of_teeth_gum_and_tongue():
    shape = released_shape()
    assert set(shape.part) == set(Part)
    assert np.abs(np.linalg.norm(shape.normals, axis=1) - 1).max() < 0.02
    upper, lower = (shape.part == part for part in (Part.UPPER_TEETH, Part.LOWER_TEETH))
    assert not shape.opened[upper].any()
    assert shape.opened[lower, 1].min() > 0.1
    assert shape.triangles.max() < len(shape.rest)


def test_what_is_no_shape_is_told(tmp_path):
    with pytest.raises(GiocondaError, match="is not the shape of a mouth"):
        load_shape(tmp_path / "none.safetensors")


def test_teeth_part_when_the_jaw_opens(portrait):
    shut, parted = (inside(portrait, MouthPose(jaw)).colours for jaw in (0.0, 0.7))
    middle = shut.shape[1] // 2
    teeth = [(one[:, middle - 6 : middle + 6, 0] > 60).sum() for one in (shut, parted)]
    assert teeth[0] > 1.2 * teeth[1]
    assert parted[..., 2].sum() > 1.2 * shut[..., 2].sum()


def test_a_tongue_that_is_raised_stands_higher(portrait):
    def top(tongue):
        soft = inside(portrait, MouthPose(0.8, tongue)).colours[:, :, 1]
        middle = soft[:, soft.shape[1] // 2 - 5 : soft.shape[1] // 2 + 5].mean(1)
        return np.argmax(middle > 0.7 * middle.max())

    assert top(0.08) < top(0.0)


def test_a_lower_row_of_teeth_does_not_move_the_upper(portrait):
    def top(mouth):
        colours = inside(portrait, MouthPose(0.7), mouth=mouth).colours
        return (np.arange(len(colours))[:, None] * (colours[..., 0] > 60)).max()

    assert top(replace(MOUTH, drop=0.06)) >= top(MOUTH)
    higher = inside(portrait, MouthPose(0.7), mouth=replace(MOUTH, drop=-0.08)).colours
    lower = inside(portrait, MouthPose(0.7), mouth=replace(MOUTH, drop=0.08)).colours
    half = len(higher) // 2
    assert lower[:half, :, 0].sum() > 1.2 * higher[:half, :, 0].sum()


def test_nothing_is_drawn_beside_the_lips_or_between_shut_ones(portrait):
    interior = MouthInterior(neutral_face(portrait), MOUTH)
    frame = opened(portrait, 0.35)
    before = frame.picture.copy()
    interior.draw(frame, MouthPose(0.4))
    changed = np.argwhere((frame.picture != before).any(-1))[:, ::-1]
    lips = frame.mesh[[78, 308, 13, 14], :2]
    assert (changed.min(0) >= lips.min(0) - 4).all()
    assert (changed.max(0) <= lips.max(0) + 4).all()
    shut = opened(portrait, -0.2)
    before = shut.picture.copy()
    interior.draw(shut, MouthPose(0.0))
    np.testing.assert_array_equal(shut.picture, before)


def test_colours_are_a_mixture_of_the_three_tones(portrait):
    tones = Tones(*np.array([[200, 190, 170], [120, 60, 60], [20, 10, 8]], np.float32))
    named = inside(portrait, MouthPose(0.4)).colours / 255
    seen = inside(portrait, MouthPose(0.4), mouth=replace(MOUTH, tones=tones)).colours
    np.testing.assert_allclose(seen, named @ tones.stacked(), atol=0.05)


def test_a_picture_twice_as_large_shows_the_same_mouth_twice_as_fine(photo):
    small, large = (inside(make_portrait(photo, size), MouthPose(0.4)) for size in (256, 512))
    few, many = (one.colours.sum((0, 1)) / one.colours.sum() for one in (small, large))
    np.testing.assert_allclose(few, many, atol=0.03)
    assert large.colours.shape[0] > 1.6 * small.colours.shape[0]


def test_an_upper_row_that_the_photo_shows_is_where_it_stays(portrait):
    drop = float(DROPS[4])
    size = teeth_size(neutral_face(portrait))
    tones = Tones(*np.array([[220, 210, 190], [150, 90, 90], [30, 15, 15]], np.float32))
    frame = opened(portrait, 0.2)
    interior = MouthInterior(neutral_face(portrait), Mouth(drop, size, tones))
    interior.lighting = Lighting(lower_row=1.0)  # as photos have it
    interior.draw(frame, MouthPose(0.16))
    shown = portrait_at(frame.picture.copy(), frame.mesh, 512, portrait.neutral)
    usual = Mouth(-0.04, teeth_size(neutral_face(shown)), tones)
    found, pose = as_shown(shown, usual, MouthPose(0.2))
    assert pose
    assert abs(found.drop - drop) <= 0.04
    frame = opened(portrait, -0.2)
    shut = portrait_at(frame.picture.copy(), frame.mesh, 512, portrait.neutral)
    assert as_shown(shut, usual, MouthPose(0.0)) == (usual, None)


def smile(portrait, colours):
    """The portrait smiling, what is between its lips painted in colours, from left to right."""
    frame = opened(portrait, 0.14)
    mouth = masks(frame.mesh[:, :2], portrait.size, portrait.size)[0] > 100
    left, right = np.flatnonzero(mouth.any(0))[[0, -1]]
    stripes = np.linspace(0, len(colours) - 0.01, right - left + 1).astype(int)
    painted = np.broadcast_to(np.asarray(colours)[stripes], (len(mouth), len(stripes), 3))
    shown = frame.picture.copy()
    shown[:, left : right + 1][mouth[:, left : right + 1]] = painted[mouth[:, left : right + 1]]
    return portrait_at(shown, frame.mesh, 512, portrait.neutral), mouth


def test_a_smile_full_of_teeth_shows_them_at_rest_however_they_stand(portrait):
    teeth = [*([(235, 225, 215)] * 9), (60, 40, 40)] * 5  # wider than the mouth's own
    shown, mouth = smile(portrait, teeth)
    rest = Renderer(shown).render(shown.pose, shown.expression)
    inner = cv2.erode(mouth.astype(np.uint8), np.ones((7, 7))) > 0
    assert np.median(rest[inner].mean(-1)) > 0.8 * np.median(shown.picture[inner].mean(-1))


def test_teeth_that_the_photo_shows_stay_when_the_mouth_opens(portrait):
    interior = MouthInterior(neutral_face(portrait), MOUTH)
    frame = opened(portrait, 0.2)
    frame.picture[:] = (0, 255, 255)  # no tooth is so by itself
    wide = opened(portrait, 0.35)
    drawn = interior.inside(wide, MouthPose(0.4))
    assert drawn
    before = drawn.colours.copy()
    interior.remember(frame, MouthPose(0.1))
    drawn = interior.inside(wide, MouthPose(0.4))
    assert drawn
    after = drawn.colours
    teeth, rest = before[..., 0] > 100, before[..., 0] < 2
    assert np.mean(after[teeth][:, 1] > 200) > 0.2
    assert np.abs(after - before)[rest].mean() < 5


def test_a_mouth_that_is_open_in_the_photo_shuts_and_shows_nothing_of_what_was_in_it(portrait):
    frame = opened(portrait, 0.2)
    inner = masks(frame.mesh[:, :2], portrait.size, portrait.size)[0] > 100
    near = cv2.dilate(inner.astype(np.uint8), np.ones((3, 3))) > 0  # no tracker hits the rims
    picture = frame.picture.copy()
    picture[near] = (0, 255, 0)
    photo = portrait_at(picture, frame.mesh, 512, portrait.neutral)
    warper = Warper(photo)
    own, shut = (
        (warper.warp(photo.pose, dynamics).picture.astype(int) @ [-1, 1, -1] > 60).sum()
        for dynamics in (photo.expression, 0 * photo.expression)
    )
    assert own > 300
    assert shut < 0.15 * own


@pytest.mark.parametrize("much", [0.16, 0.24])
def test_lips_that_move_leave_behind_what_a_photo_shows_between_them(portrait, much):
    frame = opened(portrait, 0.2)
    picture = frame.picture.copy()
    picture[masks(frame.mesh[:, :2], portrait.size, portrait.size)[0] > 100] = (0, 255, 0)
    photo = portrait_at(picture, frame.mesh, 512, portrait.neutral)
    slope = opened(portrait, much).dynamics - frame.dynamics
    moved = Warper(photo).warp(photo.pose, photo.expression + slope)
    between = masks(moved.mesh[:, :2], photo.size, photo.size)[0] > 0
    green = moved.picture.astype(int) @ [-1, 1, -1] > 60
    assert green.sum() > 200
    assert (green & ~between).sum() < 20


@pytest.mark.parametrize(("drop", "jaw", "hidden"), [(0.0, 0.05, False), (0.07, 0.55, True)])
def test_upper_teeth_that_fill_a_smile_are_not_taken_for_lower_ones(portrait, drop, jaw, hidden):
    tones = Tones(*np.array([[230, 220, 205], [150, 70, 70], [30, 20, 20]], np.float32))
    frame, neutral = opened(portrait, 0.16), neutral_face(portrait)
    mouth = Mouth(drop, teeth_size(neutral), tones)
    interior = MouthInterior(neutral, mouth, lighting=Lighting(lower_row=1.0))
    interior.draw(frame, MouthPose(jaw))
    shown = portrait_at(frame.picture.copy(), frame.mesh, 512, portrait.neutral)
    _, pose = as_shown(shown, mouth, MouthPose(0.05))
    assert pose
    assert (pose.jaw == 1) == hidden


def test_what_has_the_colour_of_lips_is_not_taken_for_teeth(portrait):
    teeth, soft, dark = np.array([[230, 220, 205], [150, 70, 70], [30, 20, 20]], np.float32)
    frame, neutral = opened(portrait, 0.16), neutral_face(portrait)
    size = teeth_size(neutral)
    interior = MouthInterior(neutral, Mouth(0.07, size, Tones(1.2 * soft, soft, dark)))
    interior.draw(frame, MouthPose(0.55))
    shown = portrait_at(frame.picture.copy(), frame.mesh, 512, portrait.neutral)
    usual = Mouth(0.0, size, Tones(teeth, soft, dark))
    assert as_shown(shown, usual, MouthPose(0.3)) == (usual, None)


def test_lips_that_hardly_part_show_a_shadow_and_no_teeth(portrait):
    far, near = (inside(portrait, MouthPose(0.0), much) for much in (0.3, 0.05))
    light = [one.colours[..., 0][one.shown[..., 0] > 0.9].max() for one in (far, near)]
    assert light[1] < 0.75 * light[0]


def test_teeth_are_no_finer_than_the_photo(portrait):
    blurred = replace(portrait, texture=cv2.GaussianBlur(portrait.texture, (0, 0), 4))
    soft = [softness(one) for one in (portrait, blurred)]
    assert soft[0] < 1.5
    assert soft[1] == pytest.approx(4, abs=1)
    fine, coarse = (
        MouthInterior(neutral_face(portrait), MOUTH, one).inside(
            opened(portrait, 0.35), MouthPose(0.4)
        )
        for one in soft
    )
    assert fine
    assert coarse
    detail = [np.abs(cv2.Laplacian(one.colours, cv2.CV_32F)).mean() for one in (fine, coarse)]
    assert detail[1] < 0.5 * detail[0]


def test_a_statues_mouth_is_hollow_and_one_without_colours_is_not(portrait):
    grey = replace(portrait, texture=portrait.texture.copy())
    grey.texture[..., :3] = portrait.texture[..., :3].mean(-1, keepdims=True)
    mouth = GeometricMouth(grey).mouth
    assert not mouth.hollow
    assert np.ptp(mouth.tones.stacked(), axis=1).max() < 1
    carved = replace(grey, texture=grey.texture.copy())
    eyes = masks(portrait.points[:, :2], portrait.size, portrait.size)[2:].max(0) > 0
    own = slice(portrait.margin, portrait.margin + portrait.size)
    carved.texture[own, own, :3][eyes] = 120  # whites and irises are of one stone
    mouth = GeometricMouth(carved).mouth
    assert mouth.hollow
    darkest = np.quantile(carved.texture[own, own, :3].mean(-1), 0.2)
    assert mouth.tones.dark.mean() < darkest
    assert np.ptp(mouth.tones.stacked(), axis=1).max() < 10
    stone = inside(carved, MouthPose(0.4), mouth=replace(MOUTH, hollow=True)).colours
    assert stone[..., :2].max() == 0
    assert stone[..., 2].max() > 250


def test_a_mouth_in_a_sepia_print_is_sepia(portrait):
    sepia = np.array([1.1, 0.95, 0.7])
    print_ = replace(portrait, texture=portrait.texture.copy())
    light = portrait.texture[..., :3].mean(-1, keepdims=True)
    print_.texture[..., :3] = 0.85 * light * sepia
    mouth = GeometricMouth(print_)
    frame = opened(print_, 0.3)
    before = frame.picture.copy()
    mouth(frame)
    drawn = frame.picture[(frame.picture != before).any(-1)].astype(float)
    drawn = drawn[drawn.mean(-1) > 40]
    assert np.abs(drawn / drawn.mean(-1, keepdims=True) - sepia / sepia.mean()).mean() < 0.03
    own = opened(portrait, 0.3)
    GeometricMouth(portrait)(own)
    reds = own.picture[(frame.picture != before).any(-1)].astype(float)
    assert np.ptp(reds / reds.mean(-1, keepdims=True), axis=0)[0] > 0.4


def test_a_mouth_has_the_grain_of_its_picture_and_keeps_it(portrait):
    rough = replace(portrait, texture=portrait.texture.copy())
    grain = np.random.default_rng(0).normal(1, 0.08, (*rough.texture.shape[:2], 1))
    rough.texture[..., :3] = np.clip(rough.texture[..., :3] * grain, 0, 255)
    found = Grain(rough)
    head = HeadPlace.of(portrait.head)
    over = found.over(head, (200, 300), (30, 60))
    assert over.std() == pytest.approx(0.08, abs=0.03)
    assert Grain(portrait).over(head, (200, 300), (30, 60)).std() < 0.04
    moved = replace(head, centre=head.centre + [7, -4])
    np.testing.assert_allclose(found.over(moved, (207, 296), (30, 60)), over, atol=1e-4)


def test_at_rest_the_grain_of_a_tilted_head_lies_as_in_the_photo(portrait):
    """Stripes from left to right stay so."""
    c, s = np.cos(0.35), np.sin(0.35)
    tilt = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    pose = replace(portrait.head, rotation=tilt @ portrait.head.rotation)
    striped = replace(portrait, texture=portrait.texture.copy(), head=pose)
    rows = 1 + 0.1 * np.sin(np.arange(len(striped.texture)))[:, None, None]
    striped.texture[..., :3] = np.clip(striped.texture[..., :3] * rows, 0, 255)
    head = HeadPlace.of(pose)
    assert abs(head.roll - HeadPlace.of(portrait.head).roll) > 0.3
    over = Grain(striped).over(head, (200, 300), (30, 60))[..., 0]
    assert over.mean(1).std() > 3 * over.mean(0).std()


def drawing(portrait):
    """The portrait in six flat colours between lines."""
    grey = cv2.GaussianBlur(portrait.texture[..., :3], (0, 0), 4)
    drawn = replace(portrait, texture=portrait.texture.copy())
    drawn.texture[..., :3] = grey // 43 * 43 + 20
    return drawn


def test_a_drawing_of_flat_colours_has_a_band_of_teeth_and_no_lower_row(portrait):
    def row(one):
        mouth = GeometricMouth(one)
        mouth.interior.become(replace(mouth.mouth, tones=NAMED, drop=0.05))
        found = mouth.interior.inside(opened(one, 0.35), MouthPose(0.6))
        assert found
        return found.colours[..., 0] * (found.shown[..., 0] > 0.9)

    shaded, flat = row(portrait), row(drawing(portrait))
    half = len(flat) // 2
    teeth = [one[:half][one[:half] > 128] for one in (shaded, flat)]
    assert teeth[1].std() < 0.8 * teeth[0].std()
    assert flat[half + 4 :].max() < 0.1 * shaded[half + 4 :].max()


def test_a_mouth_without_a_file_for_its_state_is_told(tmp_path):
    with pytest.raises(GiocondaError, match="is not a model of a mouth's state"):
        load_model(tmp_path / "none.safetensors")


@pytest.mark.parametrize("side", [-1, 1])
def test_no_tooth_stands_alone_in_the_far_corner_of_a_turned_mouth(portrait, side):
    face, size, yaw, pose = neutral_face(portrait), 200.0, side * 0.65, MouthPose(0.32)
    face[topology.LIP_INNER_LOWER[1:-1], 1] += 0.12
    head = HeadPlace(np.array([200.0, 0.0]), size, 0.0, yaw)
    mesh = (face @ rotation(yaw, 0, 0).T * size + [*head.centre, 0]).astype(np.float32)
    blank = np.zeros((400, 400, 3), np.uint8)
    frame = replace(opened(portrait, 0.35), head=head, mesh=mesh, picture=blank)
    interior = MouthInterior(neutral_face(portrait), MOUTH)
    row = interior.maps(mesh, head, pose, (400, 400))[1] > 128
    interior.draw(frame, pose)
    lips = np.sort(mesh[topology.LIP_INNER_UPPER, 0])[::-side]
    teeth = np.flatnonzero(row.any(0))[::-side]
    assert abs(lips[0] - teeth[0]) < 0.2 * abs(lips[0] - lips[-1])
    back = np.argwhere(row)[:, 0] < np.argwhere(row)[:, 0].mean()  # seen above the front ones
    light = blank[row][:, 0]
    assert light[back].mean() < 0.2 * light[~back].mean()
