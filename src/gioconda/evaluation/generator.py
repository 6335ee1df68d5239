"""What a generator's motion is worth: lips, naturalness, silence, long roll-outs, seeds.

Each figure stands beside that of real clips and of other generators, and that of the lips
beside the same generator's for another clip's sound.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.data.phones import TOUCHES
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.evaluation.frechet import motion_distance
from gioconda.evaluation.judge import SHIFTS, SyncJudge
from gioconda.evaluation.lips import Said, closure_threshold, compare_lips, count_closures
from gioconda.evaluation.naturalness import LONG, Part, behaviour, spread_of
from gioconda.evaluation.silence import evaluate_long, evaluate_silence
from gioconda.evaluation.takes import Maker, Take, generate, in_pieces, read_takes
from gioconda.face.basis import Basis, released_basis
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.motion import Motion

SEEDS: Final = 4  # that each long clip's sound is spoken with
_PIECES: Final = (160, 641, 4000)  # samples

_Report = Callable[[int, int], None]


def evaluate_generator(
    held_out: list[Clip],
    others: list[Clip],
    makers: Mapping[str, Maker],
    sentences: Sequence[Utterance] = (),
    report: _Report = lambda done, total: None,
) -> dict[str, Any]:
    """All figures, see docs/evaluation.md for how each is defined.

    Args:
        held_out: clips of people that nothing was learned from; the generators hear these.
        others: clips of other people: with the held-out ones they say how people move and what
            a closure of the lips is, for held-out ones alone are too few.
        makers: generators by name; the first is also given other clips' sound, as "shuffled".
        sentences: spoken by machines, with exact times of phones: more p, b, m than the clips
            have, though no real lips.
        report: called with steps done and steps in all.

    Returns:
        `people` and `takes` that were heard; `long minutes` of real speech of 4 s and more
        without a break, and of how many `long people`; `threshold` of closures and
        `touch threshold` of f and v in percent; and by column, and in it by figure: `lips`,
        `judge` (the score by frames of shift), `closures`, `spoken closures`, `spoken touches`
        (its `real` are those of all clips), `naturalness`, `frechet`, `silence`, `long`, `seeds`.

    Raises:
        GiocondaError: if fewer than two held-out clips have speech.
    """
    basis = released_basis()
    total = 3 + 5 * len(makers)
    steps = iter(range(1, total + 1))
    takes = read_takes(held_out, basis)
    report(next(steps), total)
    all_takes = takes + (read_takes(others, basis) if others else [])
    report(next(steps), total)
    spoken = [take for take in takes if len(take.spoken)]
    if len(spoken) < 2:
        raise GiocondaError(f"{len(spoken)} held-out clips have speech; at least 2 are needed")
    known = _said(all_takes, [take.spoken for take in all_takes])
    threshold = closure_threshold(known, basis)
    touch = closure_threshold(known, basis, TOUCHES)
    real = [
        Part(take.person, take.spoken, take.neutral)
        for take in all_takes
        if len(take.spoken) >= LONG and take.seen[take.speech].all()
    ]
    long = [take for take in spoken if len(take.spoken) >= LONG]
    result: dict[str, Any] = {
        "people": len({take.person for take in spoken}),
        "takes": len(spoken),
        "long people": len({part.person for part in real}),
        "long minutes": sum(len(part.motion) for part in real) / FPS / 60,
        "threshold": None if threshold is None else 100 * threshold,
        "touch threshold": None if touch is None else 100 * touch,
        "lips": {},
        "judge": {"real": judged(spoken, [take.spoken for take in spoken], basis)},
        "closures": {},
        "spoken closures": {},
        "spoken touches": {},
        "naturalness": {},
        "frechet": {},
        "silence": {},
        "long": {},
        "seeds": {},
    }
    if threshold is not None:
        tracked = [take.spoken for take in spoken]
        result["closures"]["real"] = count_closures(_said(spoken, tracked), threshold, basis)
    if touch is not None and sentences:
        result["spoken touches"]["real"] = count_closures(known, touch, basis, TOUCHES)
    if real:
        result["naturalness"]["real"] = behaviour(real, basis)
        result["naturalness"]["interval"] = spread_of(real, basis)
    report(next(steps), total)
    for name, make in makers.items():
        made = [generate(make, take.pcm) for take in spoken]
        columns = {name: made}
        if name == next(iter(makers)):
            columns["shuffled"] = shuffled(spoken, made)
        for column, motions in columns.items():
            result["lips"][column] = compare_lips(spoken, motions, basis)
            result["judge"][column] = judged(spoken, motions, basis)
            if threshold is not None:
                found = count_closures(_said(spoken, motions), threshold, basis)
                result["closures"][column] = found
        if threshold is not None and touch is not None and sentences:
            said = [
                Said(generate(make, sentence.pcm), basis.mean, sentence.phones)
                for sentence in sentences
            ]
            result["spoken closures"][name] = count_closures(said, threshold, basis)
            result["spoken touches"][name] = count_closures(said, touch, basis, TOUCHES)
        report(next(steps), total)
        if long and real:
            parts = [
                Part(take.person, generate(make, take.pcm, seed), take.neutral)
                for take in long
                for seed in range(SEEDS)
            ]
            result["naturalness"][name] = behaviour(parts, basis)
            result["frechet"][name] = motion_distance(real, parts)
        report(next(steps), total)
        result["silence"][name] = evaluate_silence(make, basis)
        report(next(steps), total)
        sounds = [take.pcm for take in (long or spoken)]
        result["long"][name] = evaluate_long(make, sounds, basis)
        report(next(steps), total)
        result["seeds"][name] = evaluate_seeds(make, max(sounds, key=len))
        report(next(steps), total)
    return result


def evaluate_steps(
    held_out: list[Clip],
    others: list[Clip],
    makers: Mapping[str, Maker],
    report: _Report = lambda done, total: None,
) -> dict[str, dict[str, float]]:
    """How people-like the movement of each generator is, against `real`.

    Args:
        held_out: clips of people that nothing was learned from.
        others: clips of other people; with the held-out ones they say how people move.
        makers: generators by name.
        report: called with steps done and steps in all.

    Returns:
        By column, see `behaviour`; and `frechet`, see `motion_distance`.
    """
    basis = released_basis()
    takes = read_takes(held_out, basis)
    long = [take for take in takes if len(take.spoken) >= LONG]
    real = [
        Part(take.person, take.spoken, take.neutral)
        for take in takes + read_takes(others, basis)
        if len(take.spoken) >= LONG and take.seen[take.speech].all()
    ]
    if not long or not real:
        raise GiocondaError(f"no held-out clip has {LONG / FPS:g} seconds of speech")
    result = {"real": behaviour(real, basis)}
    for i, (name, make) in enumerate(makers.items()):
        report(i, len(makers))
        made = [Part(take.person, generate(make, take.pcm), take.neutral) for take in long]
        result[name] = behaviour(made, basis) | {"frechet": motion_distance(real, made)["made"]}
    return result


def _said(takes: Sequence[Take], motions: Sequence[Motion]) -> list[Said]:
    """Takes whose phones are known."""
    return [
        Said(motion, take.neutral, take.phones)
        for take, motion in zip(takes, motions, strict=True)
        if take.phones
    ]


def judged(takes: Sequence[Take], motions: Sequence[Motion], basis: Basis) -> dict[str, float]:
    """The sync judge's score, mean over takes, by how many frames the sound is moved."""
    judge = SyncJudge()
    scores = [
        judge.scores(take.pcm, motion.dynamics[:, basis.lower])
        for take, motion in zip(takes, motions, strict=True)
    ]
    return dict(zip(map(str, SHIFTS), np.mean(scores, 0).tolist(), strict=True))


