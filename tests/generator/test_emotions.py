import numpy as np
import pytest

from gioconda.controls import EMOTIONS
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator.emotions import emotional


def test_no_emotion_adds_nothing() -> None:
    assert not emotional(np.zeros((3, 6), np.float32)).any()


def test_emotions_leave_the_lips_gap_alone() -> None:
    basis = released_basis()
    faces = basis.rebuild(emotional(np.eye(6, dtype=np.float32)), basis.mean)
    rest = measure.mouth_opening(basis.mean[None])
    np.testing.assert_allclose(measure.mouth_opening(faces), np.repeat(rest, 6), atol=0.003)


@pytest.mark.parametrize(
    ("emotion", "point", "up"),
    [("happy", 61, 1), ("sad", 61, -1), ("surprised", 105, 1), ("angry", 105, -1)],
)
def test_corners_and_brows_go_where_the_emotion_has_them(emotion: str, point: int, up: int) -> None:
    basis = released_basis()
    strengths = np.zeros((1, 6), np.float32)
    strengths[0, EMOTIONS.index(emotion)] = 1
    moved = basis.rebuild(emotional(strengths), basis.mean)[0] - basis.mean
    assert -up * moved[point, 1] > 0.01
