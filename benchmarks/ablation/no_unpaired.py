"""Without unpaired batches for the critic."""

from gioconda.training.renderer.recipe import Recipe

RECIPE = Recipe(critic_from=0, unpaired=0.0)
