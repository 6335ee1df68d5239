"""Recipe of the sync judge: start in `recipe.py`."""
