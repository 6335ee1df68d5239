"""What a generator's motion is worth: lips, movement, silence, long runs, seeds.

Each figure stands beside that of real clips and of other generators, and that of the lips
beside the same generator's for another clip's sound. docs/evaluation.md defines them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.phones import TOUCHES
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.evaluation.judge import SHIFTS, SyncJudge
from gioconda.evaluation.lips import (
    Contacts,
    LipAgreement,
    SpokenMotion,
    closure_threshold,
    compare_lips,
    count_closures,
)
from gioconda.evaluation.naturalness import (
    LONG,
    MotionDistance,
    Movement,
    PersonMotion,
    measure_movement,
    motion_distance,
    movement_interval,
)
from gioconda.evaluation.results import Report, counted, counter, measure, silent
from gioconda.evaluation.silence import Drift, MouthAtRest, evaluate_long, evaluate_silence
from gioconda.evaluation.trials import Maker, Trial, generate, in_pieces, read_trials
from gioconda.face.basis import Basis, released_basis
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.motion import Motion

SEEDS: Final = 4  # that each long clip's sound is spoken with
REAL, SHUFFLED = "real", "shuffled"  # columns beside the generators
_PIECES: Final = (160, 641, 4000)  # samples


@dataclass(frozen=True)
class SeedDifferences:
    """Largest differences of any value of pose or dynamics; all but the first should be 0."""

    two_seeds: float = measure("two seeds differ by", form=".2g")
    one_seed: float = measure("one seed differs from itself by", form=".2g")
    pieces: float = measure("sound in pieces differs by", form=".2g")  # from sound given at once


@dataclass(frozen=True)
class Scores:
    """Figures of real motion, of a generator, or of shuffled sound; None where there are none."""

    sync: dict[int, float]  # the sync judge's mean score, by the frames that the sound is moved
    lips: LipAgreement | None = None
    closures: Contacts | None = None  # p, b and m in clips
    spoken_closures: Contacts | None = None  # in spoken sentences
    spoken_touches: Contacts | None = None  # f and v in these; of real motion, in all clips
    movement: Movement | None = None  # in long stretches of speech
    distance: MotionDistance | None = None
    silence: dict[str, MouthAtRest] = field(default_factory=dict)  # by sound without a voice
    drift: dict[str, Drift] = field(default_factory=dict)  # over ten minutes, by quantity
    seeds: SeedDifferences | None = None


@dataclass(frozen=True)
class GeneratorResult:
    """All figures of generated motion, by column: real, the generators by name, shuffled.

    The thresholds are the openings up to which the lips meet in p, b and m, and are near the teeth
    in f and v, in percent of the inter-ocular distance; None where no phones are known.
    """

    people: int
    trials: int
    long_people: int  # in real speech of 4 s and more without a break
    long_minutes: float
    closure_threshold: float | None
    touch_threshold: float | None
    movement_interval: tuple[Movement, Movement] | None  # 95 % of the real movement
    columns: dict[str, Scores]


@dataclass(frozen=True)
class StepScores:
    """Movement, and its Fréchet distance to the real one."""

    movement: Movement
    distance: float | None = None


@dataclass(frozen=True)
class _Material:
    """What generators are measured against."""

    basis: Basis
    judge: SyncJudge
    trials: list[Trial]  # held-out clips with speech
    real: list[PersonMotion]  # long stretches of speech of all people
    known: list[SpokenMotion]  # real motion of all people whose phones are known
    sentences: Sequence[Utterance]  # spoken by machines
    closure: float | None  # thresholds, in inter-ocular distances
    touch: float | None

    @property
    def long(self) -> list[Trial]:
        return [trial for trial in self.trials if len(trial.spoken) >= LONG]

    @property
    def sounds(self) -> list[NDArray[np.float32]]:
        return [trial.pcm for trial in (self.long or self.trials)]


def evaluate_generator(
    held_out: list[Clip],
    others: list[Clip],
    makers: Mapping[str, Maker],
    sentences: Sequence[Utterance] = (),
    report: Report = silent,
    judge: SyncJudge | None = None,
) -> GeneratorResult:
    """All figures of some generators.

    Args:
        held_out: clips of people that nothing was learned from; the generators hear these.
        others: clips of other people: with the held-out ones they say how people move and what
            a closure of the lips is, for held-out ones alone are too few.
        makers: generators by name; the first is also given other clips' sound, as "shuffled".
        sentences: spoken by machines, with exact times of phones: more p, b, m than the clips
            have, though no real lips.
        report: called with steps done and steps in all.
        judge: scores lips against sound; by default the released one.

    Raises:
        GiocondaError: if fewer than two held-out clips have speech.
    """
    done = counter(3 + 5 * len(makers), report)
    material = _read(held_out, others, sentences, judge or SyncJudge(), done)
    columns = {REAL: _real_scores(material)}
    interval = movement_interval(material.real, material.basis) if material.real else None
    done()
    shuffled = None
    for name, make in makers.items():
        made = [generate(make, trial.pcm) for trial in material.trials]
        columns[name] = _scores(make, made, material, done)
        shuffled = shuffled or _lip_scores(shuffle(material.trials, made), material)
    if shuffled:
        columns[SHUFFLED] = shuffled
    return GeneratorResult(
        people=len({trial.person for trial in material.trials}),
        trials=len(material.trials),
        long_people=len({one.person for one in material.real}),
        long_minutes=sum(len(one.motion) for one in material.real) / FPS / 60,
        closure_threshold=None if material.closure is None else 100 * material.closure,
        touch_threshold=None if material.touch is None else 100 * material.touch,
        movement_interval=interval,
        columns=columns,
    )


def _read(
    held_out: list[Clip],
    others: list[Clip],
    sentences: Sequence[Utterance],
    judge: SyncJudge,
    done: Callable[[], None],
) -> _Material:
    basis = released_basis()
    trials = read_trials(held_out, basis)
    done()
    everyone = trials + (read_trials(others, basis) if others else [])
    done()
    with_speech = [trial for trial in trials if len(trial.spoken)]
    if len(with_speech) < 2:
        raise GiocondaError(f"{len(with_speech)} held-out clips have speech; at least 2 are needed")
    known = with_phones(everyone, [trial.spoken for trial in everyone])
    closure = closure_threshold(known, basis)
    touch = closure_threshold(known, basis, TOUCHES)
    real = long_speech(everyone)
    return _Material(basis, judge, with_speech, real, known, sentences, closure, touch)


def _real_scores(material: _Material) -> Scores:
    basis, tracked = material.basis, [trial.spoken for trial in material.trials]
    touches = None
    if material.touch is not None and material.sentences:
        touches = count_closures(material.known, material.touch, basis, TOUCHES)
    return Scores(
        sync=sync_scores(material.judge, material.trials, tracked, basis),
        closures=_closures(tracked, material),
        spoken_touches=touches,
        movement=measure_movement(material.real, basis) if material.real else None,
    )


def _lip_scores(motions: Sequence[Motion], material: _Material) -> Scores:
    """How far the motion of each trial goes with its sound."""
    return Scores(
        sync=sync_scores(material.judge, material.trials, motions, material.basis),
        lips=compare_lips(material.trials, motions, material.basis),
        closures=_closures(motions, material),
    )


def _closures(motions: Sequence[Motion], material: _Material) -> Contacts | None:
    if material.closure is None:
        return None
    spoken = with_phones(material.trials, motions)
    return count_closures(spoken, material.closure, material.basis)


def _scores(
    make: Maker, made: Sequence[Motion], material: _Material, done: Callable[[], None]
) -> Scores:
    """All of one generator; `made` is its motion for each trial."""
    basis = material.basis
    scores = _spoken_scores(make, _lip_scores(made, material), material)
    done()
    if material.long and material.real:
        motions = [
            PersonMotion(trial.person, generate(make, trial.pcm, seed), trial.neutral)
            for trial in material.long
            for seed in range(SEEDS)
        ]
        scores = replace(
            scores,
            movement=measure_movement(motions, basis),
            distance=motion_distance(material.real, motions),
        )
    done()
    scores = replace(scores, silence=evaluate_silence(make, basis))
    done()
    scores = replace(scores, drift=evaluate_long(make, material.sounds, basis))
    done()
    scores = replace(scores, seeds=evaluate_seeds(make, max(material.sounds, key=len)))
    done()
    return scores


def _spoken_scores(make: Maker, scores: Scores, material: _Material) -> Scores:
    """With the closures in spoken sentences."""
    if material.closure is None or material.touch is None or not material.sentences:
        return scores
    motions = [
        SpokenMotion(generate(make, sentence.pcm), material.basis.mean, sentence.phones)
        for sentence in material.sentences
    ]
    return replace(
        scores,
        spoken_closures=count_closures(motions, material.closure, material.basis),
        spoken_touches=count_closures(motions, material.touch, material.basis, TOUCHES),
    )


def evaluate_steps(
    held_out: list[Clip], others: list[Clip], makers: Mapping[str, Maker], report: Report = silent
) -> dict[str, StepScores]:
    """How people-like the movement of each generator is, against "real".

    Args:
        held_out: clips of people that nothing was learned from.
        others: clips of other people; with the held-out ones they say how people move.
        makers: generators by name.
        report: called with steps done and steps in all.
    """
    basis = released_basis()
    trials = read_trials(held_out, basis)
    long = [trial for trial in trials if len(trial.spoken) >= LONG]
    real = long_speech(trials + read_trials(others, basis))
    if not long or not real:
        raise GiocondaError(f"no held-out clip has {LONG / FPS:g} seconds of speech")
    result = {REAL: StepScores(measure_movement(real, basis))}
    for name, make in counted(makers.items(), report):
        made = [PersonMotion(one.person, generate(make, one.pcm), one.neutral) for one in long]
        distance = motion_distance(real, made).made
        result[name] = StepScores(measure_movement(made, basis), distance)
    return result


def long_speech(trials: Sequence[Trial]) -> list[PersonMotion]:
    """Real speech of 4 s and more without a break, the face in view."""
    return [
        PersonMotion(trial.person, trial.spoken, trial.neutral)
        for trial in trials
        if len(trial.spoken) >= LONG and trial.seen[trial.speech].all()
    ]


def with_phones(trials: Sequence[Trial], motions: Sequence[Motion]) -> list[SpokenMotion]:
    """Motions of the trials whose phones are known."""
    return [
        SpokenMotion(motion, trial.neutral, trial.phones)
        for trial, motion in zip(trials, motions, strict=True)
        if trial.phones
    ]


def sync_scores(
    judge: SyncJudge, trials: Sequence[Trial], motions: Sequence[Motion], basis: Basis
) -> dict[int, float]:
    """The sync judge's score, mean over trials, by how many frames the sound is moved."""
    scores = [
        judge.scores(trial.pcm, motion.dynamics[:, basis.lower])
        for trial, motion in zip(trials, motions, strict=True)
    ]
    return dict(zip(SHIFTS, np.mean(scores, 0).tolist(), strict=True))


