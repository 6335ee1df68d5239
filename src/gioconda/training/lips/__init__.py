"""Recipe of the network of lips and jaw: start in `recipe.py`."""
