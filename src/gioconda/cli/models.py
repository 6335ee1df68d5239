"""``--models FOLDER`` and ``--no-cache``: which commands take them, and which models they use."""

import argparse
import os
from pathlib import Path
from typing import Final

_SPOKEN: Final = ("basis", "speech", "lips", "generator")
_DRAWN: Final = ("basis", "renderer", "mouth-state")
_WHOLE: Final = (*_SPOKEN, "renderer", "mouth-state")
_COMPARED: Final = (*_SPOKEN, "regressor", "bank")
_NEEDS: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("animate",): _WHOLE,
    ("say",): _WHOLE,
    ("demo",): _WHOLE,
    ("serve",): _WHOLE,
    ("motion",): _SPOKEN,
    ("render",): _DRAWN,
    **{(name,): ("basis",) for name in ("plot", "export", "track", "portrait")},
    ("bench",): (*_COMPARED, "renderer", "mouth-state"),
    ("evaluate", "basis"): ("basis",),
    ("evaluate", "speech"): ("basis", "regressor"),
    ("evaluate", "generator"): _COMPARED,
    ("evaluate", "dials"): _WHOLE,
    ("evaluate", "all"): (*_COMPARED, "renderer", "mouth-state"),
    **{("evaluate", name): _SPOKEN for name in ("performance", "song", "listening")},
    **{
        ("evaluate", name): _DRAWN
        for name in ("reenactment", "renderer", "gaze", "emotion", "rest", "faults")
    },
    **{
        ("train", name): ("basis",)
        for name in ("bank", "regressor", "judge", "hearing", "mouth-state")
    },
    **{("train", name): ("basis", "mouth-state") for name in ("renderer", "integers")},
    **{("train", name): ("basis", "speech") for name in ("lips", "generator", "frequency-warp")},
}
"""By command: the keys of `gioconda.inference.FILES` that it uses."""


def add_models(parser: argparse.ArgumentParser, *command: str) -> None:
    """Adds --models and --no-cache to the commands below this parser that use models."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                add_models(one, *command, name)
    if command not in _NEEDS:
        return
    parser.add_argument(
        "--models",
        metavar="FOLDER",
        type=Path,
        default=os.environ.get("GIOCONDA_MODELS") or None,
        help="use your own models instead of the released ones, see docs/training.md "
        "(default: $GIOCONDA_MODELS)",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="compile the networks again and keep nothing for later (like GIOCONDA_CACHE=off)",
    )
    parser.set_defaults(needs=_NEEDS[command])


def use_given_models(args: argparse.Namespace) -> None:
    """Put the folder of --models to use, and heed --no-cache.

    Raises:
        GiocondaError: as `gioconda.models.use_models`.
    """
    if getattr(args, "no_cache", False):
        os.environ["GIOCONDA_CACHE"] = "off"
    if "models" not in args:
        os.environ.pop("GIOCONDA_MODELS", None)  # a prepared set depends on what is released
    elif args.models:
        from gioconda.models import use_models

        use_models(args.models, args.needs)
