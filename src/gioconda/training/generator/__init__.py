"""Recipe of the network from sound and controls to all of the motion: start in `recipe.py`."""
