"""The inside of a mouth: teeth, gums, tongue and the dark behind them, with depth.

shape.py      the geometry, read from the weights
state.py      what differs between people, and between frames
shading.py    inner loops: vertices placed and lit, pixels laid between the lips
interior.py   draws the inside of one portrait's mouth in a state that is given
predictor.py  the state, of a portrait and of each frame, as it was learned
geometric.py  start here: all together
"""

from gioconda.renderer.mouth.geometric import GeometricMouth
from gioconda.renderer.mouth.interior import MouthInterior

__all__ = ["GeometricMouth", "MouthInterior"]
