"""``gioconda portrait PHOTO -o report.png``: draws what is found in a photo."""

import argparse
import sys
from pathlib import Path

from gioconda.cli.options import Subparsers, add_option, add_output


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("portrait", help="draw what Gioconda finds in a photo")
    add_option(parser, "PHOTO", Path, "a picture of a face")
    add_output(parser, "report, .png or .jpg")
    add_option(parser, "--face N", int, "which face of several, from the left, from 1")


def run(args: argparse.Namespace) -> None:
    from gioconda.cli.report import draw_report, facts
    from gioconda.face.finder import find_face
    from gioconda.media import write_image
    from gioconda.media.files import PendingFile, check_apart
    from gioconda.media.image import SUFFIXES
    from gioconda.portrait import read_portrait

    check_apart(args.output, [args.photo])
    PendingFile(args.output, SUFFIXES).discard()  # before the work, is it writable?
    portrait = read_portrait(args.photo, size=768, face=args.face, anyway=True)
    face = find_face(portrait.photo, args.face, anyway=True)
    if portrait.note:
        print(f"gioconda: note: {portrait.note}", file=sys.stderr)
    write_image(args.output, draw_report(portrait, face, args.photo.name))
    for name, value in facts(portrait, face):
        print(f"{name:<22}{value}")
