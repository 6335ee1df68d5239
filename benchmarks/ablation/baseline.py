"""The recipe as it is, its critic from the first step."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0)
