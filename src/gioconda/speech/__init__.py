"""Waveform → what the generator hears, 25 frames a second, the same offline and live."""

from gioconda.speech.features import LOOK_AHEAD, SILENCE, Listener, Speech, listen

__all__ = ["LOOK_AHEAD", "SILENCE", "Listener", "Speech", "listen"]
