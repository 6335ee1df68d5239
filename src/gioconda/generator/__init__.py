"""From speech to motion, frame by frame.

generator.py      start here: `Generator`, and the ordered list of its corrections
lips.py           the lower face: its network's contract, and its run on a stream
network.py        the same of head, eyes and brows
diffusion.py      from noise to motion in a few steps
corrections.py    what is mended after the network, a class for each
gate.py           shuts the mouth where no voice sounds
blinks.py         when the eyes blink
other_voice.py    the other one's voice, heard beside the own
reactions.py      what a listener does
mood.py           an emotion that the voice suggests
emotions.py       emotions as dynamics; which there are says `gioconda/emotions.py`
calibration.py    the numbers in the weights file that were measured or chosen

baseline.py       what it has to beat: a mouth by regressor.py, the rest from bank.py
"""

from gioconda.generator.baseline import BaselineGenerator
from gioconda.generator.generator import GeneratedMotion, Generator
from gioconda.generator.lips import LATER

__all__ = ["LATER", "BaselineGenerator", "GeneratedMotion", "Generator"]
