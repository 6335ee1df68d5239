"""Speech → Motion: diffusion frame by frame, and the baseline that it has to beat."""

from gioconda.generator.baseline import BaselineGenerator
from gioconda.generator.generator import Generator

__all__ = ["BaselineGenerator", "Generator"]
