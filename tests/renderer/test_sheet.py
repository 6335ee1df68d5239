"""The sheet has no holes, whichever way a head turns."""

import numpy as np
import pytest

from gioconda.renderer import sheet
from gioconda.renderer.kernels import rasterise
from gioconda.renderer.sheet import make_sheet
from gioconda.renderer.spans import whole


@pytest.mark.parametrize("turn", [0.0, -0.6, -0.45, -0.3, 0.3, 0.45, 0.6])
@pytest.mark.parametrize("nod", [0.0, -0.3, 0.3])
def test_every_pixel_of_the_face_is_drawn(portrait, turn, nod):
    made = make_sheet(portrait)
    pose = portrait.pose + np.array([turn, nod, 0, 0, 0, 0], np.float32)
    vertices, texture, face = made.place(pose, portrait.expression)
    size = portrait.size
    flow = np.full((size, size, 2), np.nan, np.float32)
    depth = np.full((size, size), 1e30, np.float32)
    rasterise(vertices, texture, made.triangles, whole(size, size), flow, depth)
    low, high = np.clip([face[:468, :2].min(0), face[:468, :2].max(0)], 0, size).astype(int)
    assert np.isfinite(flow[low[1] : high[1], low[0] : high[0]]).all()


def test_a_face_seen_from_the_side_turns_little_either_way():
    own, much = np.radians(36), np.radians(30)
    yaw, nod = sheet._BACK
    turns = [sheet._limit(*turn) for turn in ((much, own, *yaw), (-much, own, *yaw))]
    assert np.degrees(turns) == pytest.approx([6, -1.5], abs=0.5)
    assert np.degrees(sheet._limit(-much, own, *nod)) == pytest.approx(-6, abs=0.5)
    assert np.degrees(sheet._limit(np.radians(20), 0.0, *yaw)) == pytest.approx(20, abs=0.5)
