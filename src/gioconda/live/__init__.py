"""Live: a portrait that speaks as the voice arrives."""

from gioconda.live.session import Frame, IllegalTransition, Session, State, VirtualClock

__all__ = ["Frame", "IllegalTransition", "Session", "State", "VirtualClock"]
