"""Can the judges be trusted? Real videos against the same ones spoiled: scores must move.

Each spoiling is one that a judge is there to notice: another's sound, sound that comes late, a
still face, another person, blur, a flickering light, a jump.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import nan
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone
from gioconda.errors import GiocondaError
from gioconda.evaluation.faults import Faults
from gioconda.evaluation.film_pictures import PictureScores, features, picture_scores
from gioconda.evaluation.film_scores import Judges, head_figures, lip_figures
from gioconda.evaluation.films import Film, Place, read_film
from gioconda.evaluation.head_judge import LEAST
from gioconda.evaluation.head_voice import VoicedMotion
from gioconda.evaluation.lips import SpokenMotion, closure_threshold, least_openings
from gioconda.evaluation.naturalness import PersonMotion, motion_distance
from gioconda.evaluation.picture_features import picture_distance
from gioconda.evaluation.results import Report, counted, measures, silent
from gioconda.evaluation.silence import SHUT
from gioconda.evaluation.spoiled_faults import try_faults
from gioconda.evaluation.spoken_phones import spoken_phones
from gioconda.evaluation.verdicts import HIGHER, LOWER, Verdict, verdict
from gioconda.face import measure as face
from gioconda.face import topology
from gioconda.media import FPS, read_audio
from gioconda.motion import Motion
from gioconda.portrait import Portrait, make_portrait
from gioconda.speech.features import SAMPLES

_BLUR: Final = 2.0  # pixels of the view
_LIGHT: Final = 4  # levels by which every second frame is lighter
_HELD: Final = 8  # frames for which a picture stands still before it jumps
_AGO: Final = 10  # frames ago, which a frame out of place is from
_SHAKE: Final = 0.003  # inter-ocular distances by which lips are shaken

_Pcm = NDArray[np.float32]
_Opening = NDArray[np.float64]
_Spoken = TypeVar("_Spoken", bound=Film | VoicedMotion)


def evaluate_judges(
    films: Sequence[Film],
    phones: Mapping[str, Sequence[Phone]],
    judges: Judges,
    report: Report = silent,
    heads: Sequence[VoicedMotion] = (),
) -> list[Verdict]:
    """All judges that are there, on real videos and on the same ones spoiled.

    Args:
        films: real ones, of several people.
        phones: spoken in each, by its name.
        judges: who judges.
        report: called with judges done and judges in all.
        heads: more people for the head judge, without pictures.

    Raises:
        GiocondaError: for fewer than two people.
    """
    if len({one.person for one in films}) < 2:
        raise GiocondaError("judging the judges needs videos of at least two people")
    parts: list[Callable[[], Iterator[Verdict]]] = [
        partial(_sync, films, judges),
        partial(_closures, films, phones),
        partial(_head, [*films, *heads], judges),
        partial(_pictures, films, judges),
        partial(_lips, films),
        partial(_distances, films, judges),
        partial(_faults, films),
    ]
    return [found for part in counted(parts, report) for found in part()]


def try_judges(
    places: Mapping[str, Place],
    judges: Judges,
    report: Report = silent,
    heads: Sequence[VoicedMotion] = (),
) -> list[Verdict]:
    """`evaluate_judges` on videos that lie on the disk."""
    films = [read_film(place) for place in places.values()]
    phones = {
        name: spoken_phones(read_audio(one.voice), one.text)[0] for name, one in places.items()
    }
    return evaluate_judges(films, phones, judges, report, heads)


def _others(films: Sequence[_Spoken]) -> list[_Spoken]:
    """For each film one of another person, as far away in the list as can be."""
    found = []
    for i, one in enumerate(films):
        turned = [films[(i + len(films) // 2 + k) % len(films)] for k in range(len(films))]
        found.append(next(other for other in turned if other.person != one.person))
    return found


def _late(pcm: _Pcm, frames: int) -> _Pcm:
    return np.roll(pcm, frames * SAMPLES)


def _moved_sound(frames: int, one: _Spoken, other: _Spoken) -> tuple[Motion, _Pcm]:
    return one.motion, _late(one.pcm, frames)


def _still(motion: Motion) -> Motion:
    pose, dynamics = (
        np.repeat(rows.mean(0, keepdims=True), len(motion), 0)
        for rows in (motion.pose, motion.dynamics)
    )
    return replace(motion, pose=pose, dynamics=dynamics)


def _repeated(motion: Motion, frames: int) -> Motion:
    at = np.arange(frames) % len(motion)
    return Motion(motion.pose[at], motion.dynamics[at], motion.basis)


# --- sound and motion ---


def _sync(films: Sequence[Film], judges: Judges) -> Iterator[Verdict]:
    if judges.sync is None:
        return
    yield from _with_sound(
        "sync judge", films, lambda motion, one, pcm: _lip(motion, one, pcm, judges), (2, 4)
    )


def _lip(motion: Motion, one: Film, pcm: _Pcm, judges: Judges) -> float:
    return lip_figures(motion, one.faces, pcm, judges.sync)["sync"]


def _head(heads: Sequence[Film | VoicedMotion], judges: Judges) -> Iterator[Verdict]:
    long = [one for one in heads if len(one.motion) >= LEAST]
    if judges.head is None or len({one.person for one in long}) < 2:
        return
    yield from _with_sound(
        "head judge",
        long,
        lambda motion, _, pcm: head_figures(motion, pcm, judges.head).get("head_voice", nan),
        (FPS // 2, FPS),
    )


def _with_sound(
    judge: str,
    films: Sequence[_Spoken],
    score: Callable[[Motion, _Spoken, _Pcm], float],
    shifts: Sequence[int],
) -> Iterator[Verdict]:
    """A judge of motion and sound against other sound, late sound, other and no motion."""
    others = _others(films)
    real = [score(one.motion, one, one.pcm) for one in films]
    spoiled: dict[str, Callable[[_Spoken, _Spoken], tuple[Motion, _Pcm]]] = {
        "another's sound": lambda one, other: (one.motion, np.resize(other.pcm, len(one.pcm))),
        "another person's motion": lambda one, other: (
            _repeated(other.motion, len(one.motion)),
            one.pcm,
        ),
        "still": lambda one, other: (_still(one.motion), one.pcm),
    }
    spoiled |= {f"sound {n} frames late": partial(_moved_sound, n) for n in shifts}
    for name, spoil in spoiled.items():
        changed = []
        for one, other in zip(films, others, strict=True):
            motion, pcm = spoil(one, other)
            changed.append(score(motion, one, pcm))
        yield verdict(judge, name, real, changed, LOWER, films)


def _closures(films: Sequence[Film], phones: Mapping[str, Sequence[Phone]]) -> Iterator[Verdict]:
    """The share of p, b, m in which lips meet less that of vowels, of all films together."""
    known = [one for one in films if phones.get(one.name)]
    if len({one.person for one in known}) < 2:
        return
    own = [phones[one.name] for one in known]
    spoken = [
        SpokenMotion(one.motion, one.neutral, told) for one, told in zip(known, own, strict=True)
    ]
    level = closure_threshold(spoken, known[0].basis) or SHUT
    openings = [face.mouth_opening(one.faces) for one in known]
    still = [np.full(len(opening), opening.mean()) for opening in openings]
    real = _met_over_vowels(openings, own, level)
    spoiled: dict[str, tuple[list[_Opening], list[Sequence[Phone]]]] = {
        "another's sound": (openings, [phones[other.name] for other in _others(known)]),
        "sound 4 frames late": (openings, [_phones_late(told, 4 / FPS) for told in own]),
        "still": (still, own),
    }
    for name, (shown, told) in spoiled.items():
        changed = _met_over_vowels(shown, told, level)
        yield verdict("lips meet in p, b, m over vowels, %", name, [real], [changed], LOWER)


def _met_over_vowels(
    openings: Sequence[_Opening], phones: Sequence[Sequence[Phone]], level: float
) -> float:
    found = [least_openings(*each) for each in zip(openings, phones, strict=True)]
    closed, vowels = (np.concatenate(part) for part in zip(*found, strict=True))
    return 100 * float((closed <= level).mean() - (vowels <= level).mean())


def _phones_late(phones: Sequence[Phone], seconds: float) -> list[Phone]:
    return [Phone(one.name, one.start + seconds, one.end + seconds) for one in phones]


def _lips(films: Sequence[Film]) -> Iterator[Verdict]:
    """Trembling in silence, and popping."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[list[float]]] = {"tremble": [[], []], "lip_pop": [[], []]}
    for one in films:
        shaken, misplaced = one.faces.copy(), one.faces.copy()
        shaken[:, topology.LIPS] += rng.normal(0, _SHAKE, (len(one), 1, 3))
        at = _unlike(one.faces)
        misplaced[at] = one.faces[at - _AGO]
        for name, faces in (("tremble", shaken), ("lip_pop", misplaced)):
            for found, shown in zip(rows[name], (one.faces, faces), strict=True):
                figures = lip_figures(one.motion, shown, one.pcm, None)
                found.append(figures.get(name, nan))
    calm, shaking = rows["tremble"]
    yield verdict("lips tremble in silence, % a frame", "shaken", calm, shaking, HIGHER, films)
    smooth, popping = rows["lip_pop"]
    yield verdict("lips pop, %", "a frame of 10 frames ago", smooth, popping, HIGHER, films)


