"""Measures of what Gioconda makes, and the commands that print them."""
