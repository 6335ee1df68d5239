"""Synthetic heads with exact truth: read, posed, lit and drawn; see docs/heads.md."""

from gioconda.data.heads.drawing import Camera, Drawn, Look, draw
from gioconda.data.heads.expressions import EMOTIONS, VISEMES
from gioconda.data.heads.head import HELD_OUT, Head, Pose, head_files, read_head
from gioconda.data.heads.regions import Region

__all__ = [
    "EMOTIONS",
    "HELD_OUT",
    "VISEMES",
    "Camera",
    "Drawn",
    "Head",
    "Look",
    "Pose",
    "Region",
    "draw",
    "head_files",
    "read_head",
]
