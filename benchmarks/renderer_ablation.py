"""What each part of the renderer's recipe is worth, in short equal trainings.

    python benchmarks/renderer_ablation.py DATA --cache DIR --start small.safetensors -o FOLDER

Trains the recipe, and the recipe without one part at a time, for the same steps from the same
weights, and prints a table of `gioconda evaluate renderer`'s measures on the same held-out clips.
Called again it goes on where it stopped; FOLDER keeps checkpoints and logs.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from gioconda.data.clips import read_clips
from gioconda.evaluation.renderer import evaluate_renderer
from gioconda.evaluation.results import to_json
from gioconda.renderer.neural import NeuralDecoder
from gioconda.training.renderer.network import RendererNet
from gioconda.training.renderer.recipe import POOL, RATE, WEIGHTS, train_renderer

MEASURES = (
    ("inner mouth", "l1"),
    ("inner mouth", "contrast"),
    ("inner mouth", "wander"),
    ("lips", "l1"),
    ("lips", "sharpness"),
    ("eyes", "l1"),
    ("eyes", "sharpness"),
    ("face", "psnr"),
    ("face", "flicker"),
)


class Blind(RendererNet):
    """A net whose decoder gets the warped pixels alone."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder.register_forward_hook(lambda module, seen, told: tuple(0 * x for x in told))


class Undropped(RendererNet):
    """A net that learns from all that its encoder gives."""

    def __init__(self) -> None:
        super().__init__()
        self.eval()  # the recipe leaves the mode alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights of an earlier training")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    def file(name: str, kind: str) -> Path:
        return (args.output / name.replace(" ", "-")).with_suffix(kind)

    train = read_clips(args.data, "train", args.cache)
    without = {
        "nothing": {"critic_from": 0},
        "nothing, by other chances": {"critic_from": 0, "pool_size": POOL + 1},
        "appearance features": {"critic_from": 0, "make": Blind},
        "discriminator": {"critic_from": float("inf")},
        "sharp-clip sampling": {"critic_from": 0, "sharp": None},
        "imagined faces": {"critic_from": 0, "imagined": 0.0},
        "tone": {"critic_from": 0, "weights": WEIGHTS | {"tone": 0.0}},
        "left out channels": {"critic_from": 0, "make": Undropped},
    }
    for name, change in without.items():
        if not file(name, ".zip").exists():
            print(f"training without {name}", flush=True)
            checkpoint, output = file(name, ".pt"), file(name, ".zip")
            train_renderer(
                train,
                checkpoint,
                600,
                output,
                steps=args.steps,
                start=args.start,
                rate=args.rate,
                workers=args.workers,
                **change,
            )
    decoders = {
        name: partial(NeuralDecoder, model=file(name, ".zip"), precision="f32") for name in without
    }
    held_out = read_clips(args.data, "val", args.cache)
    found = evaluate_renderer(held_out, decoders, args.clips).methods
    (args.output / "result.json").write_text(json.dumps(to_json(found), indent=2))
    print("| without | " + " | ".join(f"{region}, {what}" for region, what in MEASURES) + " |")
    print("|---" * (len(MEASURES) + 1) + "|")
    for name in ("warp", "plain mouth", *without):
        cells = (f"{getattr(found[name][region], what):.2f}" for region, what in MEASURES)
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
