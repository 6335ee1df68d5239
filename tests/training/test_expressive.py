"""Expressive coordinates: what is appended, and what stays."""

from pathlib import Path

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.face.basis import load_basis, point_weights, released_basis
from gioconda.portrait import Portrait
from tests.prepared import write_set

pytest.importorskip("torch")

from gioconda.data.clips import read_clips
from gioconda.training.expressive import Recipe, train_expressive


def test_coordinates_are_appended_that_leave_the_others_alone(
    portrait: Portrait, voice: np.ndarray, tmp_path: Path
) -> None:
    clips = read_clips(write_set(tmp_path / "set", portrait, voice), "train", tmp_path / "cache")
    anchors, output = tmp_path / "anchors.npz", tmp_path / "basis.safetensors"
    rng = np.random.default_rng(0)
    np.savez(anchors, moved=rng.normal(0, 0.02, (2, 6, 1, 478, 3)).astype(np.float16))
    facts = train_expressive(clips, anchors, Recipe(count=3), output)
    assert facts["kept before"] < facts["kept"] <= 1
    old, new = released_basis(), load_basis(output)
    spoken = old.expressive.start
    assert new.parts == (*old.parts[:3], 3)
    assert new.name == old.name
    assert np.array_equal(new.dynamics[:spoken], old.dynamics[:spoken])
    flat = (new.dynamics.astype(np.float64) * np.sqrt(point_weights())).reshape(spoken + 3, -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.abs(flat[spoken:] @ flat[:spoken].T).max() < 1e-5


def test_a_file_without_anchors_is_told(tmp_path: Path) -> None:
    (tmp_path / "anchors.npz").write_bytes(b"nothing")
    with pytest.raises(GiocondaError, match="has no anchors of heads"):
        train_expressive([], tmp_path / "anchors.npz", Recipe(), tmp_path / "basis.safetensors")
