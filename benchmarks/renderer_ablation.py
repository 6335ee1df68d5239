"""What each part of the renderer's recipe is worth, in short equal trainings.

    python benchmarks/renderer_ablation.py DATA --cache DIR --start small.safetensors -o FOLDER

Trains each recipe of `benchmarks/ablation/`, most without one part, for the same steps from the
same weights, and prints a table of `gioconda evaluate renderer`'s measures on the same held-out
clips. Called again it goes on where it stopped; FOLDER keeps checkpoints and logs.
"""

import argparse
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from gioconda.data.clips import read_clips
from gioconda.evaluation.renderer import evaluate_renderer
from gioconda.evaluation.results import to_json
from gioconda.renderer.neural import NeuralDecoder
from gioconda.training.experiment import read_recipe
from gioconda.training.renderer.recipe import Recipe, train_renderer

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--also", type=Path, help="a set of heads, for all recipes but no_heads")
    parser.add_argument("--start", type=Path, help="weights of an earlier training")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--pool", type=int, help="scenes to draw from (default: each recipe's)")
    parser.add_argument("--only", nargs="+", help="recipes, by the names of their files")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    def file(name: str, kind: str) -> Path:
        return (args.output / name).with_suffix(kind)

    train = read_clips(args.data, "train", args.cache)
    heads = read_clips(args.also, "train", args.cache) if args.also else []
    folder = Path(__file__).with_name("ablation")
    names = args.only or sorted(path.stem for path in folder.glob("*.py"))
    same = {name: getattr(args, name) for name in ("steps", "start", "rate", "workers")}
    if args.pool:
        same["pool"] = args.pool
    for name in names:
        if not file(name, ".zip").exists():
            print(f"training {name}", flush=True)
            recipe = replace(read_recipe(folder / f"{name}.py", Recipe), **same)
            clips = train if name == "no_heads" else train + heads
            train_renderer(clips, recipe, file(name, ".zip"), file(name, ".pt"), 600)
    decoders = {
        name: partial(NeuralDecoder, model=file(name, ".zip"), precision="f32") for name in names
    }
    held_out = read_clips(args.data, "val", args.cache)
    found = evaluate_renderer(held_out, decoders, args.clips).methods
    (args.output / "result.json").write_text(json.dumps(to_json(found), indent=2))
    print("| recipe | " + " | ".join(f"{region}, {what}" for region, what in MEASURES) + " |")
    print("|---" * (len(MEASURES) + 1) + "|")
    for name in ("warp", "geometry", *names):
        cells = (f"{getattr(found[name][region], what):.2f}" for region, what in MEASURES)
        print(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
