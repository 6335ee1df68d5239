"""Waveform → what the generator hears, 25 frames a second, the same offline and live.

`features.py` makes log-mel, loudness and voice of it, `encoder.py` tells from these what is said.
"""

from gioconda.speech.features import LOOK_AHEAD, SAMPLES, SILENCE, SPECTRA, Listener, Speech, listen
from gioconda.speech.mel import MELS

__all__ = ["LOOK_AHEAD", "MELS", "SAMPLES", "SILENCE", "SPECTRA", "Listener", "Speech", "listen"]
