"""How well ARKit's blendshapes tell a motion, and how long it takes to tell it so.

    python benchmarks/blendshapes.py [MOTION ...]

Without motions, the bundled voice is spoken. Distances of mesh points are in % of the
inter-ocular distance, medians over points and frames: `still` what a face that does nothing
would miss, `rig` what a rig misses that moves just as `gioconda.face.actions` says, `back` what
is missed when the weights are read back into a motion.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gioconda import example
from gioconda.face import actions, topology
from gioconda.face.basis import released_basis
from gioconda.face.blendshapes import weights
from gioconda.generator.baseline import BaselineGenerator
from gioconda.media import FPS
from gioconda.motion import Motion

_PIECE = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("motions", metavar="MOTION", type=Path, nargs="*")
    args = parser.parse_args()
    motions = [Motion.load(file) for file in args.motions] or [_spoken()]
    weights(motions[0][:1])  # what is worked out once
    start = perf_counter()
    found = [weights(motion) for motion in motions]
    seconds = perf_counter() - start
    frames = sum(map(len, motions))
    print(f"{frames} frames ({frames / FPS:.0f} s) of {len(motions)} motions: {seconds:.2f} s")
    missed = [_missed(motion, own) for motion, own in zip(motions, found, strict=True)]
    print(f"{'':8}{'still':>8}{'rig':>8}{'back':>8}")
    for name, points in (("all", slice(None)), ("lips", topology.LIPS)):
        medians = [np.median(np.concatenate([m[i][:, points] for m in missed])) for i in range(3)]
        print(f"{name:8}" + "".join(f"{median:8.2f}" for median in medians))
    everything = np.concatenate(found)
    print(f"{(everything > 0.05).sum(1).mean():.1f} actions at a time above 0.05")
    print(f"{100 * (everything > 0.999).mean():.2f} % of weights at their most")


def _spoken() -> Motion:
    generator = BaselineGenerator()
    parts = [generator.append(example.voice()), generator.finish()]
    pose, dynamics = (np.concatenate([getattr(p, k) for p in parts]) for k in ("pose", "dynamics"))
    return Motion(pose, dynamics, parts[0].basis)


def _missed(motion: Motion, found: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Distances of the points, (T, 478), of a still face, a rig, and what is read back."""
    basis = released_basis()
    pieces = []
    for start in range(0, len(motion), _PIECE):
        piece = slice(start, start + _PIECE)
        true = basis.rebuild(motion.dynamics[piece], basis.mean)
        rig = actions.face(found[piece])
        back = basis.rebuild(actions.project(rig, basis), basis.mean)
        others = (basis.mean, basis.mean + rig, back)
        pieces.append([100 * np.linalg.norm(true - other, axis=-1) for other in others])
    return [np.concatenate(one).astype(np.float32) for one in zip(*pieces, strict=True)]


if __name__ == "__main__":
    main()
