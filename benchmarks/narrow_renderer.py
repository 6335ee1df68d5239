"""Half the decoder: begin a narrower net with what a wider one has learned.

    python benchmarks/narrow_renderer.py OLD.safetensors DATA --cache DIR -o START.safetensors

OLD is of the nets that drew the inside of the mouth too, 96 channels wide (git show
a41666a:docs/renderer/small.safetensors). What they were told of that inside is cut off their
inlets; then the channels of the decoder that carry most are kept, most by how active they are over
scenes times what is made of them, and what the others carried in the mean goes into the biases.
`gioconda train renderer --start START.safetensors` then learns to live with it.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gioconda.data.clips import Clip, read_clips
from gioconda.renderer.geometry import GUIDES, MASKS
from gioconda.renderer.view import CELL
from gioconda.training.renderer.batches import EYES, MOUTH, Batch, Batches, PixelWeights
from gioconda.training.renderer.examples import Pool, endless_scenes
from gioconda.training.renderer.learner import draw
from gioconda.training.renderer.network import Critic, RendererNet
from gioconda.training.renderer.recipe import Recipe

WIDE, INSIDE, FEATURES, ON_JAWS = 96, 4, 32, 4
SCENES, BATCHES = 24, 12


def without_the_inside(old: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the wide net without maps of the mouth's inside and places on the jaws."""
    new = dict(old)
    seen, told = (3 + MASKS) * CELL**2, INSIDE * CELL**2
    new["net.encoder.inlet.weight"] = old["net.encoder.inlet.weight"][:, :seen]
    inlet = old["net.decoder.inlet.weight"]
    guides = seen + told
    features = guides + GUIDES + ON_JAWS
    kept = [*range(seen), *range(guides, guides + GUIDES), *range(features, features + FEATURES)]
    new["net.decoder.inlet.weight"] = inlet[:, kept]
    for name in ("weight", "bias"):
        part = f"net.encoder.features.{name}"
        new[part] = old[part][:FEATURES]
    return new


class Activity:
    """The mean of each channel that a convolution is given."""

    def __init__(self, net: RendererNet) -> None:
        self.sums: dict[nn.Module, Tensor] = {}
        self.sizes: dict[nn.Module, Tensor] = {}
        self.layers = [m for m in net.decoder.modules() if isinstance(m, nn.Conv2d)]
        for layer in self.layers:
            layer.register_forward_hook(self._see)

    def _see(self, layer: nn.Module, given: tuple[Tensor, ...], _: Tensor) -> None:
        x = given[0]
        mean, size = x.mean((0, 2, 3)), x.abs().mean((0, 2, 3))
        self.sums[layer] = self.sums.get(layer, 0) + mean / BATCHES
        self.sizes[layer] = self.sizes.get(layer, 0) + size / BATCHES

    def worth(self, layer: nn.Conv2d) -> Tensor:
        """Of each channel that it is given."""
        return self.sizes[layer] * layer.weight.abs().sum((0, 2, 3))


def batches_of(clips: list[Clip], count: int) -> list[Batch]:
    recipe = Recipe()
    scenes = endless_scenes(clips, recipe.side, recipe.sharp, [5], 0)
    pool = Pool(SCENES, torch.device("cpu"))
    for _ in range(SCENES):
        pool.add(next(scenes))
    rng = np.random.default_rng(0)
    made = Batches(pool, 3, recipe.side, PixelWeights(), recipe.calibration, rng)
    return [made.draw((MOUTH, MOUTH, EYES)[i % 3], True) for i in range(count)]


def take(layer: nn.Conv2d, kept: Tensor, means: Tensor) -> None:
    """Leave it the inputs `kept`, and the mean of the others."""
    gone = torch.ones(layer.in_channels, dtype=torch.bool)
    gone[kept] = False
    layer.bias.data += (layer.weight.data[:, gone].sum((2, 3)) * means[gone]).sum(1)
    layer.weight.data = layer.weight.data[:, kept]


def give(layer: nn.Module, kept: Tensor) -> None:
    """Leave it the outputs `kept`."""
    layer.weight.data, layer.bias.data = layer.weight.data[kept], layer.bias.data[kept]


def narrow(net: RendererNet, seen: Activity, width: int) -> None:
    """In place."""
    decoder, encoder = net.decoder, net.encoder
    blocks = [decoder.blocks[i] for i in (0, 2, 3)]
    readers = [block.first for block in blocks] + [decoder.outlet]
    worth = sum(seen.worth(layer) / seen.worth(layer).sum() for layer in readers)
    stream = worth.topk(width).indices.sort().values
    print(f"the stream keeps {float(worth[stream].sum() / worth.sum()):.1%} of its worth")
    for block in blocks:
        inner = seen.worth(block.second)
        kept = inner.topk(width).indices.sort().values
        print(f"a block keeps {float(inner[kept].sum() / inner.sum()):.1%}")
        take(block.second, kept, seen.sums[block.second])
        give(block.first, kept)
        take(block.first, stream, seen.sums[block.first])
        give(block.second, stream)
    take(decoder.outlet, stream, seen.sums[decoder.outlet])
    for layer in (decoder.inlet, encoder.ground, encoder.style):
        give(layer, stream)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    old = {name: x.float() for name, x in load_file(args.old).items()}
    net = RendererNet(WIDE, FEATURES).eval()
    both = nn.ModuleDict({"net": net, "critic": Critic()})
    both.load_state_dict(without_the_inside(old))
    batches = batches_of(read_clips(args.data, "train", args.cache), BATCHES)
    seen = Activity(net)
    before = [draw(net, batch)[0] for batch in batches]
    narrow(net, seen, args.width)
    small = RendererNet(args.width, FEATURES).eval()
    small.load_state_dict(net.state_dict())
    for name, drawn in (
        ("warp", [b.base for b in batches]),
        ("wide", before),
        ("narrow", [draw(small, b)[0] for b in batches]),
    ):
        off = [
            (batch.weight * (1 - batch.masks[:, :1]) * (x - batch.real).abs()).mean()
            for batch, x in zip(batches, drawn, strict=True)
        ]
        print(f"{name}: {255 * float(torch.stack(off).mean()):.3f} from real, weighted")
    both["net"] = small
    weights = {name: x.half().contiguous() for name, x in both.state_dict().items()}
    save_file(weights, args.output)


if __name__ == "__main__":
    main()
