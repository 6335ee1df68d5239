"""Finished videos of several systems, judged alike; real video is one of them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import isnan, nan
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.errors import GiocondaError
from gioconda.evaluation.film_pictures import features
from gioconda.evaluation.film_scores import FilmScores, Judges, score_film
from gioconda.evaluation.films import Film, Place, read_film
from gioconda.evaluation.head_judge import LEAST as HEAD
from gioconda.evaluation.lips import SpokenMotion, closure_threshold, lips
from gioconda.evaluation.lips import least_openings as openings
from gioconda.evaluation.naturalness import MotionDistance, PersonMotion, motion_distance
from gioconda.evaluation.picture_features import PictureDistance, picture_distance
from gioconda.evaluation.results import Report, counted, silent, to_json
from gioconda.evaluation.silence import SHUT
from gioconda.evaluation.spoken_phones import spoken_phones
from gioconda.face.basis import released_basis
from gioconda.media import FPS, read_audio
from gioconda.media.files import whole_file
from gioconda.motion import Motion

REAL: Final = "real"
_T = TypeVar("_T")

Places = Mapping[str, Mapping[str, Place]]
"""Of each system, its videos by name."""


@dataclass(frozen=True)
class Scored:
    """One video of one system, measured.

    Attributes:
        name, person: of the video.
        scores: all but the share of phones in which lips meet.
        motion: what was tracked.
        neutral: (478, 3) the face that moves.
        features: (N, 1280) of some pictures; N is 0 where nobody looked.
    """

    name: str
    person: str
    scores: FilmScores
    motion: Motion
    neutral: NDArray[np.float32]
    features: NDArray[np.float32]

    def save(self, file: Path) -> None:
        """Write it to an .npz, whole or not at all."""
        told = json.dumps([self.name, self.person, self.motion.basis, to_json(self.scores)])
        with whole_file(file, (".npz",)) as partial:
            np.savez(
                partial,
                told=np.array(told),
                pose=self.motion.pose,
                dynamics=self.motion.dynamics,
                neutral=self.neutral,
                features=self.features,
            )

    @staticmethod
    def load(file: Path) -> "Scored":
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            name, person, basis, scores = json.loads(str(kept["told"]))
            motion = Motion(kept["pose"], kept["dynamics"], basis)
            return Scored(
                name, person, scores_of(scores), motion, kept["neutral"], kept["features"]
            )


def scores_of(told: Mapping[str, float | None]) -> FilmScores:
    """Scores that JSON had."""
    return FilmScores(**{key: nan if value is None else value for key, value in told.items()})


@dataclass(frozen=True)
class Clip:
    """One video's figures, for who compares."""

    person: str
    scores: FilmScores


@dataclass(frozen=True)
class System:
    """All of one system: means over people of the means over their videos."""

    people: int
    scores: FilmScores
    motion: MotionDistance | None  # None for few people or real motion itself
    pictures: PictureDistance | None
    clips: dict[str, Clip] = field(default_factory=dict)


@dataclass(frozen=True)
class VideosResult:
    """Systems by name, the real videos first if there are any; who judged, and who did not."""

    phones: str  # by whom they were found
    threshold: float  # opening up to which lips meet, % of the inter-ocular distance
    missing: list[str]
    systems: dict[str, System]


def evaluate_videos(
    places: Places, judges: Judges, keep: Path | None = None, report: Report = silent
) -> VideosResult:
    """Judge finished videos.

    Args:
        places: systems; the one called `REAL` is what the others are held against.
        judges: who judges.
        keep: a folder in which every video's figures are kept, and found again by the next run.
        report: called with videos done and videos in all.

    Raises:
        GiocondaError: if a video cannot be read, or shows no face.
    """
    names = dict.fromkeys(name for found in places.values() for name in found)
    steps = [(name, system) for name in names for system in places if name in places[system]]
    scored: dict[str, dict[str, Scored]] = {system: {} for system in places}
    real: Film | None = None
    for name, system in counted(steps, report):
        file = keep / f"{system}-{name}-{_digest(places[system][name])}.npz" if keep else None
        if file and file.is_file():
            scored[system][name] = Scored.load(file)
            continue
        true = places.get(REAL, {}).get(name)
        if true and (real is None or real.name != name):
            real = read_film(true)
        place = places[system][name]
        if system == REAL and real:
            found = score(real, judges)
        else:
            found = score(read_film(place), judges, real if true else None)
        scored[system][name] = found
        if file:
            found.save(file)
    voices = {name: found[name] for found in reversed([*places.values()]) for name in found}
    phones, by = _phones(voices, keep)
    missing = [*judges.missing]
    if judges.head and all(
        isnan(one.scores.head_voice) for of in scored.values() for one in of.values()
    ):
        missing.append(
            f"the head judge speaks of videos of {HEAD // FPS} s and more; none is so long"
        )
    return summarise(scored, phones, by, missing)


