"""The colours of faces in clips, as the renderer's calibration has them (`face_colours`).

    python benchmarks/face_colours.py DATA --cache DIR

Prints red, green and blue of the middle of faces against their mean, over clips of the training
split, one frame each.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from gioconda.data.clips import read_clips
from gioconda.face.basis import released_basis
from gioconda.renderer.conditions import Conditions
from gioconda.renderer.light import middle
from gioconda.renderer.reenactor import portrait_of

SIDE = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=100)
    args = parser.parse_args()
    clips = read_clips(args.data, "train", args.cache)
    found = []
    for i in np.random.default_rng(0).permutation(len(clips))[: args.clips]:
        track = clips[i].track()
        at = int(np.argmax(track.seen))
        frame = next(islice(clips[i].frames(), at, None))
        neutral = released_basis().identify(track.points[at : at + 1])
        portrait = portrait_of(frame, track.points[at], neutral, SIDE)
        picture = Conditions(portrait, SIDE).encoder.picture
        colours = picture[middle(SIDE)].mean((0, 1))
        found.append(colours / colours.mean())
    shown = ", ".join(f"{value:.2f}" for value in np.mean(found, 0))
    spread = ", ".join(f"{value:.2f}" for value in np.std(found, 0))
    print(f"{len(found)} clips: {shown}, spread {spread}")


if __name__ == "__main__":
    main()
