"""How long do other portraits' networks take to draw a frame, beside ours, on this machine?

``python benchmarks/peers.py [--liveportrait FOLDER] [--float FOLDER] [--rounds 5]``

The folders are checkouts of the peers' own code, which is run as it is, with random weights: how
long a network takes does not depend on them. Peers and we take turns. Times are of the processor,
all threads together, so that other work on the machine counts little. See benchmarks/peers.md.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import yaml

from gioconda import Animator, example
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer

_SIZE = 512
_FRAMES = 50  # of ours in a round: two seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--liveportrait", type=Path, help="checkout of KwaiVGI/LivePortrait")
    parser.add_argument("--float", type=Path, help="checkout of deepbrainai-research/float")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    peers = ours()
    if args.liveportrait:
        peers["LivePortrait: warp and decode"] = liveportrait(args.liveportrait), 1
    if args.float:
        peers["FLOAT: decode"] = float_decoder(args.float), 1
    times: dict[str, list[float]] = {name: [] for name in peers}
    with torch.inference_mode():
        for _ in range(1 + args.rounds):
            for name, (draw, frames) in peers.items():
                start = time.process_time()
                draw()
                times[name].append(1000 * (time.process_time() - start) / frames)
                print(f"{name}: {times[name][-1]:.1f} ms", file=sys.stderr, flush=True)
    whole = float(np.median(times["Gioconda: motion, drawing and mark"][1:]))
    print(f"{_SIZE} x {_SIZE}, processor time a frame, median of {args.rounds} rounds in turns")
    for name, values in times.items():  # the first is a warm-up
        took = float(np.median(values[1:]))
        print(f"{name:36}{took:9.1f} ms  {took / whole:8.1f} of all of ours")
    return 0


def ours() -> dict[str, tuple[Callable[[], Any], int]]:
    """All that we do for a frame but its file, and the drawing alone; each makes `_FRAMES`."""
    portrait, voice = make_portrait(example.photo(), _SIZE), example.voice(_FRAMES / 25)
    renderer = Renderer(portrait)
    motion = Animator(portrait)._generator.append(example.voice(_FRAMES / 25 + 1))
    pairs = list(zip(motion.pose + portrait.pose, motion.dynamics, strict=True))[:_FRAMES]
    return {
        "Gioconda: motion, drawing and mark": (
            lambda: sum(1 for _ in Animator(portrait).speak(voice)),
            _FRAMES,
        ),
        "Gioconda: drawing": (lambda: [renderer.render(*pair) for pair in pairs], _FRAMES),
    }


def liveportrait(checkout: Path) -> Callable[[], Any]:
    """`LivePortraitWrapper.warp_decode`: warping field, warped features, SPADE decoder."""
    load = package("liveportrait", checkout / "src" / "modules")
    with open(checkout / "src" / "config" / "models.yaml") as file:
        params = yaml.safe_load(file)["model_params"]
    warp = load("warping_network").WarpingNetwork(**params["warping_module_params"]).eval()
    draw = load("spade_generator").SPADEDecoder(**params["spade_generator_params"]).eval()
    features, points = torch.randn(1, 32, 16, 64, 64), torch.rand(2, 1, 21, 3) - 0.5

    def frame() -> torch.Tensor:
        out = draw(warp(features, kp_source=points[0], kp_driving=points[1])["out"])
        assert out.shape == (1, 3, _SIZE, _SIZE)
        return out

    return frame


def float_decoder(checkout: Path) -> Callable[[], Any]:
    """`FLOAT.decode_latent_into_image`, a frame of it."""
    load = package("float_peer", checkout / "models" / "float")
    torch.Tensor.cuda = lambda self, *_, **__: self
    encoder = load("encoder").Encoder(_SIZE, 512, 20).eval()
    decoder = load("styledecoder").Synthesis(_SIZE, 512, 20).eval()
    with torch.inference_mode():
        latent, _, features = encoder(torch.randn(1, 3, _SIZE, _SIZE), None)

    def frame() -> torch.Tensor:
        out, _ = decoder(latent, None, features)
        assert out.shape == (1, 3, _SIZE, _SIZE)
        return out

    return frame


def package(name: str, folder: Path) -> Callable[[str], ModuleType]:
    """Imports modules of a folder, which may import each other, without what is beside it."""
    if not folder.is_dir():
        raise SystemExit(f"{folder} is no folder; expected a checkout of the peer's code")
    parent = ModuleType(name)
    parent.__path__ = [str(folder)]
    sys.modules[name] = parent
    return lambda module: importlib.import_module(f"{name}.{module}")


if __name__ == "__main__":
    sys.exit(main())
