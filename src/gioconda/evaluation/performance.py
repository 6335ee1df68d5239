"""Figures by which a generator's performance is judged: does it act as people who speak do?

`generator.py` asks whether motion is natural, and follows the sound; this asks how far it goes:
how wide, round and open the lips are, by phone as well, how much brows, lids and head move, and
whether they listen. docs/evaluation.md defines the figures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np

from gioconda.controls import Controls
from gioconda.data.clips import Clip
from gioconda.data.phones import CLOSURES, TOUCHES
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.evaluation.articulation import (
    Articulation,
    Compared,
    LowLids,
    articulation,
    as_worn,
    by_family,
    compared,
    low_lids,
    usual_lids,
)
from gioconda.evaluation.brow_movement import BrowMovement, brow_movement
from gioconda.evaluation.generator import REAL, long_speech, shuffle, with_phones
from gioconda.evaluation.head_judge import HeadJudge, released_head_judge
from gioconda.evaluation.head_movement import (
    HeadMovement,
    Likeness,
    head_interval,
    head_movement,
    ratio,
    voice_likeness,
)
from gioconda.evaluation.head_voice import HeadVoice, VoicedMotion, head_voice, with_other_sound
from gioconda.evaluation.lips import (
    Contacts,
    LipAgreement,
    SpokenMotion,
    closure_threshold,
    compare_lips,
    count_closures,
)
from gioconda.evaluation.naturalness import LONG, PersonMotion, measure_movement
from gioconda.evaluation.results import Report, counter, silent
from gioconda.evaluation.shapes import Order, Shape, order, shapes
from gioconda.evaluation.trials import Maker, Trial, generate, read_trials
from gioconda.evaluation.windows import WINDOW
from gioconda.face.basis import Basis, released_basis
from gioconda.generator import Generator
from gioconda.media import FPS
from gioconda.motion import Motion

CLIPS, SENTENCES = "clips", "spoken sentences"
_MOST_DIAL: Final = 2.0  # of articulation and amplitude
OWN, OTHER = "own sound", "another's sound"
_MOST: Final = 60  # clips of a family, which are spread over its people
_SEEDS: Final = (2, 10)  # that a long clip's sound is spoken with, at least and at most
_ENOUGH: Final = 8 * 60 * FPS  # frames of long clips, all seeds together: some 190 blinks
_Take = list[tuple[Trial, Motion]]  # motions of one seed
_CONTACTS: Final = {"p, b, m": CLOSURES, "f, v": TOUCHES}


@dataclass(frozen=True)
class Performance:
    """Figures of real motion, of a generator, or of a generator that hears other clips' sound."""

    articulation: dict[str, Compared[Articulation]] = field(default_factory=dict)  # by family
    own_level: dict[str, Compared[Articulation]] = field(default_factory=dict)  # see `_own_level`
    lids: dict[str, LowLids] = field(default_factory=dict)  # by family
    shapes: dict[str, dict[str, Shape]] = field(default_factory=dict)  # of clips, of sentences
    order: dict[str, Order] = field(default_factory=dict)  # of these, against real clips
    contacts: dict[str, dict[str, Contacts]] = field(default_factory=dict)  # of these, by sounds
    lips: LipAgreement | None = None
    lips_by_family: dict[str, LipAgreement] = field(default_factory=dict)
    head: Compared[HeadMovement] | None = None  # in long stretches of speech
    brows: Compared[BrowMovement] | None = None  # in these
    blinks: float | None = None  # a minute, in these
    head_voice: dict[str, HeadVoice] = field(default_factory=dict)  # own sound, another's
    likeness: dict[str, Likeness] = field(default_factory=dict)  # of two voices, of two seeds


@dataclass(frozen=True)
class PerformanceResult:
    """All figures, by column: real, the generators by name, the first with other clips' sound."""

    people: int
    families: dict[str, int]  # held-out clips with speech
    long_people: int  # of all splits, in real speech of 4 s and more without a break
    head_interval: tuple[HeadMovement, HeadMovement] | None  # 95 % of the real one
    columns: dict[str, Performance]


@dataclass(frozen=True)
class _Material:
    """What generators are measured against."""

    basis: Basis
    trials: list[Trial]  # held-out clips with speech
    long: list[PersonMotion]  # real, of all people
    known: list[SpokenMotion]  # real, of all people
    sentences: Sequence[Utterance]
    thresholds: dict[str, float]  # openings up to which lips meet, by sounds
    usual: dict[str, float]  # lids, by person
    judge: HeadJudge | None

    @property
    def families(self) -> dict[str, list[int]]:
        return by_family(self.trials)


