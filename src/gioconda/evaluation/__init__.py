"""Measures of what Gioconda makes; `gioconda evaluate` and `gioconda bench` print them."""
