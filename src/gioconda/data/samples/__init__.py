"""What the recipes learn from, read out of the clips of a set."""
