"""Figures of a listener tell one from a face that hears nobody."""

import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.evaluation.listening import conversation, listening, nods
from gioconda.face.basis import released_basis
from gioconda.motion import Motion


def test_nods_are_found_and_slow_turns_are_none() -> None:
    pitch = np.zeros(300)
    for start, dips in ((50, 1), (150, 3)):
        length = 11 * dips
        time = np.arange(length)
        pitch[start : start + length] = -4 * 0.8 ** (time // 11) * np.sin(np.pi * time / 11) ** 2
    assert nods(pitch) == [pytest.approx(55, abs=1), pytest.approx(155, abs=1)]
    assert not nods(10 * np.sin(np.arange(300) * 2 * np.pi / 200))
    assert not nods(np.linspace(0, -30, 300))


def test_a_face_that_nods_at_ends_and_looks_at_the_viewer() -> None:
    basis = released_basis()
    pose = np.zeros((500, 6), np.float32)
    for end in (100, 300):
        pose[end + 10 : end + 21, 1] = -0.08 * np.sin(np.pi * np.arange(11) / 10) ** 2
    still = Motion(pose, np.zeros((500, sum(basis.parts)), np.float32), basis.name)
    found = listening(still, [100, 300], basis)
    assert found.nods_at_ends == pytest.approx(2 / (100 / 25 / 60))
    assert found.nods_elsewhere == 0
    assert found.lips == pytest.approx(0, abs=1e-4)
    pose[:, 0] += 0.3
    away = Motion(pose, still.dynamics, basis.name)
    assert listening(away, [100, 300], basis).on_viewer < 5


def test_phrases_are_laid_one_after_the_other_with_pauses() -> None:
    clips = [np.full(n, 0.1, np.float32) for n in (32000, 3000, 16000, 160000)]
    sound, ends = conversation(clips, 200)
    assert ends == [50, 50 + 40 + 25]
    assert not sound[32000:96000].all()
    with pytest.raises(GiocondaError, match="a second long"):
        conversation(clips[1:2], 200)
