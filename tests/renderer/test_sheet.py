"""The sheet has no holes, whichever way a head turns."""

import numpy as np
import pytest

from gioconda.face import topology
from gioconda.face.measure import lip_distances
from gioconda.portrait import portrait_at
from gioconda.renderer import sheet
from gioconda.renderer.kernels import rasterise
from gioconda.renderer.sheet import make_sheet
from gioconda.spans import whole


@pytest.mark.parametrize("turn", [0.0, -0.6, -0.45, -0.3, 0.3, 0.45, 0.6])
@pytest.mark.parametrize("nod", [0.0, -0.3, 0.3])
def test_every_pixel_of_the_face_is_drawn(portrait, turn, nod):
    made = make_sheet(portrait)
    pose = portrait.pose + np.array([turn, nod, 0, 0, 0, 0], np.float32)
    vertices, texture, face = made.place(pose, portrait.expression)
    size = portrait.size
    flow = np.full((size, size, 2), np.nan, np.float32)
    depth = np.full((size, size), 1e30, np.float32)
    rasterise(vertices, texture, made.triangles, 0, whole(size, size), flow, depth)
    low, high = np.clip([face[:468, :2].min(0), face[:468, :2].max(0)], 0, size).astype(int)
    assert np.isfinite(flow[low[1] : high[1], low[0] : high[0]]).all()


def test_a_face_seen_from_the_side_turns_little_either_way():
    own, much = np.radians(36), np.radians(30)
    yaw, nod = sheet._BACK
    turns = [sheet._limit(*turn) for turn in ((much, own, *yaw), (-much, own, *yaw))]
    assert np.degrees(turns) == pytest.approx([6, -1.5], abs=0.5)
    assert np.degrees(sheet._limit(-much, own, *nod)) == pytest.approx(-6, abs=0.5)
    assert np.degrees(sheet._limit(np.radians(20), 0.0, *yaw)) == pytest.approx(20, abs=0.5)


def test_a_mouth_wide_open_just_above_the_photos_edge_shuts(portrait):
    points, unit = portrait.points.copy(), float(portrait.head.size[0])
    jaw = points[:, 1] > points[topology.LIP_INNER_UPPER, 1].max()
    jaw[topology.LIP_INNER_LOWER[1:-1]] = True
    points[jaw, 1] += 0.35 * unit
    end = int(points[topology.LOWER_LIP_BOTTOM, 1] + 0.3 * unit)
    tight = portrait_at(portrait.picture[:end], points, end - end % 2)
    at_rest, shut = (
        lip_distances(make_sheet(tight).place(tight.pose, dynamics)[2]).mean() / tight.head.size[0]
        for dynamics in (tight.expression, np.zeros_like(tight.expression))
    )
    assert at_rest > 0.3
    assert shut < 0.03
