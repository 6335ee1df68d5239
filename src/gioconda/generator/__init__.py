"""Speech → Motion.

Version 0: a regressor moves the mouth, and stretches of real motion move the head, the eyes
and the brows. It is the baseline that the diffusion generator has to beat.
"""

from gioconda.generator.baseline import BaselineGenerator

__all__ = ["BaselineGenerator"]