def evaluate_performance(
    held_out: list[Clip],
    others: list[Clip],
    makers: Mapping[str, Maker],
    sentences: Sequence[Utterance] = (),
    report: Report = silent,
) -> PerformanceResult:
    """All figures of some generators.

    Args:
        held_out: clips of people that nothing was learned from; the generators hear these.
        others: clips of other people: with the held-out ones they say how heads move and which
            shapes the mouth takes in each phone.
        makers: generators by name; the first is also given other clips' sound.
        sentences: spoken by machines, with exact times of phones.
        report: called with steps done and steps in all.

    Raises:
        GiocondaError: if fewer than two held-out clips have speech.
    """
    done = counter(1 + 4 * len(makers), report)
    material = _read(held_out, others, sentences)
    columns = {REAL: _real(material)}
    done()
    shuffled: dict[str, Performance] = {}
    for name, make in makers.items():
        made = [generate(make, trial.pcm) for trial in material.trials]
        columns[name] = _performance(make, made, material, done)
        if not shuffled:
            other = shuffle(material.trials, made)
            shuffled[f"{name}, other sound"] = Performance(**_lip_figures(other, material))
    return PerformanceResult(
        people=len({trial.person for trial in material.trials}),
        families={name: len(rows) for name, rows in material.families.items()},
        long_people=len({one.person for one in material.long}),
        head_interval=head_interval(material.long) if material.long else None,
        columns=columns | shuffled,
    )


def _read(held_out: list[Clip], others: list[Clip], sentences: Sequence[Utterance]) -> _Material:
    basis = released_basis()
    trials = read_trials(held_out, basis)
    everyone = trials + (read_trials(others, basis) if others else [])
    with_speech = _spread([trial for trial in trials if len(trial.spoken)])
    if len(with_speech) < 2:
        raise GiocondaError(f"{len(with_speech)} held-out clips have speech; at least 2 are needed")
    known = with_phones(everyone, [trial.spoken for trial in everyone])
    thresholds = {
        name: level
        for name, sounds in _CONTACTS.items()
        if (level := closure_threshold(known, basis, sounds)) is not None
    }
    usual = usual_lids(with_speech, basis)
    model = released_head_judge()
    judge = HeadJudge(model) if model else None
    return _Material(
        basis, with_speech, long_speech(everyone), known, sentences, thresholds, usual, judge
    )


def _spread(trials: Sequence[Trial]) -> list[Trial]:
    """At most 60 trials of each family, evenly spread: more of few people would tell no more."""
    kept = []
    for rows in by_family(trials).values():
        at = np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).round().astype(int)
        kept += [rows[i] for i in at]
    return [trials[i] for i in sorted(kept)]


def _real(material: _Material) -> Performance:
    real = [trial.spoken for trial in material.trials]
    found = [articulation(trial.spoken, trial.neutral, material.basis) for trial in material.trials]
    return Performance(
        articulation={
            name: compared([found[i] for i in rows]) for name, rows in material.families.items()
        },
        lids=_lids(real, material),
        shapes={CLIPS: shapes(material.known, material.basis)},
        contacts={CLIPS: _contacts(material.known, material)},
        head=Compared(head_movement(material.long)) if material.long else None,
        brows=Compared(brow_movement(material.long, material.basis)) if material.long else None,
        blinks=_blinks(material.long, material.basis),
        head_voice=_head_voice([_heads(material.trials, real)], material.judge),
    )


def _performance(
    make: Maker, made: Sequence[Motion], material: _Material, done: Callable[[], None]
) -> Performance:
    """All of one generator; `made` is its motion for each trial."""
    basis, trials = material.basis, material.trials
    figures = _lip_figures(made, material)
    pairs = list(zip(made, trials, strict=True))
    found = [articulation(m, t.neutral, basis) for m, t in pairs]
    real = [articulation(trial.spoken, trial.neutral, basis) for trial in trials]
    done()
    spoken = [
        SpokenMotion(generate(make, one.pcm), basis.mean, one.phones) for one in material.sentences
    ]
    for name, part in _phone_figures(spoken, SENTENCES, material).items():
        figures[name] |= part
    done()
    takes = _takes(make, made, trials)
    long = [
        PersonMotion(trial.person, motion, trial.neutral)
        for take in takes
        for trial, motion in take
        if len(motion) >= LONG
    ]
    head = brows = None
    if long and material.long:
        moved, raised = head_movement(long), brow_movement(long, basis)
        head = Compared(moved, ratio(moved, head_movement(material.long)))
        brows = Compared(raised, ratio(raised, brow_movement(material.long, basis)))
    done()
    alike = voice_likeness(make, trials, basis)
    done()
    return Performance(
        **figures,
        articulation=_compared(found, real, material),
        own_level=_compared(_own_level(make, material, found, real), real, material),
        lids=_lids([as_worn(m, t, material.usual, basis) for m, t in pairs], material),
        head=head,
        brows=brows,
        blinks=_blinks(long, basis),
        head_voice=_head_voice(takes, material.judge),
        likeness=alike,
    )