def shuffled(takes: Sequence[Take], made: Sequence[Motion]) -> list[Motion]:
    """For each take the motion made of another's sound, repeated to its length."""
    found = []
    for i, take in enumerate(takes):
        other = made[(i + len(takes) // 2) % len(takes)]
        frames = np.arange(len(take.spoken)) % len(other)
        found.append(Motion(other.pose[frames], other.dynamics[frames], other.basis))
    return found


def evaluate_seeds(make: Maker, pcm: NDArray[np.float32]) -> dict[str, float]:
    """Does the seed decide the motion, and nothing else?

    Args:
        make: the generator.
        pcm: (samples,) speech; its first ten seconds count.

    Returns:
        Largest differences of any value of pose or dynamics: `two seeds`, which should not be
        0; `one seed`, between two runs, which should be; `pieces`, between sound given at
        once and in pieces of 160, 641 and 4000 samples, which should be 0 too.
    """
    sound = pcm[: 10 * SAMPLE_RATE]
    first = generate(make, sound, 1)
    pieces = [_difference(first, in_pieces(make, sound, size, 1)) for size in _PIECES]
    return {
        "two seeds": _difference(first, generate(make, sound, 2)),
        "one seed": _difference(first, generate(make, sound, 1)),
        "pieces": max(pieces),
    }


def _difference(a: Motion, b: Motion) -> float:
    if len(a) != len(b):
        return float("inf")
    return float(
        max(np.abs(a.pose - b.pose).max(initial=0), np.abs(a.dynamics - b.dynamics).max(initial=0))
    )
