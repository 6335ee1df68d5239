"""gioconda demo: the bundled portrait speaks."""

import argparse

from gioconda.cli.animate import ready, speak
from gioconda.cli.options import Subparsers, add_provenance_options, adder


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("demo", help="animate the bundled example")
    add = adder(parser)
    add(
        "-o --output FILE",
        str,
        "the .mp4 to write (default %(default)s)",
        default="gioconda-demo.mp4",
    )
    add("--seed N", int, "another seed gives other motion", default=0)
    add_provenance_options(parser)


def run(args: argparse.Namespace) -> None:
    """Animate the example."""
    with ready():
        from gioconda.example import PHOTO, VOICE

        speak(args, PHOTO, VOICE)
