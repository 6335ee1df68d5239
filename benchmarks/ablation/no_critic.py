"""Without the critic."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=float("inf"))
