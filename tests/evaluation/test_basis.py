"""Errors of the basis on a track that it can, and cannot, explain."""

from dataclasses import dataclass

import numpy as np

from gioconda.data.clips import Clip
from gioconda.evaluation.basis import evaluate_basis, truncated
from gioconda.face.basis import released_basis
from gioconda.face.tracker import Track


@dataclass(frozen=True)
class Known(Clip):
    """A clip whose track is made up of the basis' own movements."""

    def track(self) -> Track:
        basis = released_basis()
        code = np.random.default_rng(0).normal(size=(25, sum(basis.parts)))
        points = 100 * basis.rebuild(code, basis.mean) + np.float32(200)
        return Track(points, np.ones(25, bool), (400, 400))


def test_more_coordinates_explain_more(tmp_path) -> None:  # type: ignore[no-untyped-def]
    result = evaluate_basis([Known("a", "p", "f", True, 0.0, tmp_path)])
    assert (result.people, result.clips, result.frames) == (1, 1, 25)
    errors = [result.errors[name]["all"].median for name in ("still", "8", "16", "24", "32")]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.4 < errors[0]


def test_a_truncated_basis_keeps_the_first_of_each_part() -> None:
    basis = released_basis()
    half = truncated(basis, 16)
    assert sum(half.parts) == 16
    assert (half.dynamics[half.lower.start] == basis.dynamics[basis.lower.start]).all()
    assert (half.dynamics[half.gaze] == basis.dynamics[basis.gaze][: half.parts[0]]).all()
