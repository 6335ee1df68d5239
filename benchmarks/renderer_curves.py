"""The losses of a training of the renderer over its steps, as one picture.

    python benchmarks/renderer_curves.py small.log -o curves.png

Reads the log that `gioconda train renderer` keeps beside its checkpoint.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

SHOWN = (
    ("pixels", "pixels against the warp's"),
    ("mixture", "colours inside the mouth, sorted"),
    ("change", "change between frames"),
    ("judge", "critic: 2 is blind, 0 is sure"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    for line in args.log.read_text().splitlines():
        step, _, _, _, *facts = line.split()
        values = dict(zip(facts[::2], map(float, facts[1::2]), strict=True))
        if "warp" in values:
            values["pixels"] /= values["warp"]
        for name, value in values.items():
            curves[name][int(step)] = value  # of steps done twice, the last
    figure, axes = pyplot.subplots(1, len(SHOWN), figsize=(16, 3.2), layout="constrained")
    for axis, (name, title) in zip(axes, SHOWN, strict=True):
        axis.plot(*zip(*sorted(curves[name].items()), strict=True), linewidth=0.8)
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
    figure.savefig(args.output, dpi=70)


if __name__ == "__main__":
    main()
