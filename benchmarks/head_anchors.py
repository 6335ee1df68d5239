"""What visemes, emotions and other shapes of the synthetic heads are in the basis of faces.

    python benchmarks/head_anchors.py HEADS -o anchors.npz
    python benchmarks/head_anchors.py HEADS --emotions -o emotion-anchors.npz
    python benchmarks/head_anchors.py --read anchors.npz

Draws and tracks every shape of the heads that teach (docs/heads.md) and prints what it is to the
tracker, beside what the mesh has exactly; with --emotions also how the judge of
`gioconda evaluate emotion` takes each, and how near it is to the shapes of `gioconda.emotions`.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.data.heads import EMOTIONS, head_files
from gioconda.data.videos.emotion import estimate
from gioconda.emotions import PROTOTYPES
from gioconda.evaluation.heads import MEASURES, SHAPES, Anchors, load_anchors, measure_shapes
from gioconda.face import topology
from gioconda.face.basis import Basis, point_weights, released_basis
from gioconda.generator.emotions import prototypes

RIDGE = 5.0  # of a reading of the dynamics, whose coordinates have mean square 1 over clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heads", type=Path, nargs="?", help="a folder of heads")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--read", type=Path, help="print what an earlier run has written")
    parser.add_argument("--emotions", action="store_true")
    parser.add_argument("--first", type=int, help="take only so many heads")
    args = parser.parse_args()
    if args.read:
        anchors = load_anchors(args.read)
    elif args.heads:
        shapes = EMOTIONS if args.emotions else SHAPES
        anchors = measure_shapes(head_files(args.heads, held_out=False)[: args.first], shapes)
    else:
        parser.error("give a folder of heads, or --read FILE")
    if args.output:
        anchors.save(args.output)
    show(anchors)
    if set(anchors.names) == set(EMOTIONS):
        show_emotions(anchors)


def show(anchors: Anchors) -> None:
    print(f"{len(anchors.heads)} heads, weight {anchors.weights[-1]:g}, against rest, in % of the")
    print("inter-ocular distance (lids: of their width): tracked mean ± spread over heads (exact)")
    print(f"{'':15}" + "".join(f"{name:>20}" for name in MEASURES))
    exact = anchors.exact[:, :, -1].mean(0)
    for i, name in enumerate(anchors.names):
        cells = []
        for k, (mean, spread) in enumerate(_moments(100 * anchors.tracked[:, i, -1]).T):
            ours = f" ({100 * exact[i, k]:+.1f})" if k < exact.shape[1] else ""
            cells.append(f"{mean:+.1f} ± {spread:.1f}{ours}")
        print(f"{name:15}" + "".join(f"{cell:>20}" for cell in cells))
    show_agreement(anchors)
    show_kept(anchors)


def show_kept(anchors: Anchors) -> None:
    """How far each shape moves the dynamics, and how much of the tracked movement they keep."""
    basis, root = released_basis(), np.sqrt(point_weights())
    codes = anchors.dynamics[:, :, -1]
    mean, spread = np.linalg.norm(codes.mean(0), axis=-1), np.linalg.norm(codes.std(0), axis=-1)
    print("\nLength of the dynamics' change (and of its spread); how much of the square of the")
    print("tracked movement, mean over heads, the basis keeps, in %: all points, brows, lids, lips")
    areas = (slice(None), topology.BROWS, topology.LIDS, topology.LIPS)
    for i, name in enumerate(anchors.names):
        moved = anchors.moved[:, i, -1].astype(np.float64).mean(0) * root
        left = moved - np.tensordot(codes[:, i].mean(0), basis.dynamics, 1) * root
        kept = [100 * (1 - (left[at] ** 2).sum() / (moved[at] ** 2).sum()) for at in areas]
        print(f"{name:15}{mean[i]:6.1f} ± {spread[i]:.1f}  " + "".join(f"{x:6.0f}" for x in kept))


def show_agreement(anchors: Anchors) -> None:
    """How the tracked measures go with the exact ones, and what the dynamics could tell."""
    print("\nTracked against exact over all heads, shapes and weights: r, slope, scatter in %;")
    print("r with exact opening and width; r of a linear reading of the dynamics, learned on other")
    print("heads and other shapes")
    others = [anchors.exact[..., k].ravel() for k in (0, 1)]
    for k, name in enumerate(MEASURES[: anchors.exact.shape[-1]]):
        seen, exact = anchors.tracked[..., k].ravel(), anchors.exact[..., k].ravel()
        slope = float(seen @ exact / (exact @ exact))
        scatter = 100 * float((seen - slope * exact).std())
        told = np.corrcoef(_read(anchors, k).ravel(), exact)[0, 1]
        row = "".join(f"{np.corrcoef(seen, other)[0, 1]:8.2f}" for other in others)
        r = np.corrcoef(seen, exact)[0, 1]
        print(f"{name:15}{r:6.2f}{slope:8.2f}{scatter:8.1f}{row}{told:8.2f}")


def _read(anchors: Anchors, k: int) -> NDArray[np.floating]:
    """An exact measure (H, N, W) as ridge regressions read it off the dynamics.

    Each head's each shape is read by what was learned on the other heads' other shapes.
    """
    codes = anchors.dynamics.astype(np.float64)
    exact = anchors.exact[..., k].astype(np.float64)
    gram = np.einsum("hnwi,hnwj->hnij", codes, codes)
    goes = np.einsum("hnwi,hnw->hni", codes, exact)
    read = np.zeros_like(exact)
    for h, n in np.ndindex(exact.shape[:2]):
        learned, wanted = (
            x.sum((0, 1)) - x[h].sum(0) - x[:, n].sum(0) + x[h, n] for x in (gram, goes)
        )
        read[h, n] = codes[h, n] @ np.linalg.solve(learned + RIDGE * np.eye(len(learned)), wanted)
    return read


def _moments(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.stack([values.mean(0), values.std(0)])


def show_emotions(anchors: Anchors) -> None:
    basis = released_basis()
    print(
        "\nTaken by the judge of `gioconda evaluate emotion` for, at each weight: as tracked, and"
    )
    print("as the basis shows it on its mean face")
    for i, name in enumerate(anchors.names):
        for k, weight in enumerate(anchors.weights):
            tracked = basis.mean + anchors.moved[:, i, k].astype(np.float64)
            shown = basis.rebuild(anchors.dynamics[:, i, k], basis.mean)
            print(f"{name:12}{weight:5.2f}  {_judged(tracked):36}  {_judged(shown)}")
    print(
        "\nAgainst the shapes of gioconda.emotions at 1: cosine (all, upper, lower face), and the"
    )
    print("length of the heads' movement over that of ours, points weighted as in a fit")
    ours = dict(zip(PROTOTYPES, prototypes(), strict=True))
    for i, name in enumerate(anchors.names):
        theirs = anchors.dynamics[:, i, -1].mean(0)
        cells = []
        for part in (slice(None), basis.upper, basis.lower):
            a, b = (_movement(basis, code, part) for code in (theirs, ours[name]))
            lengths = np.linalg.norm(a), np.linalg.norm(b)
            cells.append(f"{a @ b / (lengths[0] * lengths[1]):6.2f} x{lengths[0] / lengths[1]:.2f}")
        print(f"{name:12}" + "".join(cells))


def _judged(faces: NDArray[np.floating]) -> str:
    rest = released_basis().mean
    counts = Counter(estimate(face[None], rest).strongest for face in faces)
    return ", ".join(f"{what} {n}" for what, n in counts.most_common())


def _movement(basis: Basis, code: NDArray[np.floating], part: slice) -> NDArray[np.floating]:
    moved = np.tensordot(code[part], basis.dynamics[part], 1)
    return (moved * np.sqrt(point_weights())).ravel()


if __name__ == "__main__":
    main()