def shuffle(trials: Sequence[Trial], made: Sequence[Motion]) -> list[Motion]:
    """For each trial the motion generated from another's sound, repeated to its length."""
    found = []
    for i, trial in enumerate(trials):
        other = made[(i + len(trials) // 2) % len(trials)]
        frames = np.arange(len(trial.spoken)) % len(other)
        found.append(Motion(other.pose[frames], other.dynamics[frames], other.basis))
    return found


def evaluate_seeds(make: Maker, pcm: NDArray[np.float32]) -> SeedDifferences:
    """Does the seed decide the motion, and nothing else?

    Args:
        make: the generator.
        pcm: (samples,) speech; its first ten seconds count.
    """
    sound = pcm[: 10 * SAMPLE_RATE]
    first = generate(make, sound, 1)
    pieces = [_difference(first, in_pieces(make, sound, size, 1)) for size in _PIECES]
    return SeedDifferences(
        two_seeds=_difference(first, generate(make, sound, 2)),
        one_seed=_difference(first, generate(make, sound, 1)),
        pieces=max(pieces),
    )


def _difference(a: Motion, b: Motion) -> float:
    if len(a) != len(b):
        return float("inf")
    return float(
        max(np.abs(a.pose - b.pose).max(initial=0), np.abs(a.dynamics - b.dynamics).max(initial=0))
    )
