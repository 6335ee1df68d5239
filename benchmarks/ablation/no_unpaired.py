"""Without unpaired batches for the critic."""

from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0, unpaired=0.0)
