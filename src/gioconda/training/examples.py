"""Examples: clips and their copies, in the network's units."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.people import for_judge
from gioconda.data.phones import Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.voices import another
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.bank import MIRRORED_POSE
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import Conditions, speech_condition
from gioconda.speech import listen
from gioconda.speech.encoder import hear, load_encoder
from gioconda.training.disturber import Disturber
from gioconda.training.steps import Report, reported
from gioconda.training.targets import mirror_of, resampled, smooth

_AMPLITUDE: Final = 1.3  # at most so far from the median, as a logarithm
_ARTICULATION: Final = 0.9
_PARTING: Final = 0.7
_APART: Final = 0.015  # inter-ocular distances, from which lips are apart
_LEAST_SPEECH: Final = 20  # frames
_CERTAIN: Final = 40.0  # frames that count as much as all else of the person


@dataclass(frozen=True)
class Example:
    """T frames of a clip, or of a copy of it whose sound and speed are changed.

    Attributes:
        motion: (T, 6 + D) pose in the network's units, and dynamics: `Channels`, then the lips.
        mirrored: (T, 6 + D) the same in a mirror.
        conditions: (T, 263) as in `Conditions`; 0 where nothing was measured.
        own: (T,) where the sound is speech of this face.
        manner: as in `gioconda.generator.lips`.
        neutral_gap: between the lips of the neutral face.
        lips: whether they may be learned.
        person: who it is.
        phones: that are spoken, times in seconds from the first frame; empty if not known.
    """

    motion: NDArray[np.float32]
    mirrored: NDArray[np.float32]
    conditions: NDArray[np.float32]
    own: NDArray[np.bool_]
    manner: tuple[float, float]
    neutral_gap: float
    lips: bool
    person: str
    phones: tuple[Phone, ...]

    def __len__(self) -> int:
        return len(self.motion)


Copies = list[Example]
"""A clip as it is, and its copies."""


def read_examples(
    performances: list[Performance],
    copies: int,
    disturber: Disturber,
    calibration: Calibration,
    report: Report,
) -> tuple[list[Copies], list[Copies]]:
    """The long clips, and the short ones.

    Args:
        performances: of training clips.
        copies: of each clip with speech, by another voice every other time, and disturbed.
        disturber: of the copies.
        calibration: whose units the network learns in.
        report: called with how much is done.

    Raises:
        GiocondaError: if there is no clip.
    """
    rng, basis = np.random.default_rng(0), released_basis()
    maker = _Maker(calibration, basis)
    amplitudes = _log_ratios(performances, _head_speed, _AMPLITUDE)
    articulations = _log_ratios(performances, lambda one: lip_motion(one, basis), _ARTICULATION)
    partings = _log_ratios(performances, lambda one: lip_parting(one, basis), _PARTING)
    long: list[Copies] = []
    short: list[Copies] = []
    for one in reported(performances, "hearing clips", report):
        if for_judge(one.clip.person) and not one.long:
            continue
        name = one.clip.name
        manner = articulations.get(name, 0.0), partings.get(name, 0.0)
        levels = amplitudes.get(name, 0.0), manner
        made = [maker.make(one, one.pcm, 1.0, *levels)]
        for k in range(copies if one.own.any() else 0):
            pcm, speed = another(one.pcm, rng) if k % 2 else (one.pcm, 1.0)
            made.append(maker.make(one, disturber(pcm, rng), speed, *levels))
        (long if one.long else short).append(made)
    if not long and not short:
        raise GiocondaError("no clip can be used; make a set with gioconda prepare")
    return long, short


def chances(clips: list[Copies], size: Callable[[Example], float]) -> NDArray[np.float64]:
    """How often each clip is chosen: by its size, and a person's by the root of their frames."""
    frames: dict[str, int] = defaultdict(int)
    for original, *_ in clips:
        frames[original.person] += len(original)
    chance = np.array([size(one) / frames[one.person] ** 0.5 for one, *_ in clips])
    return np.asarray(chance / chance.sum())


