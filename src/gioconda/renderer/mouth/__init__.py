"""The inside of a mouth: teeth, gums, tongue and the dark behind them, with depth.

shape.py      the geometry, read from the weights
state.py      what differs between people, and between frames
shading.py    inner loops: vertices placed and lit, pixels laid between the lips
interior.py   start here: draws the inside of one portrait's mouth into its frames
"""

from gioconda.renderer.mouth.interior import MouthInterior

__all__ = ["MouthInterior"]