def _unlike(faces: NDArray[np.float32]) -> int:
    """The frame whose lips are least like those of `_AGO` frames before it."""
    lips = faces[:, topology.LIPS]
    change = np.linalg.norm(lips[_AGO:-2] - lips[: -_AGO - 2], axis=-1).mean(1)
    return _AGO + int(np.argmax(change))


# --- pictures ---


def _pictures(films: Sequence[Film], judges: Judges) -> Iterator[Verdict]:
    looks = {"real": _as_it_is, "blurred": _blurred, "lit": _flickering, "jumping": _jumping}
    found: dict[str, list[PictureScores]] = {name: [] for name in looks}
    for one in films:  # one after the other, for pictures take memory
        for name, look in looks.items():
            made = _with_pictures(one, look(one))
            found[name].append(picture_scores(made, one, judges.recogniser))
    real, blur, light, jump = found.values()
    for name in ("sharp_face", "sharp_mouth", "sharp_eyes"):
        label = name.replace("sharp_", "sharpness, ")
        yield verdict(label, "blurred", _field(real, name), _field(blur, name), LOWER, films)
    pair = _field(real, "flicker"), _field(light, "flicker")
    yield verdict("flicker", "every second frame lighter", *pair, HIGHER, films)
    pair = _field(real, "pop"), _field(jump, "pop")
    yield verdict("pop of the mouth", "held 8 frames, then a jump", *pair, HIGHER, films)
    if judges.recogniser:
        known, fogged = _field(real, "identity"), _field(blur, "identity")
        others = [
            picture_scores(one, other, judges.recogniser).identity
            for one, other in zip(films, _others(films), strict=True)
        ]
        yield verdict("identity", "another person", known, others, LOWER, films)
        yield verdict("identity", "blurred", known, fogged, LOWER, films)


