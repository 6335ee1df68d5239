from itertools import pairwise

import numpy as np
import pytest

from gioconda.data.videos import stretches
from gioconda.data.videos.crops import find_crops
from gioconda.data.videos.stretches import Stretch, box, find_stretches
from gioconda.face.tracker import Track


@pytest.fixture(scope="module")
def two(talk):
    """Forty pictures of a face and its mirror image beside each other."""
    part = talk[0][:40]
    return np.concatenate([part, np.zeros_like(part[:, :, :40]), part[:, :, ::-1]], 2)


def test_one_face_is_one_stretch(talk):
    (stretch,) = find_stretches(talk[0])
    assert (stretch.start, len(stretch)) == (0, 75)
    assert stretch.track.seen.all()
    assert np.isnan(stretch.others).all()


def test_two_faces_are_two_stretches_that_know_of_each_other(two):
    first, second = find_stretches(two)
    assert (len(first), len(second)) == (40, 40)
    np.testing.assert_allclose(first.others, box(second.track.points), atol=1)
    np.testing.assert_allclose(second.others, box(first.track.points), atol=1)


def test_a_cut_ends_a_stretch(talk):
    frames = np.concatenate([talk[0][:30], talk[0][:30, :, ::-1]])
    assert [(s.start, len(s)) for s in find_stretches(frames)] == [(0, 30), (30, 30)]


def test_a_face_that_leaves_ends_its_stretch(talk):
    frames = np.concatenate([talk[0][:30], np.full_like(talk[0][:30], 90)])
    (stretch,) = find_stretches(frames)
    assert len(stretch) == 30


def walking(count: int, width: int = 1000) -> Stretch:
    """A face of 100 pixels that walks through a picture of 1000 x 400."""
    rng = np.random.default_rng(0)
    face = rng.uniform(-50, 50, (478, 3)).astype(np.float32)
    face[:4, :2] = [[-50, -50], [50, -50], [-50, 50], [50, 50]]
    points = np.repeat(face[None], count, 0)
    points[..., 0] += np.linspace(100, width - 100, count)[:, None]
    points[..., 1] += 200
    track = Track(points, np.ones(count, bool), (400, width))
    return Stretch(7, track, np.full((count, 4), np.nan, np.float32))


def test_a_walk_is_divided_and_each_crop_holds_its_face():
    stretch = walking(200)
    crops = list(find_crops(stretch))
    assert len(crops) > 2
    assert crops[0].start == 7
    assert crops[-1].stop == 207
    assert all(a.stop == b.start for a, b in pairwise(crops))
    for crop in crops:
        assert crop.track.points[..., :2].min() >= 0
        assert crop.track.points[..., :2].max() <= crop.size - 1
        assert crop.side <= 2.7 * 100


def test_a_crop_shows_what_its_track_says(talk):
    (stretch,) = find_stretches(talk[0][:30])
    large = np.kron(talk[0][:1], np.ones((1, 4, 4, 1), np.uint8))[0]
    scaled = Track(stretch.track.points * 4 + 1.5, stretch.track.seen, large.shape[:2])
    (crop,) = find_crops(Stretch(0, scaled, stretch.others))
    assert crop.size == 512
    picture = crop(large)
    assert picture.shape == (512, 512, 3)
    (again,) = find_stretches([picture] * 2)
    error = np.abs(again.track.points[0] - crop.track.points[0])[:, :2].mean()
    assert error < 0.01 * np.ptp(crop.track.points[0, :, 0])


def test_another_face_in_the_crop_is_noticed(two):
    track = next(find_stretches(two)).track
    own = box(track.points)
    close = Stretch(0, track, own + np.array([30, 0, 30, 0]))
    assert not next(find_crops(close)).alone.any()
    far = Stretch(0, track, own + np.array([400, 0, 400, 0]))
    assert next(find_crops(far)).alone.all()


def test_a_long_stretch_is_divided(talk, monkeypatch):
    monkeypatch.setattr(stretches, "LONGEST", 40)
    assert [len(s) for s in find_stretches(talk[0])] == [40, 35]
