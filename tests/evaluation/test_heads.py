"""Shapes of synthetic heads are tracked and compared with their meshes."""

import os
from pathlib import Path

import numpy as np
import pytest

from gioconda.data.heads import Pose, head_files, read_head
from gioconda.errors import GiocondaError
from gioconda.evaluation.heads import exact_lips, load_anchors, measure_shapes

HEADS = os.environ.get("GIOCONDA_HEADS", "")
real = pytest.mark.skipif(not HEADS, reason="GIOCONDA_HEADS names no folder of heads")


@pytest.fixture(scope="module")
def files():
    return head_files(Path(HEADS), held_out=True)


@real
def test_the_tracker_sees_an_opening_as_wide_as_it_is(files):
    found = measure_shapes(files[2:3], {"ah": {"AO_a": 1.0}, "oo": {"UW_U": 1.0}}, weights=(1.0,))
    tracked, exact = found.tracked[0, :, 0], found.exact[0, :, 0]
    assert np.abs(tracked[:, :2] - exact[:, :2]).max() < 0.06  # opening and width
    assert exact[0, 0] > exact[1, 0] + 0.1  # "ah" is opener
    assert exact[1, 1] < exact[0, 1] - 0.1  # "oo" is narrower


@real
def test_lips_press_and_part_on_the_mesh(files):
    for path in files:
        head = read_head(path)
        rest, pressed, parted = (
            exact_lips(head, Pose(w)) for w in ({}, {"MPB": 1.0}, {"MouthOpen": 1.0})
        )
        assert pressed[0] <= rest[0] + 0.01 < parted[0], path


def test_a_file_without_anchors_is_told(tmp_path):
    np.savez(tmp_path / "a.npz", names=np.array(["x"]))
    with pytest.raises(GiocondaError, match="has no anchors"):
        load_anchors(tmp_path / "a.npz")
