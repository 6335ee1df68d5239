"""Do lips still follow speech while a face shows an emotion?

    python benchmarks/emotion_lips.py DATA [--cache DIR] [--clips N]

Speaks held-out clips neutrally and with each emotion at strength 1, which comes in a second of
silence before, and holds the lips against those that were tracked, as `gioconda evaluate generator`
does: medians of r, best lag, and in how many p, b, m and in how many vowels the lips meet, %.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Controls
from gioconda.data.clips import read_clips
from gioconda.evaluation.generator import with_phones
from gioconda.evaluation.lips import closure_threshold, compare_lips, count_closures
from gioconda.evaluation.trials import Trial, read_trials
from gioconda.face.basis import released_basis
from gioconda.generator import Generator
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.motion import Motion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "gioconda")
    parser.add_argument("--clips", type=int, default=40, help="the longest; as many of each person")
    args = parser.parse_args()
    basis = released_basis()
    trials = chosen(read_trials(read_clips(args.data, "val", args.cache), basis), args.clips)
    print(f"{len(trials)} clips of {len({trial.person for trial in trials})} people")
    print(
        f"{'':11}{'opening':>9}{'of neutral':>12}{'width':>9}{'lag':>8}{'p, b, m':>9}{'vowels':>9}"
    )
    real = with_phones(trials, [trial.spoken for trial in trials])
    threshold = closure_threshold(real, basis) or 0.0
    usual = float("nan")
    for name in ("neutral", *EMOTIONS):
        controls = Controls(emotion={} if name == "neutral" else {name: 1})
        made = [spoken(controls, trial.pcm) for trial in trials]
        found = compare_lips(trials, made, basis)
        usual = found.opening if name == "neutral" else usual
        contacts = count_closures(with_phones(trials, made), threshold, basis)
        print(
            f"{name:11}{found.opening:9.3f}{found.opening / usual:12.2f}{found.width:9.3f}"
            f"{found.lag:8.2f}{contacts.met:9.0f}{contacts.vowels_met:9.0f}"
        )


def chosen(trials: list[Trial], count: int) -> list[Trial]:
    """The longest of each person in turn, so that all people count alike."""
    people: dict[str, list[Trial]] = defaultdict(list)
    for trial in sorted(trials, key=lambda trial: -len(trial.spoken)):
        if len(trial.spoken):
            people[trial.person].append(trial)
    ranked = sorted(
        (
            (rank, trial.name, trial)
            for group in people.values()
            for rank, trial in enumerate(group)
        ),
        key=lambda one: one[:2],
    )
    return [trial for _, _, trial in ranked[:count]]


def spoken(controls: Controls, pcm: NDArray[np.float32]) -> Motion:
    generator = Generator(0, controls)
    before = np.zeros(SAMPLE_RATE, np.float32)
    return Motion.joined([generator.append(np.concatenate([before, pcm])), generator.finish()])[
        FPS:
    ]


if __name__ == "__main__":
    main()
