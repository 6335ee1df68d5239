"""How far lids go in blinks, as the tracker reads them off clips, for `gioconda.face.lids`.

    python benchmarks/blinks.py DATA --cache DIR

Prints quantiles, over blinks of the training split, of the part of their way that lids have gone
at the height of a blink.
"""

import argparse
from pathlib import Path

import numpy as np

from gioconda.data.clips import read_clips
from gioconda.face.basis import released_basis
from gioconda.face.lids import gap

EVERY = 6  # one clip in so many
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
NEAR = 6  # frames to both sides within which the lids are open again


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
        shut = -dynamics @ gap(basis.dynamics) / gap(neutral)
        for i in range(NEAR, len(shut) - NEAR):
            before, after = shut[i - NEAR : i], shut[i + 1 : i + 1 + NEAR]
            highest = shut[i] > max(before[-2:].max(), after[:2].max())
            if highest and shut[i] > 0.45 and max(before.min(), after.min()) < 0.2:
                heights.append(shut[i])
    shown = ", ".join(f"{q:g}: {np.quantile(heights, q):.2f}" for q in QUANTILES)
    print(f"{len(heights)} blinks, {shown}")


if __name__ == "__main__":
    main()
