"""How well the regressor's mouth follows speech, on people that it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.samples.talks import Talk, read_talk
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, counted, measure, silent
from gioconda.face import measure as face
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.regressor import Regressor
from gioconda.speech import listen

_LEAST_MOVEMENT = 0.005  # standard deviation of the mouth opening, in inter-ocular distances
_STILL = 1e-6  # rounding alone makes values differ by so much


@dataclass(frozen=True)
class SpeechAgreement:
    """Predicted against tracked mouth opening: means, and medians over clips of r and spread."""

    clips: int = measure("clips", form="d")
    regressor: float = measure("regressor, r", form=".3g")
    loudness: float = measure("a predictor that hears only the loudness, r", form=".3g")
    shuffled: float = measure("the regressor on another clip's sound, r", form=".3g")
    opening_error: float = measure("error of the opening", "% of the eye distance", ".3g")
    opening: float = measure("tracked opening", "% of the eye distance", ".3g")
    spread: float = measure("standard deviation, predicted to tracked", form=".3g")


def evaluate_speech(clips: list[Clip], report: Report = silent) -> SpeechAgreement:
    """Predicted against tracked mouth opening: Pearson's r by clip, its median over clips.

    Clips of a second and more with speech count, where the mouth moves at all.

    Args:
        clips: of people that the regressor was not trained on.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if fewer than two clips serve.
    """
    basis = released_basis()
    talks = []
    for clip in counted(clips, report):
        talk = read_talk(clip, basis)
        if talk is not None and talk.opening(basis).std() > _LEAST_MOVEMENT:
            talks.append(talk)
    if len(talks) < 2:
        raise GiocondaError(
            f"{len(talks)} of {len(clips)} clips can be used; at least 2 are needed"
        )
    predicted = [predict(talk.pcm) for talk in talks]
    rows = []
    for i, talk in enumerate(talks):
        opening = talk.opening(basis)
        found = _opening(talk, predicted[i], basis)
        other = predicted[(i + len(talks) // 2) % len(talks)]
        wrong = _opening(talk, other[np.arange(len(opening)) % len(other)], basis)
        rows.append(
            {
                "regressor": correlation(found, opening),
                "loudness": correlation(listen(talk.pcm).loudness, opening),
                "shuffled": correlation(wrong, opening),
                "opening_error": 100 * float(np.abs(found - opening).mean()),
                "opening": 100 * float(opening.mean()),
                "spread": float(found.std() / opening.std()),
            }
        )
    means = ("opening_error", "opening")
    summary = {
        name: float((np.mean if name in means else np.median)([row[name] for row in rows]))
        for name in rows[0]
    }
    return SpeechAgreement(len(rows), **summary)


def predict(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """The regressor's coordinates of the lower face (T, ...) for a whole recording."""
    regressor = Regressor()
    return np.concatenate([regressor.append(listen(pcm).mel), regressor.finish()])


def correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson's r; 0 where one of the two stands still."""
    a, b = a - a.mean(), b - b.mean()
    sizes = [float(np.sqrt((x**2).sum())) for x in (a, b)]
    return float((a * b).sum()) / (sizes[0] * sizes[1]) if min(sizes) > _STILL else 0.0


def _opening(talk: Talk, lower: NDArray[np.floating], basis: Basis) -> NDArray[np.float64]:
    moved = np.tensordot(lower, basis.dynamics[basis.lower], 1)
    return face.mouth_opening(moved + talk.neutral)
