"""The net sees what the geometry draws, and is not told what of it is where."""

from torch import Tensor, nn

from gioconda.renderer.mouth.interior import INSIDE
from gioconda.training.renderer.network import RendererNet
from gioconda.training.renderer.recipe import Recipe


def untold(module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What a module is given, the masks of the mouth's inside empty."""
    pixels, masks, *rest = given
    known = masks.clone()
    known[:, -INSIDE:] = 0
    return pixels, known, *rest


def make() -> RendererNet:
    net = RendererNet()
    for part in (net.encoder, net.decoder):
        part.register_forward_pre_hook(untold)
    return net


recipe = Recipe(critic_from=0, make=make)
