"""Recipe of the network from sound to the mouth: start in `recipe.py`."""
