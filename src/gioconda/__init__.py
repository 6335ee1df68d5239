"""Gioconda: one portrait and a voice become a lifelike talking face."""

import sys
from typing import TYPE_CHECKING, Any

from gioconda.version import __version__ as __version__

# OpenVINO's Python package reports to its maker that it was imported, unless this one is missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

if TYPE_CHECKING:
    from gioconda.animator import Animator as Animator
    from gioconda.animator import animate as animate
    from gioconda.controls import Controls as Controls
    from gioconda.errors import GiocondaError as GiocondaError
    from gioconda.live.frame import Frame as Frame
    from gioconda.live.frame import State as State
    from gioconda.live.session import Session as Session
    from gioconda.models import use_models as use_models
    from gioconda.motion import Motion as Motion
    from gioconda.portrait import Portrait as Portrait
    from gioconda.portrait import make_portrait as make_portrait
    from gioconda.portrait import read_portrait as read_portrait
    from gioconda.start import warm_up as warm_up

_HOME = {
    "Animator": "gioconda.animator",
    "Controls": "gioconda.controls",
    "Frame": "gioconda.live.frame",
    "GiocondaError": "gioconda.errors",
    "Motion": "gioconda.motion",
    "Portrait": "gioconda.portrait",
    "Session": "gioconda.live.session",
    "State": "gioconda.live.frame",
    "animate": "gioconda.animator",
    "make_portrait": "gioconda.portrait",
    "read_portrait": "gioconda.portrait",
    "use_models": "gioconda.models",
    "warm_up": "gioconda.start",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used, so that `import gioconda` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'gioconda' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
