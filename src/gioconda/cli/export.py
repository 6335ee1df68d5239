"""``gioconda export MOTION -o weights.csv``: motion for a rig with ARKit's blendshapes."""

import argparse
from pathlib import Path

from gioconda.cli.options import Subparsers, add_option, add_output


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser(
        "export", help="export a motion file as weights of ARKit's 52 blendshapes"
    )
    add_option(parser, "MOTION", Path, "a motion file, .npz")
    add_output(parser, "the .csv to write, in the layout of Live Link Face")


def run(args: argparse.Namespace) -> None:
    """Export."""
    from gioconda.face.blendshapes import table
    from gioconda.media import FPS
    from gioconda.media.files import whole_file
    from gioconda.motion import Motion

    with whole_file(args.output, (".csv",)) as file:
        motion = Motion.load(args.motion)
        file.write_text(table(motion), encoding="ascii", newline="\n")
    print(f"{args.output}: {len(motion)} frames ({len(motion) / FPS:.1f} s)")
