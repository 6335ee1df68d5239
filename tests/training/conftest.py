"""What the recipes learn from, made up: they need torch, which the plain tests do without."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.samples.performances import Performance
from gioconda.face.basis import released_basis
from gioconda.motion import Motion
from tests.evaluation.motions import opener, syllables

pytest.importorskip("torch")

_PEOPLE = 12  # of whom the sync judge gets some


def _performance(index: int, frames: int, voice: NDArray[np.float32]) -> Performance:
    basis = released_basis()
    rng = np.random.default_rng(index)
    pose = np.cumsum(rng.normal(0, 0.003, (frames, 6)), axis=0).astype(np.float32)
    dynamics = syllables(frames, index)[:, None] * opener()
    start = index * 640
    return Performance(
        Clip(f"clip-{index}", f"person-{index}", "made up", True, 0.0, Path("none.mp4")),
        voice[start : start + 640 * frames],
        np.ones(frames, bool),
        basis.mean,
        Motion(pose, dynamics.astype(np.float32), basis.name),
        rng.normal(0, 0.05, (frames, 2)).astype(np.float32),
        (rng.random((frames, 2)) < 0.05).astype(np.float32),
    )


@pytest.fixture(scope="session")
def performances(voice: NDArray[np.float32]) -> list[Performance]:
    """Short and long clips of a dozen people."""
    return [_performance(i, 30 if i % 2 else 80, voice) for i in range(_PEOPLE)]


@pytest.fixture(autouse=True)
def little_music(monkeypatch: pytest.MonkeyPatch) -> None:
    from gioconda.training import augmentation

    monkeypatch.setattr(augmentation, "_PIECES", 1)