def _field(found: Sequence[PictureScores], name: str) -> list[float]:
    return [getattr(one, name) for one in found]


def _with_pictures(one: Film, pictures: list[NDArray[np.uint8]]) -> Film:
    """The same film, tracked as before, with other pictures in the head's view."""
    other = Film(one.name, one.person, one.frames, one.tracked, one.pcm)
    vars(other).update(pictures=pictures, encoded=one.encoded, meshes=one.meshes)
    return other


def _as_it_is(one: Film) -> list[NDArray[np.uint8]]:
    return one.pictures


def _blurred(one: Film) -> list[NDArray[np.uint8]]:
    return [np.asarray(cv2.GaussianBlur(p, (0, 0), _BLUR), np.uint8) for p in one.pictures]


def _flickering(one: Film) -> list[NDArray[np.uint8]]:
    light = [np.uint8(_LIGHT * (i % 2)) for i in range(len(one))]
    return [np.minimum(p, 255 - by) + by for p, by in zip(one.pictures, light, strict=True)]


def _jumping(one: Film) -> list[NDArray[np.uint8]]:
    at = len(one) // 2
    held = slice(at, at + _HELD)
    found = list(one.pictures)
    found[held] = [found[at]] * len(found[held])
    return found


def _faults(films: Sequence[Film]) -> Iterator[Verdict]:
    """On a portrait of each person: the first frame of a video that is one."""
    portraits: dict[str, Portrait] = {}
    shown: list[Film] = []
    for film in films:
        if film.person not in portraits:
            with suppress(GiocondaError):
                portraits[film.person] = make_portrait(film.frames[0])
                shown.append(film)
    labels = {each.name: each.heading for each in measures(Faults)}
    for one in try_faults(list(portraits.values())):
        yield verdict(labels[one.figure], one.spoiled, one.clean, one.changed, HIGHER, shown)


# --- distances ---


def _distances(films: Sequence[Film], judges: Judges) -> Iterator[Verdict]:
    """The floor, real to real motion of other people, against spoiled motion and pictures."""
    real = [PersonMotion(one.person, one.motion, one.neutral) for one in films]
    twice = [replace(one, motion=_larger(one.motion)) for one in real]
    still = [replace(one, motion=_still(one.motion)) for one in real]
    for name, made in (("twice as large", twice), ("still", still)):
        try:
            found = motion_distance(real, made)
        except GiocondaError:
            return
        floor, far = [found.floor], [found.made]
        yield verdict("Fréchet distance of motion", name, floor, far, HIGHER)
    if judges.features is None:
        return
    people: dict[str, list[NDArray[np.float32]]] = {}
    for one in films:
        people.setdefault(one.person, []).append(features(one, judges.features))
    groups = {person: np.concatenate(rows) for person, rows in people.items()}
    blurred = [features(_with_pictures(one, _blurred(one)), judges.features) for one in films]
    try:
        distance = picture_distance(groups, blurred)
    except GiocondaError:
        return
    floor, far = [distance.floor], [distance.made]
    yield verdict("Fréchet distance of pictures", "blurred", floor, far, HIGHER)


def _larger(motion: Motion) -> Motion:
    means = [rows.mean(0) for rows in (motion.pose, motion.dynamics)]
    pose, dynamics = (
        (mean + 2 * (rows - mean)).astype(np.float32)
        for rows, mean in zip((motion.pose, motion.dynamics), means, strict=True)
    )
    return replace(motion, pose=pose, dynamics=dynamics)
