"""Gioconda: one portrait and a voice become a talking portrait video."""
