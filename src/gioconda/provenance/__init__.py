"""What says that a video was made: invisible mark, visible badge, signed manifest, audit log."""

from gioconda.provenance.audit import log_output
from gioconda.provenance.badge import Badge
from gioconda.provenance.manifest import Manifest, read_manifest
from gioconda.provenance.mark import Mark, Marker, Unmarked
from gioconda.provenance.output import Output, make_id
from gioconda.provenance.search import CHANCE, Finding, find_mark

__all__ = [
    "CHANCE",
    "Badge",
    "Finding",
    "Manifest",
    "Mark",
    "Marker",
    "Output",
    "Unmarked",
    "find_mark",
    "log_output",
    "make_id",
    "read_manifest",
]
