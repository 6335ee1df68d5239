"""The recipe as it is, its critic from the first step."""

from gioconda.training.renderer.recipe import Recipe

RECIPE = Recipe(critic_from=0)
