"""How well the regressor's mouth follows speech, on people it has not seen."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.regressor import Regressor
from gioconda.media import FPS
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES

# By how many frames the sound comes after its picture, by family; 0 where nothing is said.
# Found with `gioconda evaluate lags` on the training clips, GRID taken as exact, each family's
# figure moved by a frame where its curve is flat. Three families have a single clip with speech.
SOUND_LATE: Final = {
    "edtalk": 2,
    "imtalker": 2,
    "latentsync": 1,
    "lrcar": 2,
    "real3dportrait": 3,
    "sadtalker": 1,
    "sparsesync": 3,
    "talking-face-pc-av": 1,
    "thin-plate-spline-": 3,
    "video-retalking": 1,
}
_LEAST_SEEN = 0.9
_LEAST_SECONDS = 1.0
_LEAST_MOVEMENT = 0.005  # standard deviation of the mouth opening, in inter-ocular distances


@dataclass(frozen=True)
class Talk:
    """A clip of someone who talks, sound and picture brought together.

    Attributes:
        clip: where it comes from.
        pcm: (640 T,) the sound, 16 kHz mono.
        neutral: (478, 3) the person's neutral face.
        dynamics: (T, D) what the face does, in the released basis.
    """

    clip: Clip
    pcm: NDArray[np.float32]
    neutral: NDArray[np.float32]
    dynamics: NDArray[np.float32]


def read_talk(clip: Clip, basis: Basis, late: int | None = None) -> Talk | None:
    """A clip's sound and motion in step; None if the clip does not serve.

    That is a clip without speech, shorter than a second, or with the face often lost.

    Args:
        clip: the clip.
        basis: in which the motion is told.
        late: by how many frames the sound comes after the picture; by default its family's.
    """
    if not clip.speech:
        return None
    track = clip.track()
    if track.seen.mean() < _LEAST_SEEN:
        return None
    if late is None:
        late = SOUND_LATE.get(clip.family, 0)
    pcm = clip.audio()
    pcm = np.concatenate([np.zeros(max(0, -late) * SAMPLES, np.float32), pcm])
    pcm = pcm[max(0, late) * SAMPLES :]
    frames = min(len(pcm) // SAMPLES, len(track.points))
    if frames < _LEAST_SECONDS * FPS:
        return None
    neutral = basis.identify(track.points[track.seen])
    _, dynamics = basis.pose(track.points[:frames], neutral)
    return Talk(clip, pcm[: frames * SAMPLES], neutral, dynamics)


def evaluate_speech(
    clips: list[Clip], report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, float]:
    """Predicted against tracked mouth opening: Pearson's r by clip, its median over clips.

    Clips of a second and more with speech count, where the mouth moves at all. The figures of
    a predictor that hears only the loudness and of the regressor that hears another clip's
    sound stand beside it.

    Args:
        clips: of people that the regressor was not trained on.
        report: called with clips done and clips in all.

    Returns:
        `clips`, the number of clips counted; `regressor`, `loudness` and `shuffled`, the
        medians of r; `gap_error`, the mean difference of the openings, and `gap`, the mean of
        the tracked openings, both in percent of the inter-ocular distance; `spread`, the median
        ratio of the standard deviations, predicted to tracked.

    Raises:
        GiocondaError: if fewer than two clips serve.
    """
    basis = released_basis()
    talks = []
    for i, clip in enumerate(clips):
        talk = read_talk(clip, basis)
        if talk is not None and tracked_opening(talk, basis).std() > _LEAST_MOVEMENT:
            talks.append(talk)
        report(i + 1, len(clips))
    if len(talks) < 2:
        raise GiocondaError(f"{len(talks)} of {len(clips)} clips serve; at least 2 are needed")
    predicted = [predict(talk.pcm) for talk in talks]
    rows = []
    for i, talk in enumerate(talks):
        opening = tracked_opening(talk, basis)
        found = _opening(talk, predicted[i], basis)
        other = predicted[(i + len(talks) // 2) % len(talks)]
        repeats = -(-len(opening) // len(other))
        wrong = _opening(talk, np.tile(other, (repeats, 1))[: len(opening)], basis)
        rows.append(
            {
                "regressor": correlation(found, opening),
                "loudness": correlation(listen(talk.pcm).loudness, opening),
                "shuffled": correlation(wrong, opening),
                "gap_error": 100 * float(np.abs(found - opening).mean()),
                "gap": 100 * float(opening.mean()),
                "spread": float(found.std() / opening.std()),
            }
        )
    means = ("gap_error", "gap")
    result = {"clips": float(len(rows))}
    for name in rows[0]:
        values = [row[name] for row in rows]
        result[name] = float(np.mean(values) if name in means else np.median(values))
    return result


def sound_lags(clips: list[Clip]) -> dict[str, int]:
    """By how many frames each family's sound comes after its picture, as the clips have it.

    The lag, from -3 to 5 frames, at which the regressor's mouth opening goes best with the
    tracked one: the largest mean of r over the family's clips.
    """
    basis = released_basis()
    lags = range(-3, 6)
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for clip in clips:
        talk = read_talk(clip, basis, late=0)
        if talk is None:
            continue
        seen = tracked_opening(talk, basis)
        heard = _opening(talk, predict(talk.pcm), basis)
        shifts = [(max(lag, 0), max(-lag, 0)) for lag in lags]
        end = len(seen)
        rows[clip.family].append(
            [
                correlation(heard[late : end - early], seen[early : end - late])
                for late, early in shifts
            ]
        )
    return {family: lags[int(np.mean(found, 0).argmax())] for family, found in rows.items()}


def predict(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """The regressor's coordinates of the lower face (T, ...) for a whole recording."""
    regressor = Regressor()
    return np.concatenate([regressor.append(listen(pcm).mel), regressor.finish()])


def tracked_opening(talk: Talk, basis: Basis) -> NDArray[np.float64]:
    """Mouth opening (T,) as it was seen."""
    return _opening(talk, talk.dynamics[:, basis.lower], basis)


def correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson's r; 0 where one of the two stands still."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _opening(talk: Talk, lower: NDArray[np.floating], basis: Basis) -> NDArray[np.float64]:
    moved = np.tensordot(lower, basis.dynamics[basis.lower], 1)
    return measure.mouth_opening(moved + talk.neutral)
