"""Speech → Motion.

Version 0: a regressor moves the mouth, and stretches of real motion move the head, the eyes
and the brows. It is the baseline that the diffusion generator has to beat.
"""

from gioconda.controls import Controls
from gioconda.errors import GiocondaError
from gioconda.generator.baseline import BaselineGenerator

__all__ = ["BaselineGenerator", "make_generator"]


def make_generator(seed: int = 0, controls: Controls | None = None) -> BaselineGenerator:
    """The released generator.

    Args:
        seed: decides what speech leaves open; 0 or more.
        controls: the dials; by default each rests.

    Raises:
        GiocondaError: if the seed is out of range, or a dial is turned that this version
            cannot obey: all but a constant amplitude.
    """
    controls = controls or Controls()
    amplitude = controls.amplitude
    deaf = [dial for dial in controls.turned if dial != "amplitude"]
    if deaf:
        raise GiocondaError(
            f"this version's generator cannot obey {', '.join(deaf)}; leave that out"
        )
    if not isinstance(amplitude, float | int):
        raise GiocondaError("this version's generator needs one amplitude; leave keyframes out")
    return BaselineGenerator(seed, amplitude)
