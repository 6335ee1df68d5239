"""Emotions: what they do to a face, and what they leave to speech."""

import numpy as np
import pytest

from gioconda.controls import EMOTIONS
from gioconda.emotions import PROTOTYPES
from gioconda.face import actions, measure
from gioconda.face.basis import released_basis
from gioconda.face.measure import lip_gaps
from gioconda.generator.emotions import offset

BASIS = released_basis()


def feeling(name: str, strength: float = 1.0) -> np.ndarray:
    strengths = np.zeros((1, len(EMOTIONS)))
    strengths[0, EMOTIONS.index(name)] = strength
    return BASIS.rebuild(offset(strengths), BASIS.mean)


def rise(name: str, points: list[int]) -> float:
    return float((BASIS.mean - feeling(name)[0])[points, 1].mean())


def test_prototypes_name_actions_that_exist() -> None:
    known = {name.removesuffix("Left").removesuffix("Right") for name in actions.ACTIONS}
    assert all(set(one.actions) <= known for one in PROTOTYPES.values())


def test_neutral_is_exactly_nothing() -> None:
    assert not offset(np.zeros((3, len(EMOTIONS)))).any()


def test_strengths_scale_and_add() -> None:
    eye = np.eye(len(EMOTIONS))
    np.testing.assert_allclose(offset(0.5 * eye), 0.5 * offset(eye), rtol=1e-5, atol=1e-6)
    both = offset(0.5 * (eye[:1] + eye[1:2]))
    np.testing.assert_allclose(both, (offset(eye[:1]) + offset(eye[1:2])) / 2, atol=1e-5)


@pytest.mark.parametrize("name", EMOTIONS)
def test_lips_that_meet_still_meet(name: str) -> None:
    change = lip_gaps(feeling(name)) - lip_gaps(BASIS.mean[None])
    if PROTOTYPES[name].parted:  # yet far less than by speech
        assert 0.02 < change.max() < 0.08
        assert change.min() >= -0.001
    else:
        assert np.abs(change).max() < 0.001


@pytest.mark.parametrize("name", EMOTIONS)
def test_both_halves_of_the_face_feel_the_same(name: str) -> None:
    moved = feeling(name)[0] - BASIS.mean
    for right, left in ((61, 291), (107, 336), (70, 300), (159, 386)):
        assert abs(moved[right, 1] - moved[left, 1]) < 0.02


def test_faces_show_their_prototypes() -> None:
    corners, inner, wings = [61, 291], [107, 55, 336, 285], [48, 278]
    assert rise("happy", corners) > 0.06
    assert rise("sad", corners) < -0.03
    outer = [70, 63, 300, 293]
    assert rise("sad", inner) > 0.06
    assert rise("sad", inner) - rise("sad", outer) > 0.06  # not as one
    assert rise("angry", inner) < -0.05
    assert rise("surprised", inner) > 0.06
    assert rise("afraid", inner) > 0.06
    assert rise("disgusted", wings) > 0.02
    rest = measure.lid_opening(BASIS.mean[None]).mean()
    assert measure.lid_opening(feeling("surprised")).mean() > rest + 0.03
    assert measure.lid_opening(feeling("afraid")).mean() > rest + 0.03


@pytest.mark.parametrize("strengths", [np.zeros(6), np.zeros((2, 5)), np.full((1, 6), 1.2)])
def test_wrong_strengths_are_refused(strengths: np.ndarray) -> None:
    with pytest.raises(ValueError, match="strengths must be"):
        offset(strengths)
