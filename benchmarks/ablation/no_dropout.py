"""Without dropout: the net learns from all that its encoder gives."""

from gioconda.training.renderer.network import RendererNet
from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0, make=lambda: RendererNet().eval())  # the recipe keeps the mode