def _compared(
    found: Sequence[Articulation], real: Sequence[Articulation], material: _Material
) -> dict[str, Compared[Articulation]]:
    return {
        name: compared([found[i] for i in rows], [real[i] for i in rows])
        for name, rows in material.families.items()
    }


def _own_level(
    make: Maker, material: _Material, found: Sequence[Articulation], real: Sequence[Articulation]
) -> list[Articulation]:
    """Each trial's motion with the dials where lips and brows move as far as that person's do.

    Args:
        make: the generator.
        material: with the trials.
        found: of its motion with the dials at 1.
        real: of the real motion.
    """
    made = []
    for trial, one, true in zip(material.trials, found, real, strict=True):
        generator = make(0)
        if not isinstance(generator, Generator):
            return list(found)  # it has no dials
        lips, brows = true.lips() / one.lips(), true.brows / max(one.brows, 1e-9)
        generator.controls = Controls(
            articulation=min(lips, _MOST_DIAL), amplitude=min(brows, _MOST_DIAL)
        )
        motion = Motion.joined([generator.append(trial.pcm), generator.finish()])
        made.append(articulation(motion, trial.neutral, material.basis))
    return made


def _lip_figures(made: Sequence[Motion], material: _Material) -> dict[str, Any]:
    """How far the lips of each trial go with its sound."""
    trials, basis = material.trials, material.basis
    by_family = {
        name: compare_lips([trials[i] for i in rows], [made[i] for i in rows], basis)
        for name, rows in material.families.items()
    }
    known = with_phones(trials, made)
    return {
        "lips": compare_lips(trials, made, basis),
        "lips_by_family": by_family,
        **_phone_figures(known, CLIPS, material),
    }


def _phone_figures(
    motions: Sequence[SpokenMotion], where: str, material: _Material
) -> dict[str, dict[str, Any]]:
    """Shapes, their order, and contacts, of motions whose phones are known."""
    if not motions:
        return {"shapes": {}, "order": {}, "contacts": {}}
    found = shapes(motions, material.basis)
    real = shapes(material.known, material.basis)
    return {
        "shapes": {where: found},
        "order": {where: order(found, real)},
        "contacts": {where: _contacts(motions, material)},
    }


def _contacts(motions: Sequence[SpokenMotion], material: _Material) -> dict[str, Contacts]:
    return {
        name: count_closures(motions, level, material.basis, _CONTACTS[name])
        for name, level in material.thresholds.items()
    }


def _takes(make: Maker, made: Sequence[Motion], trials: Sequence[Trial]) -> list[_Take]:
    """What `_heads` keeps, with as many seeds as tell how often eyes blink.

    Args:
        make: the generator.
        made: its motion with the first seed.
        trials: with speech.
    """
    first = _heads(trials, made)
    frames = sum(len(motion) for _, motion in first if len(motion) >= LONG)
    count = int(np.clip(-(-_ENOUGH // max(frames, 1)), *_SEEDS))
    again = [
        [(trial, generate(make, trial.pcm, seed)) for trial, _ in first] for seed in range(1, count)
    ]
    return [first, *again]


def _heads(trials: Sequence[Trial], motions: Sequence[Motion]) -> _Take:
    """Trials of 3 s and more, long enough to tell how a head moves, and their motion."""
    pairs = zip(trials, motions, strict=True)
    return [(trial, motion) for trial, motion in pairs if len(motion) >= WINDOW]


def _head_voice(takes: Sequence[_Take], judge: HeadJudge | None) -> dict[str, HeadVoice]:
    """How the heads move with their own sounds, and with others', in all takes of some trials."""
    found = [[VoicedMotion(trial.person, motion, trial.pcm) for trial, motion in t] for t in takes]
    if len(found[0]) < 2:
        return {}
    return {
        OWN: head_voice(list(chain(*found)), judge),
        OTHER: head_voice(list(chain(*map(with_other_sound, found)))),
    }


def _lids(motions: Sequence[Motion], material: _Material) -> dict[str, LowLids]:
    return {
        name: low_lids(
            [material.trials[i] for i in rows],
            [motions[i] for i in rows],
            material.usual,
            material.basis,
        )
        for name, rows in material.families.items()
    }


def _blinks(motions: Sequence[PersonMotion], basis: Basis) -> float | None:
    return measure_movement(motions, basis).blinks if motions else None
