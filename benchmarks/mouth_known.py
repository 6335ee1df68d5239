"""How much of a mouth can be known? Drawn mouths beside guesses that have seen the real ones.

    python benchmarks/mouth_known.py DATA --cache DIR --clips 12

Over the clips and frames of `gioconda evaluate renderer`, L1 inside the mouth, 0 to 255, of
- drawn: by the released networks, from the clip's first frame;
- its own mouth: the median of the clip's real frames, laid on the upper jaw, in every frame;
- right light: both with the real frame's mean colour;
- corrected light: drawn, with each clip's deviations in mean light scaled as fits all best.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from gioconda.data.clips import read_clips
from gioconda.evaluation.drawn import SIDE, Drawn, redraw
from gioconda.evaluation.jaws import lay_on_upper
from gioconda.evaluation.reenactment import sample_clips
from gioconda.evaluation.renderer import FRAMES, LEAST
from gioconda.renderer.neural import NeuralDecoder


def own_mouth(shown: list[Drawn]) -> np.ndarray:
    """The median of what each place of the upper jaw shows where it is no lip, (h, w, 4).

    The fourth channel is 1 where any frame shows the place.
    """
    laid = []
    for frame in shown:
        seen = np.dstack([frame.real.astype(np.float32), frame.regions["inner mouth"]])
        laid.append(lay_on_upper(seen, frame.jaws.upper(SIDE), SIDE))
    colours, clear = np.split(np.stack(laid), [3], -1)
    hidden = np.broadcast_to(clear < 0.5, colours.shape)
    median = np.ma.median(np.ma.array(colours, mask=hidden), 0).filled(0)
    return np.dstack([median, ~hidden[..., 0].all(0)]).astype(np.float32)


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--clips", type=int, default=12)
    args = parser.parse_args()
    errors = defaultdict(list)
    frames, deviations = [], []
    for clip, _ in sample_clips(read_clips(args.data, args.split, args.cache), args.clips):
        shown = redraw(clip, {"drawn": NeuralDecoder}, FRAMES)
        shown = [frame for frame in shown if frame.regions["inner mouth"].sum() >= LEAST]
        if not shown:
            continue
        known, light = own_mouth(shown), []
        for frame in shown:
            weight = frame.regions["inner mouth"] / frame.regions["inner mouth"].sum()
            drawn, real = frame.pictures["drawn"].astype(np.float32), frame.real
            own = cv2.warpAffine(known, frame.jaws.upper(SIDE), (SIDE, SIDE))
            own = drawn + own[..., 3:] * (own[..., :3] / np.maximum(own[..., 3:], 1e-3) - drawn)
            for name, guess in (("drawn", drawn), ("its own mouth", own)):
                off = guess - real
                colour = np.tensordot(weight, off, 2)
                for light_is, error in (("", off), (", right light", off - colour)):
                    errors[name + light_is].append((weight * np.abs(error).mean(-1)).sum())
                if name == "drawn":
                    frames.append((weight, off))
            light.append([np.tensordot(weight, x, 2).mean() for x in (drawn, real)])
        deviations.append(np.array(light) - np.mean(light, 0))
    drawn, real = np.concatenate(deviations).T
    slope = drawn @ real / (drawn @ drawn)
    for (weight, off), much in zip(frames, (slope - 1) * drawn, strict=True):
        errors["drawn, corrected light"].append((weight * np.abs(off + much).mean(-1)).sum())
    for name, found in errors.items():
        print(f"{name:28} {np.mean(found):5.1f}")
    print(f"light within clips: slope {slope:.2f}, r {np.corrcoef(drawn, real)[0, 1]:.2f}")


if __name__ == "__main__":
    main()
