"""Speech → Motion: diffusion over windows of frames, and the baseline that it has to beat."""

from gioconda.generator.baseline import BaselineGenerator
from gioconda.generator.windows import Generator

__all__ = ["BaselineGenerator", "Generator"]
