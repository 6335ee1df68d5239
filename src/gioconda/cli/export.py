"""``gioconda export MOTION -o weights.csv``: motion for a rig with ARKit's blendshapes."""

import argparse
from pathlib import Path

from gioconda.cli import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser(
        "export", help="turn a motion file into weights of ARKit's 52 blendshapes"
    )
    parser.add_argument("motion", metavar="MOTION", type=Path, help="a motion file, .npz")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        required=True,
        help="the .csv to write, in the layout of Live Link Face",
    )


def run(args: argparse.Namespace) -> int:
    """Export."""
    from gioconda.face.blendshapes import table
    from gioconda.media import FPS
    from gioconda.media.files import PendingFile, write_error
    from gioconda.motion import Motion

    pending = PendingFile(args.output, (".csv",))
    try:
        motion = Motion.load(args.motion)
        text = table(motion)
        try:
            pending.partial.write_text(text, encoding="ascii", newline="\n")
        except OSError as error:
            raise write_error(args.output, error) from error
        pending.commit()
    finally:
        pending.discard()
    print(f"{args.output}: {len(motion)} frames ({len(motion) / FPS:.1f} s)")
    return 0
