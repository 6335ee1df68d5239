"""The command line: ``gioconda COMMAND ...``.

A module named in ``COMMANDS`` is the command of that name; the others help them. It offers
``add_parser(subparsers)``, which adds a parser of that name, and ``run(args)``, which does the
work and returns the exit status where that is not 0. Heavy packages are imported inside ``run``,
so that ``gioconda --help`` is quick. To add a command, write its module and add its name to
``COMMANDS``.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from gioconda.cli.models import add_models, use_given_models
from gioconda.cli.options import Subparsers as Subparsers
from gioconda.errors import GiocondaError
from gioconda.version import __version__

COMMANDS: tuple[str, ...] = (
    "animate",
    "say",
    "render",
    "motion",
    "plot",
    "export",
    "verify",
    "serve",
    "demo",
    "bench",
    "portrait",
    "track",
    "prepare",
    "train",
    "evaluate",
    "watch",
    "completion",
)


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Where a package of an extra is not installed, says what to do."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise GiocondaError(
            f"{error.name} is missing; install it with: pip install 'gioconda-portrait[{extra}]', "
            f"or in a clone: pip install '.[{extra}]'"
        ) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status.

    Status 0 is success. Status 2 is bad input or an interruption, explained in one line on stderr.
    Any other exception is a bug in Gioconda and is not caught.

    Args:
        argv: the arguments without the program's name; by default those of the process.

    Raises:
        SystemExit: from argparse, with status 0 after ``--help`` and ``--version`` and with
            status 2 for arguments it does not understand.
    """
    arguments = _with_files(sys.argv[1:] if argv is None else list(argv))
    try:
        args = make_parser(arguments).parse_args(arguments)
        use_given_models(args)
        status: int = _module(args.command).run(args) or 0
        sys.stdout.flush()
        return status
    except GiocondaError as error:
        print(f"gioconda: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        print(f"gioconda: interrupted; {str(stopped) or 'no output was written'}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has gone (`gioconda ... | head`). Python flushes stdout once more at exit,
        # which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _with_files(arguments: list[str]) -> list[str]:
    """Names of files that begin with a dash, so that none is taken for an option.

    No option has an ending; only -o may have a name at its own end.
    """
    given = list(arguments)
    for i, text in enumerate(given):
        named = re.fullmatch(r"-[^=]*\.[A-Za-z]\w{0,4}", text)
        output = text.startswith("-o") and given[i - 1] not in ("-o", "--output")
        if named and (not output or os.path.isfile(text)):
            given[i] = os.path.join(os.curdir, text)
    return given


def make_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of every command, or of the one alone that the arguments begin with."""
    parser = argparse.ArgumentParser(
        prog="gioconda",
        description="Make a portrait talk: a picture of a face and a voice become a video.",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"gioconda {__version__}",
        help="print the version and exit",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = arguments[0] if arguments else None
    # When the command is known, the modules of the others are left alone.
    for command in [named] if named in COMMANDS else COMMANDS:
        _module(command).add_parser(subparsers)
    add_models(parser)
    return parser


def _module(command: str) -> ModuleType:
    return import_module(f"{__name__}.{command}")
