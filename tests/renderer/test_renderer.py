"""What comes out is looked at again by the tracker: it must show what was asked for."""

from itertools import pairwise

import numpy as np
import pytest

from gioconda.face import measure
from gioconda.face.detector import detect
from gioconda.face.mesh import FaceMesh
from gioconda.face.pose import angles
from gioconda.media import sample
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer
from gioconda.renderer.warper import Warper


@pytest.fixture(scope="module")
def renderer(portrait):
    return Renderer(portrait)


def towards(portrait, quantity, part, amount):
    """The least dynamics in one part of the face that change a quantity by an amount."""
    basis = portrait.basis
    zero = np.zeros((1, len(basis.dynamics)))
    base = quantity(basis.rebuild(zero, portrait.neutral))[0]
    slope = np.zeros(len(basis.dynamics))
    for i in range(part.start, part.stop):
        step = zero.copy()
        step[0, i] = 0.5
        slope[i] = (quantity(basis.rebuild(step, portrait.neutral))[0] - base) / 0.5
    return slope * amount / (slope @ slope)


def seen(portrait, frame):
    """Angles in degrees, and the face in the head frame, as the tracker sees them."""
    points, _ = FaceMesh().at(frame, detect(frame)[0])
    neutral = portrait.basis.identify(points[None])
    head, _ = portrait.basis.pose(points[None], neutral)
    return np.degrees(angles(head.rotation[0])), head.to_head(points[None])


def test_the_photos_own_pose_and_expression_give_the_photo_back(portrait, renderer):
    frame = renderer.render(portrait.pose, portrait.expression).astype(float)
    margin = portrait.margin
    photo = portrait.texture[margin:-margin, margin:-margin, :3]
    low, high = portrait.points[:468, :2].min(0).astype(int), portrait.points[:468, :2].max(0)
    face = (slice(low[1], int(high[1])), slice(low[0], int(high[0])))
    error = np.mean((frame[face] - photo[face]) ** 2)
    assert 10 * np.log10(255**2 / error) > 32


@pytest.mark.parametrize(("index", "turn"), [(0, 12), (0, -12), (1, 8), (1, -8), (2, 10)])
def test_the_head_turns_as_told(portrait, renderer, index, turn):
    pose = portrait.pose.copy()
    pose[index] += np.radians(turn)
    before, _ = seen(portrait, renderer.render(portrait.pose, portrait.expression))
    after, _ = seen(portrait, renderer.render(pose, portrait.expression))
    assert after[index] - before[index] == pytest.approx(turn, abs=3)


def test_the_eyes_close(portrait, renderer):
    shut = towards(portrait, lambda f: measure.lid_opening(f).mean(1), portrait.basis.upper, -0.3)
    _, face = seen(portrait, renderer.render(portrait.pose, shut))
    assert measure.lid_opening(face).max() < 0.12


def test_the_open_mouth_of_the_photo_closes_and_opens_wider(portrait, renderer):
    _, shut = seen(portrait, renderer.render(portrait.pose, np.zeros(len(portrait.expression))))
    wide = towards(portrait, measure.mouth_opening, portrait.basis.lower, 0.2)
    _, open_ = seen(portrait, renderer.render(portrait.pose, wide))
    assert measure.mouth_opening(shut)[0] < 0.03
    assert measure.mouth_opening(open_)[0] == pytest.approx(0.2, abs=0.06)


def test_the_eyes_look_where_told(portrait, renderer):
    zero = np.zeros(len(portrait.expression))
    for degrees in (-15, 15):
        look = towards(
            portrait, lambda f: measure.gaze(f)[:, 0], portrait.basis.gaze, np.radians(degrees)
        )
        _, ahead = seen(portrait, renderer.render(portrait.pose, zero))
        _, aside = seen(portrait, renderer.render(portrait.pose, look))
        turned = np.degrees(measure.gaze(aside)[0, 0] - measure.gaze(ahead)[0, 0])
        # the tracked corners follow the irises, so it sees 0.4 to 0.8 of a glance (evaluate gaze)
        assert 0.35 < turned / degrees < 1.3


def test_background_and_shoulders_keep_still(portrait, renderer):
    pose = portrait.pose + np.array([0.25, 0.1, 0.1, 0.1, 0, 0.03], np.float32)
    first = renderer.render(portrait.pose, portrait.expression).copy()
    second = renderer.render(pose, portrait.expression)
    for still in (np.s_[:30, :40], np.s_[:30, -40:], np.s_[-12:, :]):
        assert np.abs(first[still].astype(int) - second[still]).max() <= 2


def test_nothing_is_left_unpainted(portrait):
    warper = Warper(portrait)
    warper._flow[:] = np.nan
    for _ in range(2):  # all rows, and those that may move
        flow = warper.warp(portrait.pose, portrait.expression).flow
        assert np.isfinite(flow).all()
    for row, (first, end) in zip(flow, warper._last, strict=True):
        row[first:end] = np.nan
    assert np.isfinite(warper.warp(portrait.pose + 0.1, portrait.expression).flow).all()


