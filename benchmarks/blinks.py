"""How far lids go in blinks, as the tracker reads them off clips, for `gioconda.face.lids`.

    python benchmarks/blinks.py DATA --cache DIR

Prints quantiles, over blinks of the training split, of the part of their way that lids have gone
at the height of a blink.
"""

import argparse
from pathlib import Path

import numpy as np

from gioconda.data.clips import read_clips
from gioconda.data.videos.blinks import blinks
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.face.measure import lid_gap

EVERY = 6  # one clip in so many
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    args = parser.parse_args()
    basis = released_basis()
    heights = []
    for clip in read_clips(args.data, "train", args.cache)[::EVERY]:
        track = clip.track()
        if len(track.points) < 50 or track.seen.mean() < 0.95:
            continue
        neutral = basis.identify(track.points[::10])
        _, dynamics = basis.pose(track.points, neutral)
        shut = -dynamics @ lid_gap(basis.dynamics) / lid_gap(neutral)
        lids = measure.lid_opening(basis.rebuild(dynamics, neutral))
        heights += [shut[blink.lowest] for blink in blinks(lids, track.seen)]
    shown = ", ".join(f"{q:g}: {np.quantile(heights, q):.2f}" for q in QUANTILES)
    print(f"{len(heights)} blinks, {shown}")


if __name__ == "__main__":
    main()
