"""Heads as a prepared set."""

import json

import numpy as np
import pytest

from gioconda.data.clips import read_clips
from gioconda.data.heads import Camera, Pose, clips, draw
from gioconda.data.heads.clips import PARTS, parts_of, prepare_heads
from gioconda.data.heads.head import HELD_OUT
from gioconda.errors import GiocondaError
from gioconda.face.tracker import Track

from .conftest import write_head


@pytest.fixture
def prepared(tmp_path, head, monkeypatch):
    """A set of two heads, one of which never teaches; its clips are three frames of a tiny one."""

    def drawn(_head, _rng):
        return (draw(head, Pose(turn=(0.05 * i, 0, 0)), camera=Camera(512)) for i in range(3))

    def followed(frames):
        points = np.random.default_rng(0).uniform(0, 500, (len(frames), 478, 3))
        return Track(points.astype(np.float32), np.ones(len(frames), bool), (512, 512))

    monkeypatch.setattr(clips, "draw_clip", drawn)
    monkeypatch.setattr(clips, "track", followed)
    heads = tmp_path / "heads"
    heads.mkdir()
    for name in ("somebody", HELD_OUT[0]):
        write_head(heads / f"{name}.npz")
    done = []
    manifest = prepare_heads(heads, tmp_path / "set", lambda *counts: done.append(counts))
    assert done == [(1, 2), (2, 2)]
    return tmp_path / "set", manifest


def test_heads_that_never_teach_are_the_split_to_measure_on(prepared, tmp_path):
    folder, manifest = prepared
    assert json.loads((folder / "manifest.json").read_text()) == manifest
    people = {
        split: {clip.person for clip in read_clips(folder, split, tmp_path / "cache")}
        for split in ("train", "val")
    }
    assert people == {"train": {"somebody"}, "val": {HELD_OUT[0].lower()}}


def test_a_clip_tells_what_is_where(prepared, tmp_path, head):
    clip = read_clips(prepared[0], "train", tmp_path / "cache")[0]
    assert not clip.speech
    assert len(list(clip.frames())) == 3
    parts = parts_of(clip.measures())
    assert parts is not None
    assert parts.shape == (3, len(PARTS), 512, 512)
    regions = PARTS["upper teeth"]
    wanted = draw(head, camera=Camera(512)).mask(regions) > 127
    assert wanted.any()
    np.testing.assert_array_equal(parts[0, 0], wanted)
    assert parts_of({"points": np.zeros(1)}) is None


def test_a_folder_that_is_in_use_is_left_alone(prepared, tmp_path):
    with pytest.raises(GiocondaError, match="is not empty"):
        prepare_heads(tmp_path / "heads", prepared[0])


def test_poses_go_gently_from_one_to_another():
    poses = list(clips._poses(np.random.default_rng(0)))
    assert len(poses) == clips.FRAMES
    yaws = np.array([pose.turn[0] for pose in poses])
    assert np.abs(np.diff(yaws)).max() < 0.5 * np.ptp(yaws)
