"""Recipe of the network of head, eyes and brows: start in `recipe.py`."""
