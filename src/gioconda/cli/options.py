"""The arguments of commands: how one is added, what its value may be, and those of several.

add = adder(parser)
add("PHOTO", Path, "a picture of a face")
add("--face N", positive, "which face of several, from the left")
"""

import argparse
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from gioconda.data.clips import Clip
    from gioconda.data.spoken.utterances import Utterance

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Parser: TypeAlias = "argparse._ActionsContainer"  # a parser, or a group of its arguments
Option: TypeAlias = tuple[list[str], dict[str, Any]]  # its names, and what argparse wants to know

_Run = TypeVar("_Run", bound=Callable[..., Any])


def option(usage: str, kind: Any, help: str, **more: Any) -> Option:
    """An argument.

    Args:
        usage: its names and what stands for its value, as "-o --output FILE", "--json", "PHOTO".
        kind: makes the value of a text, is `bool` for a flag, or the choices there are.
        help: what it is for.
        more: what else argparse takes.
    """
    words = usage.split()
    names = [word for word in words if word.startswith("-")]
    how: dict[str, Any] = {"action": "store_true"}
    if kind is not bool:
        how = {"choices": kind} if isinstance(kind, tuple) else {"type": kind}
        if words[-1] not in (*names, usage.lower()):
            how["metavar"] = words[-1]
    return names or [usage.lower()], how | {"help": help} | more


def add_option(parser: Parser, usage: str, kind: Any, help: str, **more: Any) -> argparse.Action:
    """Adds what `option` makes."""
    names, settings = option(usage, kind, help, **more)
    return parser.add_argument(*names, **settings)


def adder(parser: Parser) -> Callable[..., argparse.Action]:
    """`add_option` to this parser."""
    return partial(add_option, parser)


def add_options(parser: Parser, options: Iterable[Option]) -> None:
    """Adds several."""
    for names, settings in options:
        parser.add_argument(*names, **settings)


class Command(NamedTuple):
    """One WHAT of a command."""

    help: str
    run: Callable[..., Any]
    options: tuple[Option, ...]


class Commands(dict[str, Command]):
    """All of `gioconda COMMAND WHAT`, each a function of that name.

    Args:
        shared: what all of them take, after their own.
    """

    def __init__(self, *shared: Option) -> None:
        super().__init__()
        self._shared = shared

    def offer(self, help: str, *options: Option) -> Callable[[_Run], _Run]:
        """Decorates the function that does one of them."""

        def keep(run: _Run) -> _Run:
            name = run.__name__.removeprefix("_").replace("_", "-")
            self[name] = Command(help, run, (*options, *self._shared))
            return run

        return keep

    def add_parsers(self, parser: argparse.ArgumentParser) -> Subparsers:
        """Adds a parser for each; returns where another can be added."""
        parsers = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
        for name, command in self.items():
            add_options(parsers.add_parser(name, help=command.help), command.options)
        return parsers


# --- values ---


def positive(text: str, most: int | None = None) -> int:
    """A whole number from 1 to `most`."""
    if not text.isdecimal() or not 1 <= int(text) <= (most or int(text)):
        limits = f"from 1 to {most}" if most else "above 0"
        raise argparse.ArgumentTypeError(f"{text} is not a whole number {limits}")
    return int(text)


def size(text: str) -> int:
    """A size of video in pixels, 64 to 2160, even."""
    if not text.isdecimal() or not 64 <= int(text) <= 2160 or int(text) % 2:
        raise argparse.ArgumentTypeError(f"{text} is not an even number from 64 to 2160")
    return int(text)


def number(what: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    """Makes a number of a text, and an error that says it is not `what` where it does not fit."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if fits(value := float(text)):
                return value
        raise argparse.ArgumentTypeError(f"{text} is not {what}")

    return read


minutes = number("a number of minutes, 0 or more", lambda value: 0 <= value < float("inf"))
rate = number("a rate between 0 and 1, such as 5e-4", lambda value: 0 < value < 1)


# --- what several commands have ---


JSON = option("--json", bool, "print one JSON object")
_CACHE = Path.home() / ".cache" / "gioconda"
CLIPS = (
    option("DATA", Path, "a set that gioconda prepare made"),
    option(
        "--cache DIR", Path, "where to unpack the shards (default: %(default)s)", default=_CACHE
    ),
)


def add_output(parser: Parser, help: str) -> None:
    """Adds --output, a file."""
    add_option(parser, "-o --output FILE", Path, help, required=True)


LISTEN = option(
    "--listen OTHER",
    str,
    "another person's voice: while they speak and the portrait does not, it looks at the viewer, "
    "nods, and keeps its lips still",
)


def add_video_options(parser: Parser) -> None:
    """Adds the options of every command that renders a portrait."""
    add = adder(parser)
    add(
        "-o --output FILE",
        str,
        "the video to write: .mp4, .webm, .mov, .gif or .webp; NAME/ for a new folder of PNGs; or "
        "-, an mp4 on standard output",
        required=True,
    )
    add(
        "--background WHAT",
        str,
        "what to put behind the person instead of the photo's background: transparent, blur, a "
        "colour (white, #20a0ff) or a picture",
    )
    add(
        "--size N", size, "side of the video in pixels, even, 64 to 2160 (default 512)", default=512
    )
    add("--full", bool, "keep the whole photo, at its own resolution (without --size)")
    add("--face N", int, "which of several faces, counted from the left, from 1")
    add("--anyway", bool, "go on even if a mask or a hand covers the mouth")
    add_provenance_options(parser)


def add_provenance_options(parser: Parser) -> None:
    """Adds what a video says of itself, besides the mark and the signature that all have."""
    add = adder(parser)
    add("--consent TEXT", str, "who allowed what; goes into the signed manifest")
    add("--badge", bool, "draw a small visible badge in a corner")
    add(
        "--sign-key PEM",
        str,
        "private key and certificates to sign with (default: $GIOCONDA_SIGN_KEY, or a key made on "
        "this machine)",
    )


def read_sentences(args: argparse.Namespace, every: int = 1) -> "list[Utterance]":
    """Of --spoken, one of so many sentences of held-out voices; none without it."""
    from gioconda.data.spoken.utterances import read_spoken

    return list(read_spoken(args.spoken, "val"))[::every] if args.spoken else []


def read_split(args: argparse.Namespace, split: str) -> "list[Clip]":
    """The clips of "train" or "val", where `CLIPS` says."""
    from gioconda.data.clips import read_clips

    return read_clips(args.data, split, args.cache)
