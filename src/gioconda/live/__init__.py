"""Live: a portrait that speaks as the voice arrives."""

from gioconda.live.session import Frame, Session, State, TransitionError, VirtualClock

__all__ = ["Frame", "Session", "State", "TransitionError", "VirtualClock"]
