"""Do teeth keep their place on the jaws? Measured on real, sharp clips.

    python benchmarks/teeth_hold.py DATA --cache DIR

Between two frames of a clip, a patch of upper or lower teeth is looked for by correlation; how far
it is found from where `gioconda.evaluation.jaws` says, and from where it would be if it kept
still in the head's view or went with the lips. Only finds without a rival count.
"""

import argparse
from collections import defaultdict
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from gioconda.data.clips import Clip, read_clips
from gioconda.data.samples.scenes import SHARP, eye_distance
from gioconda.evaluation.jaws import Jaws
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.renderer.conditions import SeenFace
from gioconda.renderer.geometry import masks
from gioconda.renderer.view import HeadPlace

SIDE = 256
FRAMES, EVERY, PAIRS = 200, 3, 120  # of a clip
WIDTH, HEIGHT = 28, 10  # of a patch
UNDER = 6  # its middle lies so far inside the lip's rim
REACH = np.array([12, 10])  # searched about the same place at the lip
FOUND, CLEAR, ELSEWHERE = 0.75, 0.1, 4  # least correlation; above any so many pixels away
LIPS = (topology.LIP_INNER_UPPER[3:8], topology.LIP_INNER_LOWER[3:8])


def frames(clip: Clip) -> list[tuple]:
    """Grey, without what is coarse, and mesh, mask and jaws, where the mouth is open."""
    track, basis = clip.track(), released_basis()
    points = smooth(track.points[:FRAMES], track.seen[:FRAMES])
    head, _ = basis.pose(points, basis.identify(points[:: max(1, len(points) // 24)]))
    kept = []
    for i, frame in enumerate(islice(clip.frames(), len(points))):
        if i % EVERY:
            continue
        place = HeadPlace.of(head.at([i]))
        view, mesh = SeenFace.of(place, points[i], SIDE)
        jaws = Jaws.of(place, mesh)
        inside = masks(mesh, SIDE, SIDE)[0]
        if inside.sum() > 255 * 200:
            grey = view.cut(frame).mean(-1).astype(np.float32)
            kept.append((grey - cv2.GaussianBlur(grey, (0, 0), 4), mesh, inside, jaws))
    return kept


def errors(one: tuple, other: tuple, jaw: int) -> dict[str, np.ndarray]:
    """Where the patch was found, less where it was expected, (2,), by expectation."""
    grey, mesh, inside, jaws = one
    lip = mesh[LIPS[jaw]].mean(0)
    left, top = np.rint(lip).astype(int) + [-WIDTH // 2, (UNDER, -UNDER)[jaw] - HEIGHT // 2]
    at = slice(top, top + HEIGHT), slice(left, left + WIDTH)
    if grey[at].std() < 6 or (inside[at] > 200).mean() < 0.85:
        return {}
    moved = other[1][LIPS[jaw]].mean(0) - lip
    corner = np.rint([left, top] + moved).astype(int) - REACH
    end = corner + 2 * REACH + [WIDTH, HEIGHT]
    if (corner < 0).any() or (end > SIDE).any():
        return {}
    match = cv2.matchTemplate(
        other[0][corner[1] : end[1], corner[0] : end[0]], grey[at], cv2.TM_CCOEFF_NORMED
    )
    _, best, _, where = cv2.minMaxLoc(match)
    cv2.circle(match, where, ELSEWHERE, (-1.0,), -1)
    if best < FOUND or match.max() > best - CLEAR:
        return {}
    shift = corner + where - [left, top]
    middle = np.array([left + WIDTH / 2, top + HEIGHT / 2])
    on_jaw = np.linalg.solve(jaws.plane, middle - jaws.middles[jaw])
    expected = other[3].plane @ on_jaw + other[3].middles[jaw] - middle
    return {"jaw": shift - expected, "view": shift, "lip": shift - moved}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=40)
    args = parser.parse_args()
    found = defaultdict(list)
    rng = np.random.default_rng(0)
    clips = read_clips(args.data, "train", args.cache)
    sharp = [clip for clip in clips if eye_distance(clip.track()) > SHARP]
    for clip in sharp[: args.clips]:
        kept = frames(clip)
        for _ in range(PAIRS if len(kept) >= 8 else 0):
            a, b = rng.choice(len(kept), 2, replace=False)
            for jaw, name in enumerate(("upper", "lower")):
                for expected, error in errors(kept[a], kept[b], jaw).items():
                    found[name, expected].append(np.abs(error))
    print("| teeth | held by | found | across, median | down, median | down, 80th percentile |")
    print("|---|---|---|---|---|---|")
    for (name, expected), off in found.items():
        across, down = np.median(off, 0)
        far = np.percentile(np.stack(off)[:, 1], 80)
        print(f"| {name} | {expected} | {len(off)} | {across:.1f} | {down:.1f} | {far:.1f} |")


if __name__ == "__main__":
    main()
