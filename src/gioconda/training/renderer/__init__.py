"""Recipe of the renderer, from portrait and warped frame to the drawn frame: see `recipe.py`."""