def lip_motion(one: Performance, basis: Basis) -> float | None:
    """How far the lips move in speech: the geometric mean of the standard deviations of opening,
    width and advance, in inter-ocular distances; None if there is too little speech."""
    if one.own.sum() < _LEAST_SPEECH:
        return None
    faces = _speaking(one, basis)
    moves = measure.mouth_opening(faces), measure.lip_width(faces), measure.lip_advance(faces)
    return float(np.exp(np.log([one.std() + 1e-3 for one in moves]).mean()))


def lip_parting(one: Performance, basis: Basis) -> float | None:
    """How far the lips are apart in speech, where they are: the median, inter-ocular distances."""
    opening = measure.mouth_opening(_speaking(one, basis)) if one.own.any() else np.empty(0)
    apart = opening[opening > _APART]
    return float(np.median(apart)) if len(apart) >= _LEAST_SPEECH else None


def _speaking(one: Performance, basis: Basis) -> NDArray[np.float32]:
    """Faces (T, 478, 3) of the frames of own speech, without the jitter of their tracking."""
    dynamics = one.motion.dynamics.copy()
    dynamics[:, basis.lower] = smooth(dynamics[:, basis.lower])
    return basis.rebuild(dynamics[one.own], one.neutral)


def _head_speed(one: Performance) -> float | None:
    return float(np.abs(np.diff(one.motion.pose[:, :3], axis=0)).mean()) if one.long else None


def _log_ratios(
    performances: Iterable[Performance],
    size: Callable[[Performance], float | None],
    most: float,
) -> dict[str, float]:
    """By clip: a size against the median of people, as a logarithm.

    A short clip tells little, so its person's median counts, too.
    """
    sizes = {one.clip.name: size(one) for one in performances}
    people: dict[str, list[float]] = defaultdict(list)
    for one in performances:
        if (found := sizes[one.clip.name]) is not None:
            people[one.clip.person].append(float(np.log(found)))
    persons = {person: float(np.median(of_one)) for person, of_one in people.items()}
    usual = float(np.median(list(persons.values()) or [0.0]))
    levels = {}
    for one in performances:
        if (found := sizes[one.clip.name]) is not None:
            sure = len(one) / (len(one) + _CERTAIN)
            level = sure * np.log(found) + (1 - sure) * persons[one.clip.person] - usual
            levels[one.clip.name] = float(np.clip(level, -most, most))
    return levels


class _Maker:
    def __init__(self, calibration: Calibration, basis: Basis) -> None:
        self._encoder, self._basis = load_encoder(), basis
        self._pose_scale = np.array(calibration.pose_scale, np.float32)
        self._gaze_scale = calibration.gaze_scale
        self._mirror = mirror_of(basis, basis.expressive.start)[0].astype(np.float32)

    def make(
        self,
        one: Performance,
        pcm: NDArray[np.float32],
        speed: float,
        amplitude: float,
        manner: tuple[float, float],
    ) -> Example:
        """A clip at another speed, with the sound at that speed; all levels as logarithms."""
        speech = listen(pcm)
        features = speech_condition(hear(speech.mel, self._encoder), speech.loudness)
        at = np.arange(0, len(one) - 1, speed)[: len(features)]
        nearest = np.round(at).astype(int)
        # pose and lips without the jitter of their tracking; lids are too quick for that
        pose = smooth(smooth(one.motion.pose)) / self._pose_scale
        dynamics = one.motion.dynamics[:, : self._basis.expressive.start].copy()
        dynamics[:, self._basis.lower] = smooth(dynamics[:, self._basis.lower])
        mirrored = np.concatenate([pose * MIRRORED_POSE, dynamics @ self._mirror], 1)
        conditions = np.zeros((len(at), Conditions.COUNT), np.float32)
        conditions[:, Conditions.SPEECH] = features[: len(at)]
        conditions[:, Conditions.GAZE] = np.nan_to_num(one.gaze[nearest] / self._gaze_scale)
        conditions[:, Conditions.AMPLITUDE] = amplitude + np.log(speed)
        conditions[:, Conditions.BLINKS] = one.blinking[nearest]
        return Example(
            resampled(np.concatenate([pose, dynamics], 1), at),
            resampled(mirrored, at),
            conditions,
            one.own[nearest],
            manner,
            float(measure.lip_gap(one.neutral)),
            not for_judge(one.clip.person),
            one.clip.person,
            tuple(Phone(p.name, p.start / speed, p.end / speed) for p in one.phones),
        )