def _digest(place: Place) -> str:
    """Of a video's file: what is kept of it is of no other."""
    return hashlib.sha256(place.video.read_bytes()).hexdigest()[:16]


def score(seen: Film, judges: Judges, real: Film | None = None) -> Scored:
    """The figures of one video, held against the real one of the same voice if there is one."""
    scores = score_film(seen, judges, real)
    shown = features(seen, judges.features) if judges.features else np.empty((0, 0), np.float32)
    return Scored(seen.name, seen.person, scores, seen.motion, seen.neutral, shown)


def _phones(voices: Mapping[str, Place], keep: Path | None) -> tuple[dict[str, list[Phone]], str]:
    """The phones of each voice, and by whom they were found."""
    found, by = {}, set[str]()
    for name, place in voices.items():
        file = keep / f"{name}.phones.json" if keep else None
        if file and file.is_file():
            who, told = json.loads(file.read_text())
            found[name] = [Phone(*each) for each in told]
        else:
            found[name], who = spoken_phones(read_audio(place.voice), place.text)
            if file:
                with whole_file(file, (".json",)) as partial:
                    told = [[one.name, one.start, one.end] for one in found[name]]
                    partial.write_text(json.dumps([who, told]))
        by |= {who} - {""}
    return found, " and ".join(sorted(by)) or "nobody"


# --- all videos of a system ---


def summarise(
    scored: Mapping[str, Mapping[str, Scored]],
    phones: Mapping[str, Sequence[Phone]],
    by: str = "",
    missing: Sequence[str] = (),
) -> VideosResult:
    """The systems' figures from those of their videos."""
    basis, true = released_basis(), scored.get(REAL, {})
    spoken = {
        system: {
            name: SpokenMotion(one.motion, one.neutral, phones.get(name, ()))
            for name, one in found.items()
        }
        for system, found in scored.items()
    }
    known = list(spoken[REAL].values()) if true else []
    level = (closure_threshold(known, basis) if known else None) or SHUT
    systems = {}
    for system, found in scored.items():
        clips = {
            name: Clip(one.person, _with_contacts(one.scores, spoken[system][name], level))
            for name, one in sorted(found.items())
        }
        others = list(found.values())
        systems[system] = System(
            people=len({clip.person for clip in clips.values()}),
            scores=mean_scores(list(clips.values())),
            motion=_motion(true, others) if true and system != REAL else None,
            pictures=_pictures(true, others) if true and system != REAL else None,
            clips=clips,
        )
    return VideosResult(by, 100 * level, list(missing), systems)


def _with_contacts(scores: FilmScores, spoken: SpokenMotion, level: float) -> FilmScores:
    opening = lips(spoken.motion, spoken.neutral, released_basis()).opening
    closed, vowels = (np.array(found) for found in openings(opening, spoken.phones))
    met = 100 * float((closed <= level).mean()) if len(closed) else nan
    shut = scores.portrait <= 100 * level
    return replace(
        scores,
        met=met,
        met_shut=met if shut else nan,
        met_open=nan if shut else met,
        vowels_met=100 * float((vowels <= level).mean()) if len(vowels) else nan,
    )


def mean_scores(clips: Sequence[Clip]) -> FilmScores:
    """Means over people of the means over their videos, of the figures that are known."""
    return FilmScores(
        **{each.name: mean_of(values_by_person(clips, each.name)) for each in fields(FilmScores)}
    )


def values_by_person(clips: Sequence[Clip], name: str) -> dict[str, float]:
    """Each person's mean of a figure, over the videos of which it is known."""
    found: dict[str, list[float]] = defaultdict(list)
    for clip in clips:
        if not isnan(value := getattr(clip.scores, name)):
            found[clip.person].append(value)
    return {person: float(np.mean(values)) for person, values in sorted(found.items())}


def mean_of(values: Mapping[str, float]) -> float:
    """Their mean; NaN if there are none."""
    return float(np.mean(list(values.values()))) if values else nan


def _motion(real: Mapping[str, Scored], made: Sequence[Scored]) -> MotionDistance | None:
    def parts(found: Sequence[Scored]) -> list[PersonMotion]:
        return [PersonMotion(one.person, one.motion, one.neutral) for one in found]

    return _or_none(lambda: motion_distance(parts(list(real.values())), parts(made)))


def _pictures(real: Mapping[str, Scored], made: Sequence[Scored]) -> PictureDistance | None:
    people: dict[str, list[Any]] = defaultdict(list)
    for one in real.values():
        people[one.person].append(one.features)
    groups = {person: np.concatenate(rows) for person, rows in people.items()}
    if not all(one.features.size for one in [*real.values(), *made]):
        return None
    return _or_none(lambda: picture_distance(groups, [one.features for one in made]))


def _or_none(measured: Callable[[], _T]) -> _T | None:
    """A distance, or None where there are too few people or pictures for one."""
    try:
        return measured()
    except (GiocondaError, ValueError):
        return None
