"""The arguments of commands that read the clips."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gioconda.data.clips import Clip


def add_clip_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds DATA and --cache."""
    parser.add_argument("data", metavar="DATA", type=Path, help="a set that gioconda prepare made")
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        default=Path.home() / ".cache" / "gioconda",
        help="folder for the unpacked shards (default: %(default)s)",
    )


def read_split(args: argparse.Namespace, split: str) -> "list[Clip]":
    """The clips of "train" or "val"."""
    from gioconda.data.clips import read_clips

    return read_clips(args.data, split, args.cache)
