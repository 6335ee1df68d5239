"""Recipe of the speech encoder and of the sync judge: start in `recipe.py`."""
