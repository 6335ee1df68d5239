"""Recipe of the networks that draw mouth and eyes: start in `recipe.py`."""
