"""Without the loss of the mean colours inside the mouth."""

from gioconda.training.renderer.losses import LossWeights
from gioconda.training.renderer.recipe import Recipe

recipe = Recipe(critic_from=0, weights=LossWeights(tone=0.0))
