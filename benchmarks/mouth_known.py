"""How much of a mouth can be known? Drawn mouths beside guesses that have seen the real ones.

    python benchmarks/mouth_known.py DATA --cache DIR --clips 12

Over the clips and frames of `gioconda evaluate renderer`, L1 inside the mouth, 0 to 255, of
- drawn: by the released networks, from the clip's first frame;
- its own mouth: the median of the clip's real frames, laid on the upper jaw, in every frame;
- drawn, right light: as drawn, with the real frame's mean colour;
and how the mean light of drawn and real mouths go together within clips: slope and correlation.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from gioconda.data.clips import read_clips
from gioconda.evaluation.reenactment import sample_clips
from gioconda.evaluation.renderer import REGIONS, Drawn, redraw
from gioconda.renderer.jaws import lay_on_upper
from gioconda.renderer.neural import NeuralDecoder

SIDE, FRAMES = 256, 50
LEAST = 4  # pixels of a mouth that count


def own_mouth(shown: list[Drawn], inside: list[np.ndarray]) -> np.ndarray:
    """The median of what each place of the upper jaw shows, where it is no lip."""
    laid = []
    for frame, within in zip(shown, inside, strict=True):
        seen = np.dstack([frame.real.astype(np.float32), 255 * within])
        laid.append(lay_on_upper(seen, frame.jaws.upper(SIDE), SIDE))
    seen = np.stack(laid)
    hidden = np.broadcast_to(seen[..., 3:] < 127, seen[..., :3].shape)
    return np.ma.median(np.ma.array(seen[..., :3], mask=hidden), 0).filled(0).astype(np.float32)


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--clips", type=int, default=12)
    args = parser.parse_args()
    errors: dict[str, list[float]] = {}
    lights = []
    for clip, _ in sample_clips(read_clips(args.data, args.split, args.cache), args.clips):
        shown = redraw(clip, {"drawn": NeuralDecoder}, FRAMES)
        inside = [frame.regions[REGIONS.index("inner mouth")] for frame in shown]
        shown = [f for f, within in zip(shown, inside, strict=True) if within.sum() >= LEAST]
        inside = [within for within in inside if within.sum() >= LEAST]
        known = own_mouth(shown, inside)
        means = []
        for frame, within in zip(shown, inside, strict=True):
            real, drawn = frame.real.astype(np.float32), frame.pictures["drawn"]
            weight = within / within.sum()
            off = np.tensordot(weight, drawn - real, 2)
            own = cv2.warpAffine(known, frame.jaws.upper(SIDE), (SIDE, SIDE))
            guesses = {"drawn": drawn, "its own mouth": own, "drawn, right light": drawn - off}
            for name, guess in guesses.items():
                error = float((weight * np.abs(guess - real).mean(-1)).sum())
                errors.setdefault(name, []).append(error)
            light = float(np.tensordot(weight, real, 2).mean())
            means.append((light + float(off.mean()), light))
        lights.append(np.array(means) - np.mean(means, 0))
    for name, found in errors.items():
        print(f"{name:20} {np.mean(found):5.1f}")
    drawn, real = np.concatenate(lights).T
    print(f"light within clips: slope {drawn @ real / (drawn @ drawn):.2f}", end=", ")
    print(f"r {np.corrcoef(drawn, real)[0, 1]:.2f}")


if __name__ == "__main__":
    main()
