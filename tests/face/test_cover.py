"""Mouths that are seen, and those that something covers."""

import numpy as np
import pytest

from gioconda import example
from gioconda.errors import GiocondaError
from gioconda.face.finder import find_face
from gioconda.portrait import make_portrait

from .pictures import Picture, astronaut, blurred, covered, line_mouthed, scaled

PEOPLE = [astronaut(), example.photo()]


@pytest.mark.parametrize("what", ["mask", "hand", "veil", "microphone"])
@pytest.mark.parametrize("picture", PEOPLE, ids=["photo", "example"])
def test_a_covered_mouth_is_refused_with_the_reason(picture: Picture, what: str) -> None:
    hidden = covered(picture, find_face(picture).points, what)
    with pytest.raises(GiocondaError, match="mouth of the face seems to be covered"):
        find_face(hidden)
    face = find_face(hidden, anyway=True)
    assert "seems to be covered" in (face.note or "")


def test_anyway_goes_on_and_leaves_a_note() -> None:
    hidden = covered(astronaut(), find_face(astronaut()).points, "mask")
    portrait = make_portrait(hidden, 128, anyway=True)
    assert "seems to be covered" in (portrait.note or "")


@pytest.mark.parametrize("picture", PEOPLE, ids=["photo", "example"])
@pytest.mark.parametrize(
    "change",
    [
        lambda p: p,
        lambda p: np.repeat(p.mean(2, keepdims=True).astype(np.uint8), 3, 2),
        lambda p: (170 + p * 0.2).astype(np.uint8),  # pale
        lambda p: (p * 0.15).astype(np.uint8),  # dark
        lambda p: scaled(p, 0.7),
        lambda p: line_mouthed(p, find_face(p).points),
        lambda p: blurred(p, find_face(p).points),
    ],
    ids=["as it is", "grey", "pale", "dark", "small", "line", "blurred"],
)
def test_a_mouth_that_is_seen_is_no_reason(picture: Picture, change) -> None:  # type: ignore[no-untyped-def]
    face = find_face(np.ascontiguousarray(change(picture)))
    assert "covered" not in (face.note or "")
