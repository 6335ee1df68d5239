"""Without the critic."""

from gioconda.training.renderer.recipe import Recipe

RECIPE = Recipe(critic_from=float("inf"))
