"""Without synthetic heads: `--also` is left out for this file's name."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0)
