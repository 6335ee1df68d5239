"""From a portrait and its motion to frames."""

from gioconda.renderer.renderer import Renderer

__all__ = ["Renderer"]
