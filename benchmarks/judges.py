"""What judges of motion are worth by the length of a clip and by how they measure, on real motion.

    python benchmarks/judges.py DATA --cache DIR --split train val --known no
    python benchmarks/judges.py DATA --cache DIR --split train

*Head judge*: in how many stretches of so many seconds a head's own voice scores higher than other
people's, in clips of 8 s and more; half is chance. `--known no` leaves out whom it learned from.
Of 3 s also by shorter windows joined, and less what each sound scores with other people's heads.
*Lips pop*: in how many places a frame that is replaced by the one of ten frames before raises the
largest value, of all places and of those where that moves the lips by 3 % of the eye distance and
more. A person counts once; intervals by bootstrap over people.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip, read_clips
from gioconda.data.people import for_judge
from gioconda.data.samples.prosody import prosody
from gioconda.evaluation.bootstrap import interval
from gioconda.evaluation.film_scores import out_of_place
from gioconda.evaluation.head_judge import HeadJudge, released_head_judge
from gioconda.evaluation.trials import Trial, read_trials
from gioconda.evaluation.windows import HOP, WINDOW
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.media import FPS

SECONDS = (3, 4, 5, 6, 8)
LONG = max(SECONDS) * FPS
WINDOWS = (WINDOW, 50, 30)  # frames
PLACES, AGO, EACH = 6, 10, 4  # places of a clip, frames before, clips of a person
MOVED = 0.03

Lips = NDArray[np.float64]
Rows = dict[str, list[float]]


def third_difference(lips: Lips) -> Lips:
    return np.asarray(np.linalg.norm(np.diff(lips, 3, axis=0), axis=-1).mean(1))


def halfway(lips: Lips) -> Lips:
    off, way = lips[1:-1] - (lips[:-2] + lips[2:]) / 2, lips[2:] - lips[:-2]
    return np.asarray(
        np.linalg.norm(off, axis=-1).mean(1) - np.linalg.norm(way, axis=-1).mean(1) / 2
    )


MEASURES: dict[str, Callable[[Lips], Lips]] = {
    "third differences": third_difference,
    "off halfway": halfway,
    "off the cubic": out_of_place,
}


def mean(rows: Rows) -> str:
    found = interval({person: 100 * float(np.mean(values)) for person, values in rows.items()})
    return f"{found.mean:.0f} % [{found.low:.0f}, {found.high:.0f}] of {len(rows)} people"


def heads(trials: Sequence[Trial], judge: HeadJudge) -> None:
    sounds = {one.name: prosody(one.pcm)[: len(one.spoken)] for one in trials}

    def score(one: Trial, other: Trial, starts: Sequence[int]) -> float:
        pose = np.stack([one.spoken.pose[at : at + WINDOW] for at in starts])
        sound = np.stack([sounds[other.name][at : at + WINDOW] for at in starts])
        return float(np.diag(judge.scores(pose, sound)).mean())

    for seconds in SECONDS:
        frames = seconds * FPS
        rows: Rows = defaultdict(list)
        for one in trials:
            others = [other for other in trials if other.person != one.person]
            for first in range(0, LONG - frames + 1, FPS):
                starts = range(first, first + frames - WINDOW + 1, HOP)
                own = score(one, one, starts)
                wins = [own > score(one, other, starts) for other in others]
                rows[one.person].append(float(np.mean(wins)))
        print(f"head judge, {seconds} s: {mean(rows)}")


def joined(trials: Sequence[Trial], judge: HeadJudge) -> None:
    people = np.array([one.person for one in trials])
    others = people[:, None] != people
    pose = np.stack([one.spoken.pose[:WINDOW] for one in trials])
    sound = np.stack([prosody(one.pcm)[:WINDOW] for one in trials])
    for frames in WINDOWS:
        parts = [slice(at, at + frames) for at in range(0, WINDOW - frames + 1, 5)]
        scores = np.sum([judge.scores(pose[:, part], sound[:, part]) for part in parts], axis=0)
        usual = (scores * others).sum(0) / others.sum(0)
        for how, found in (("", scores), (", less the sound's mean", scores - usual)):
            rows: Rows = defaultdict(list)
            for i, person in enumerate(people):
                rows[person].append(float((found[i, i] > found[i, others[i]]).mean()))
            print(f"head judge, 3 s by windows of {frames} frames{how}: {mean(rows)}")


def pops(trials: Sequence[Trial]) -> None:
    basis = released_basis()
    rows: dict[tuple[str, bool], Rows] = defaultdict(lambda: defaultdict(list))
    for one in trials:
        faces = basis.rebuild(one.spoken.dynamics, one.neutral)
        lips = faces[:, topology.LIPS, :2].astype(np.float64)
        for at in np.linspace(AGO + 2, len(lips) - 4, PLACES).astype(int):
            spoiled = lips.copy()
            spoiled[at] = lips[at - AGO]
            moved = np.linalg.norm(spoiled[at] - lips[at], axis=-1).mean() >= MOVED
            for name, measure in MEASURES.items():
                higher = float(measure(spoiled).max() > measure(lips).max())
                rows[name, False][one.person].append(higher)
                if moved:
                    rows[name, True][one.person].append(higher)
    for (name, moved), found in rows.items():
        print(f"lips pop, {name}, {'plain ones' if moved else 'all'}: {mean(found)}")


def long_ones(
    people: Mapping[str, Sequence[Clip]], frames: int, each: int | None = None
) -> list[Trial]:
    """With so many frames of speech in a run, at most so many of a person."""
    clips: list[Clip] = []
    for found in people.values():
        clips += [one for one in found if one.heard()["own"].sum() >= frames][:each]
    trials = read_trials(clips, released_basis()) if clips else []
    return [one for one in trials if len(one.spoken) >= frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", nargs="+", default=["val"])
    parser.add_argument("--known", choices=("yes", "no"), default="yes")
    args = parser.parse_args()
    people: dict[str, list[Clip]] = defaultdict(list)
    for split in args.split:
        for one in read_clips(args.data, split, args.cache):
            if one.speech and (args.known == "yes" or not for_judge(one.person)):
                people[one.person].append(one)
    some = [one for clips in people.values() for one in clips[:EACH]]
    pops([one for one in read_trials(some, released_basis()) if len(one.spoken) >= 2 * FPS])
    trials, short = long_ones(people, LONG), long_ones(people, WINDOW, EACH)
    file = released_head_judge()
    if file and len({one.person for one in trials}) > 1:
        heads(trials, HeadJudge(file))
        joined(short, HeadJudge(file))


if __name__ == "__main__":
    main()
