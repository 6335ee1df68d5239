"""gioconda demo: the bundled portrait speaks."""

import argparse

from gioconda.cli import Subparsers
from gioconda.cli.animate import add_provenance_options, speak


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("demo", help="animate the bundled example")
    parser.add_argument(
        "-o", "--output", default="gioconda-demo.mp4", help="the .mp4 (gioconda-demo.mp4)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another motion")
    add_provenance_options(parser)


def run(args: argparse.Namespace) -> int:
    """Animate the example."""
    from gioconda.example import PHOTO, VOICE

    return speak(args, PHOTO, VOICE)