def test_the_full_picture_changes_only_inside_the_crop(photo):
    portrait = make_portrait(photo, None)
    renderer = Renderer(portrait, full=True)
    frame = renderer.render(portrait.pose + 0.1, portrait.expression)
    assert frame.shape == photo.shape
    left, top, side = (round(v) for v in portrait.crop)
    changed = np.argwhere((frame != photo).any(-1))
    assert len(changed) > 1000
    assert (changed >= [top, left]).all()
    assert (changed < [top + side, left + side]).all()


def unchanged(spans, frame):
    """(H, W) all of a frame but these spans."""
    columns = np.arange(frame.shape[1])
    return (columns < spans[:, :1]) | (columns >= spans[:, 1:])


def test_what_is_left_alone_is_as_if_drawn_anew(photo):
    high = np.concatenate([photo, photo[-1:].repeat(len(photo), 0)])  # the body goes on
    portrait = make_portrait(high, None)
    kept, before = Renderer(portrait, lambda frame: None, full=True), high
    rng = np.random.default_rng(0)
    for far in (0.0, 0.1, 0.3, 1.5, 0.1, 3.0, 0.0, 0.1):
        pose = portrait.pose + far * rng.normal(size=6).astype(np.float32)
        dynamics = portrait.expression + 0.3 * rng.normal(size=portrait.expression.shape)
        frame = kept.render(pose, dynamics)
        anew = Renderer(portrait, lambda frame: None, full=True)
        np.testing.assert_array_equal(frame, anew.render(pose, dynamics))
        others = unchanged(kept.changed, frame)
        np.testing.assert_array_equal(frame[others], before[others])
        before = frame.copy()
    assert others.mean() > 1 / 4


def test_a_frame_that_is_begun_before_the_last_has_ended_is_the_same(photo):
    portrait = make_portrait(photo, None)
    ahead, plain = (Renderer(portrait, full=True) for _ in range(2))
    turn = np.array([0.2, 0.1, 0, 0, 0, 0], np.float32)
    poses = [portrait.pose + far * turn for far in (0, 1, -1, 0, 0.5)]
    begun = (
        ahead.begin(ahead.warp(pose, portrait.expression, memory % 3))
        for memory, pose in enumerate([*poses, poses[0]])
    )
    before = photo
    for pose, (end, _) in zip(poses, pairwise(begun), strict=True):
        frame = end()
        np.testing.assert_array_equal(frame, plain.render(pose, portrait.expression))
        others = unchanged(ahead.changed, frame)
        np.testing.assert_array_equal(frame[others], before[others])
        before = frame.copy()


@pytest.mark.parametrize("keep", [np.s_[:, 150:320], np.s_[30:330, 60:400]])
def test_the_full_picture_has_no_seam_across_the_head(photo, keep):
    narrow = np.ascontiguousarray(photo[keep])
    portrait = make_portrait(narrow, None)
    moved = np.array([0.25, 0.1, 0.1, 0.05, 0, 0], np.float32)
    flow = Warper(portrait, narrow.copy()).warp(portrait.pose + moved, portrait.expression).flow
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]]
    move = flow - np.stack([x, y], -1) - portrait.margin
    above = slice(None, int(portrait.points[10, 1]))  # nothing overlaps over the forehead
    shown = sample(portrait.texture[..., 3].copy(), flow)[above] > 0
    down, across = (np.abs(np.diff(move[above], axis=axis)).max(-1) for axis in (0, 1))
    assert down[shown[1:] & shown[:-1]].max() < 1
    assert across[shown[:, 1:] & shown[:, :-1]].max() < 1
    assert np.abs(move).max() > 10


@pytest.mark.parametrize("size", [256, None])
@pytest.mark.parametrize("cut", [np.s_[85:], np.s_[:, 160:], np.s_[:, :290], np.s_[:190]])
def test_nothing_beyond_the_edges_of_the_photo_is_shown(photo, size, cut):
    portrait = make_portrait(np.ascontiguousarray(photo[cut]), size)
    height, width = portrait.photo.shape[:2]
    scale = portrait.size / portrait.crop[2]
    corner = np.array(portrait.crop[:2])
    out = np.empty(
        (
            min(portrait.size, height - int(corner[1])) if size is None else size,
            min(portrait.size, width - int(corner[0])) if size is None else size,
            3,
        ),
        np.uint8,
    )
    warper = Warper(portrait, out)
    for move in ([0.3, 0.2, 0.2, 0.3, 0.3, -0.1], [-0.3, -0.2, -0.2, -0.3, -0.3, -0.1]):
        flow = warper.warp(portrait.pose + np.array(move, np.float32), portrait.expression).flow
        place = (flow - portrait.margin + 0.5) / scale - 0.5 + corner  # in the photo
        assert place.min() > -0.6
        assert (place.max((0, 1)) < np.array([width, height]) - 0.4).all()


def test_full_needs_the_photos_own_scale(portrait):
    with pytest.raises(ValueError, match="crop is"):
        Renderer(portrait, full=True)


def test_a_pose_beyond_all_measure_still_gives_a_frame(portrait, renderer):
    pose = np.array([60, -60, 60, 1e4, -1e4, 60], np.float32)
    assert renderer.render(pose, portrait.expression).shape == (512, 512, 3)
