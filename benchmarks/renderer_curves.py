"""Curves of a training's log: python benchmarks/renderer_curves.py small.log -o curves.png"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

PANELS = (
    ("pixels", "warp"),
    ("gradients",),
    ("change",),
    ("match",),
    ("judge",),
    ("mask",),
)


def read_log(file: Path) -> dict[int, dict[str, float]]:
    """Losses by step; a step that was done again counts as it was done last."""
    found = {}
    for line in file.read_text().splitlines():
        step, _, *facts = line.split()
        found[int(step)] = dict(zip(facts[::2], map(float, facts[1::2]), strict=True))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    log = dict(sorted(read_log(args.log).items()))
    figure, axes = plt.subplots(2, 3, figsize=(9, 4.5), layout="constrained")
    for panel, names in zip(axes.flat, PANELS, strict=True):
        for name in names:
            steps = [step for step, facts in log.items() if name in facts]
            panel.plot(steps, [log[step][name] for step in steps], label=name, linewidth=1)
        panel.legend(fontsize=8)
        panel.tick_params(labelsize=8)
    figure.supxlabel("steps", fontsize=8)
    figure.savefig(args.output, dpi=80)


if __name__ == "__main__":
    main()
