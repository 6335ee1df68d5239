"""Clips of people who talk, without a picture."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.face.basis import released_basis
from tests.evaluation.motions import syllables, talking
from tests.speech.sounds import voice

BASIS = released_basis()


@dataclass(frozen=True)
class Known(Clip):
    """Five seconds of somebody who talks."""

    seed: int = 0

    def audio(self) -> NDArray[np.float32]:
        return voice(5, self.seed)

    def measures(self) -> dict[str, NDArray[np.generic]]:
        motion = talking(syllables(125, self.seed))
        rng = np.random.default_rng(self.seed)
        pose = np.cumsum(0.002 * rng.normal(size=(125, 6)), axis=0)
        # as sets had it before there were expressive coordinates
        spoken = motion.dynamics[:, : BASIS.expressive.start]
        dynamics = spoken + 0.3 * np.cumsum(rng.normal(size=spoken.shape), axis=0) / 10
        return {
            "pose": pose,
            "dynamics": dynamics,
            "neutral": BASIS.mean,
            "seen": np.ones(125, bool),
        }

    def heard(self) -> dict[str, NDArray[np.generic]]:
        return {"own": np.ones(125, bool)}


@pytest.fixture
def clips(tmp_path: Any) -> list[Clip]:
    made: list[Clip] = []
    for i in range(8):
        video = tmp_path / f"c{i}.mp4"
        phones = [["SIL", 0, 1.02], ["AA", 1.02, 1.5], ["P", 1.5, 1.6], ["AA", 1.6, 2.0]]
        video.with_suffix(".json").write_text(json.dumps({"basis": BASIS.name, "phones": phones}))
        made.append(Known(f"c{i}", f"p{i}", "s", True, 0.0, video, i))
    return made
