"""Gioconda plugin for LiveKit Agents: a portrait that speaks with your agent's voice."""

from livekit.agents import Plugin

from .avatar import AvatarSession
from .generator import GiocondaGenerator
from .log import logger
from .version import __version__

__all__ = ["AvatarSession", "GiocondaGenerator", "__version__"]


class GiocondaPlugin(Plugin):
    """Registers the package; there is nothing to download."""

    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(GiocondaPlugin())
