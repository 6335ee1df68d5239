"""Sentences spoken by machines, and when each phone of a known text is heard."""
