"""How much of open mouths is teeth and tongue: of heads, which is known, and as it is told.

    python benchmarks/mouth_parts.py HEADSET --cache DIR --split val

HEADSET is what `gioconda prepare --heads` made. Rows are openings in inter-ocular distances; of
each part the share of the mouth that it takes, known and told, and how much of both is shared.
"""

import argparse
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from gioconda.data.clips import Clip, read_clips
from gioconda.data.heads.clips import PARTS, parts_of
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.geometry import masks
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.reenactor import Reenactor, portrait_of
from gioconda.renderer.warper import WarpedFrame

SIDE = 256
EACH = 6  # frames from one that is measured to the next
LEAST = 60  # pixels between the lips
OPENINGS = (0.0, 0.05, 0.12, 0.25, 1.0)


def told_inside(mouth: GeometricMouth, frame: WarpedFrame, seen: SeenFace) -> np.ndarray:
    """What is where inside the view's mouth."""
    centre = seen.view.points(frame.head.centre[None])[0]
    scale = float(np.linalg.norm(seen.view.matrix[0, :2]))
    head = replace(frame.head, centre=centre, size=scale * frame.head.size, roll=0.0)
    return mouth.interior.maps(seen.mesh, head, mouth.pose(frame), (SIDE, SIDE))


def measure(clip: Clip) -> list[list[float]]:
    """Of each frame: the opening, then known share, told share and intersection over union of
    each part."""
    parts, track = parts_of(clip.measures()), clip.track()
    assert parts is not None, f"{clip.name} is not of a head"
    points = smooth(track.points, track.seen)
    neutral = released_basis().identify(points[::3])
    portrait = portrait_of(next(islice(clip.frames(), 1)), points[0], neutral, SIDE)
    reenactor, mouth = Reenactor(portrait, points[0], neutral), GeometricMouth(portrait)
    rows = []
    for i in range(EACH, len(points), EACH):
        frame = reenactor.warp(points[i])
        seen = SeenFace.of(frame.head, frame.mesh, SIDE)
        inside = masks(seen.mesh, SIDE, SIDE)[0] / 255
        if inside.sum() < LEAST:
            continue
        told = told_inside(mouth, frame, seen)[: len(PARTS)] / 255
        picture = np.ascontiguousarray(255 * parts[i].transpose(1, 2, 0).astype(np.uint8))
        known = reenactor.on_clip(seen.view).cut(picture).transpose(2, 0, 1) / 255 * inside
        both, either = np.minimum(told, known), np.maximum(told, known)
        shares = [one.sum((1, 2)) / inside.sum() for one in (known, told)]
        shared = both.sum((1, 2)) / np.maximum(either.sum((1, 2)), 1)
        gap = float(frame.mesh[14, 1] - frame.mesh[13, 1]) / frame.head.size
        rows.append([gap, *np.stack([*shares, shared], 1).ravel()])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    args = parser.parse_args()
    found = np.array([r for c in read_clips(args.data, args.split, args.cache) for r in measure(c)])
    print("opening, frames: known, told, shared of", ", ".join(PARTS))
    for low, high in pairwise(OPENINGS):
        rows = found[(found[:, 0] >= low) & (found[:, 0] < high), 1:]
        if len(rows):
            cells = ["{:.2f} {:.2f} {:.2f}".format(*part) for part in rows.mean(0).reshape(-1, 3)]
            print(f"{low:.2f} to {high:.2f}, {len(rows)}: {'; '.join(cells)}")


if __name__ == "__main__":
    main()
