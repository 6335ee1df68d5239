"""gioconda completion: a script that lets a shell complete commands, options and files."""

import argparse
from pathlib import Path
from typing import Final

from gioconda.cli import make_parser
from gioconda.cli.options import Subparsers, adder

_SHELLS: Final = ("bash", "zsh", "fish")
_FOLDERS: Final = ("FOLDER", "DIR")
# Values that stay text, since they may be more than a file's name, and yet may be one.
_FILES: Final = ("FILE", "PHOTO", "VOICE", "AUDIO", "MOTION", "OTHER", "PEM", "WHAT")


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("completion", help="print a script for the shell's Tab key")
    adder(parser)("SHELL", _SHELLS, "bash, zsh or fish; docs/install.md says where it goes")


def run(args: argparse.Namespace) -> None:
    """Print the script. It asks nothing of Gioconda when Tab is pressed."""
    import shtab

    parser = make_parser()
    _say_what_completes(parser)
    print(shtab.complete(parser, args.shell))


def _say_what_completes(parser: argparse.ArgumentParser) -> None:
    """Mark the values that are files or folders, of this parser and those below it."""
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                _say_what_completes(one)
        elif action.nargs != 0 and not action.choices:
            name = str(action.metavar or action.dest.upper())
            if name in _FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
            elif action.type is Path or name in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
