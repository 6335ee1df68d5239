"""Flat recipes that make the released weights; the only place that imports torch."""
