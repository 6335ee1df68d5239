"""Without more scenes from sharp clips than there are."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0, sharp=None)
