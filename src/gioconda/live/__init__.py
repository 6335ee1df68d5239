"""Live: a portrait that speaks as the voice arrives."""

from gioconda.live.clock import VirtualClock
from gioconda.live.session import Frame, Session, State, TransitionError

__all__ = ["Frame", "Session", "State", "TransitionError", "VirtualClock"]
