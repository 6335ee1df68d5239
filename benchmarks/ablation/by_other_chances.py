"""The baseline with other random numbers: how far apart two equal trainings end."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0, pool=Recipe.pool + 1)
