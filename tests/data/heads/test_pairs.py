"""Pairs of a portrait and a target frame of one head."""

import os
from pathlib import Path

import numpy as np
import pytest

from gioconda.data.heads import HELD_OUT, VISEMES, Camera, Pose, Region, draw, head_files, read_head
from gioconda.data.heads.pairs import Pairs, draw_pair, draw_weights

HEADS = os.environ.get("GIOCONDA_HEADS", "")
MOUTH = Camera(256, view=1.6, middle=(0, 1.2))
real = pytest.mark.skipif(not HEADS, reason="GIOCONDA_HEADS names no folder of heads")


@real
def test_the_same_state_gives_the_same_pair():
    head = read_head(head_files(Path(HEADS), held_out=True)[0])
    once, again, other = (draw_pair(head, np.random.default_rng(s), 96) for s in (1, 1, 2))
    assert np.array_equal(once.target.picture, again.target.picture)
    assert np.array_equal(once.portrait.labels, again.portrait.labels)
    assert not np.array_equal(once.target.picture, other.target.picture)


def test_drawn_weights_are_of_known_shapes_and_bounded():
    rng = np.random.default_rng(0)
    drawn = [draw_weights(rng) for _ in range(200)]
    assert max(value for one in drawn for value in one.values()) < 2
    assert set(VISEMES) <= {name for one in drawn for name in one}
    assert sum(not set(one) & {*VISEMES, "MouthOpen", "Shout"} for one in drawn) > 10  # silent


@real
def test_pairs_come_from_heads_that_teach():
    pairs = Pairs(Path(HEADS), np.random.default_rng(0), 64)
    names = [path.stem for path in head_files(Path(HEADS), held_out=False)]
    assert next(pairs).target.picture.shape == (64, 64, 3)
    assert not set(names) & set(HELD_OUT)


@real
def test_a_wide_open_mouth_shows_teeth_tongue_and_dark():
    for path in head_files(Path(HEADS), held_out=True):
        drawn = draw(read_head(path), Pose({"AE_AA": 1.0}), camera=MOUTH)
        areas = {region: drawn.mask([region]).sum() / 255 for region in Region}
        assert min(areas[r] for r in (Region.UPPER_TEETH, Region.TONGUE, Region.CAVITY)) > 100, path
        shut = draw(read_head(path), camera=MOUTH)
        assert shut.mask([Region.TONGUE]).sum() / 255 < 1, path
        assert shut.mask([Region.LIPS]).sum() / 255 > 100, path
