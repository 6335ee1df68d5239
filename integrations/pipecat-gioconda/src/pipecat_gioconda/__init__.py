"""Gioconda in Pipecat: a portrait that speaks with your agent's voice."""

from pipecat_gioconda.video import GiocondaVideoService, GiocondaVideoSettings

__all__ = ["GiocondaVideoService", "GiocondaVideoSettings"]
