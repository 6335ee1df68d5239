"""What tells covered mouths from those that are seen (`gioconda/face/cover.py`).

    python benchmarks/covered_mouths.py PICTURES
    python benchmarks/covered_mouths.py PICTURES --set SET --cache DIR

Prints the signs of each picture's faces, and with --set of a frame of each person in both splits,
the plainest mouths first; then how many are taken for covered.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import read_clips
from gioconda.errors import GiocondaError
from gioconda.face.cover import mouth_signs
from gioconda.face.finder import find_face, find_faces
from gioconda.media import read_image

Found = tuple[str, NDArray[np.uint8], NDArray[np.float32]]


def in_pictures(folder: Path) -> Iterator[Found]:
    """Every face that can be animated: the picture's name, the picture, the mesh."""
    for path in sorted(folder.iterdir()):
        try:
            picture = read_image(path)
        except GiocondaError:
            continue
        for number in range(1, len(find_faces(picture)) + 1):
            try:
                yield path.name, picture, find_face(picture, number, anyway=True).points
            except GiocondaError as error:
                print(f"{path.name}: {error}")


def in_set(data: Path, cache: Path) -> Iterator[Found]:
    """The first frame in which each person's face was seen."""
    people = set()
    for split in ("train", "val"):
        for clip in read_clips(data, split, cache):
            if clip.person in people:
                continue
            people.add(clip.person)
            track = clip.track()
            at = int(np.argmax(track.seen))
            yield clip.name, next(islice(clip.frames(), at, None)), track.points[at]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--set", type=Path)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    faces = list(in_pictures(args.pictures))
    if args.set:
        faces += in_set(args.set, args.cache)
    signs = [(mouth_signs(picture, points), name) for name, picture, points in faces]
    print(f"{'seen':>6} {'off':>5} {'unlike':>6}")
    for one, name in sorted(signs, key=lambda item: item[0].seen):
        verdict = "  COVERED" if one.covered else ""
        print(f"{one.seen:6.1f} {one.off:5.2f} {one.unlike:6.1f}  {name}{verdict}")
    print(f"{len(signs)} faces, {sum(one.covered for one, _ in signs)} of them covered")


if __name__ == "__main__":
    main()
