"""The mouth's shape by phone."""

import numpy as np
import pytest

from gioconda.data.phones import Phone
from gioconda.evaluation.lips import SpokenMotion
from gioconda.evaluation.shapes import Shape, order, shapes
from gioconda.face.basis import released_basis
from tests.evaluation.motions import talking

BASIS = released_basis()


def spoken(levels):
    """Each phone for 0.2 s, three times over, the mouth open by its level."""
    names = [name for _ in range(3) for name in levels]
    opening = np.repeat([levels[name] for name in names], 5)
    phones = [Phone(name, 0.2 * i, 0.2 * i + 0.2) for i, name in enumerate(names)]
    return SpokenMotion(talking(opening), BASIS.mean, phones)


def test_each_class_has_the_mean_of_its_phones():
    found = shapes([spoken({"AA": 1.0, "P": 0.0, "M": 0.4, "T": 3.0})], BASIS)
    assert {kind: shape.phones for kind, shape in found.items()} == {"a": 3, "m, b, p": 6}
    assert found["a"].opening > found["m, b, p"].opening + 5
    closed = shapes([spoken({"M": 0.0})], BASIS)["m, b, p"].opening
    assert found["m, b, p"].opening == pytest.approx(
        (closed + shapes([spoken({"M": 0.4})], BASIS)["m, b, p"].opening) / 2, abs=0.05
    )


def test_a_mouth_at_rest_has_the_neutral_width_and_protrusion():
    found = shapes([spoken({"UW": 0.0})], BASIS)["u"]
    assert found.width == pytest.approx(0, abs=1e-3)
    assert found.protrusion == pytest.approx(0, abs=1e-3)


def vowels(*openings):
    return {k: Shape(5, o, -o, o**2, o) for k, o in zip("aiuo", openings, strict=True)}


def test_the_order_of_vowels_agrees_or_is_reversed():
    real = vowels(8, 4, 1, 5)
    assert order(vowels(4, 2, 0.5, 2.5), real).vowels == pytest.approx(
        {"opening": 1, "width": 1, "protrusion": 1, "advance": 1}
    )
    assert order(vowels(1, 5, 8, 4), real).vowels["opening"] == pytest.approx(-1)


def test_a_class_with_too_few_phones_has_no_order():
    few = vowels(8, 4, 1, 5) | {"o": Shape(2, 5, 0, 0, 0)}
    assert np.isnan(order(few, vowels(8, 4, 1, 5)).vowels["opening"])
