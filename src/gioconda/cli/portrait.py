"""``gioconda portrait PHOTO -o report.png``: draws what is found in a photo."""

import argparse
import sys
from pathlib import Path

from gioconda.cli.options import Subparsers, add_option, add_output


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("portrait", help="draw what is found in a photo")
    add_option(parser, "PHOTO", Path, "a picture of a face")
    add_output(parser, "report, .png or .jpg")
    add_option(parser, "--face N", int, "which face of several, from the left, from 1")


def run(args: argparse.Namespace) -> None:
    from gioconda.cli.report import draw_report, facts
    from gioconda.face.finder import find_face
    from gioconda.media import read_image, write_image
    from gioconda.media.files import PendingFile
    from gioconda.media.image import SUFFIXES
    from gioconda.portrait import make_portrait

    PendingFile(args.output, SUFFIXES).discard()  # before the work, is it writable?
    image = read_image(args.photo)
    face = find_face(image, args.face)
    portrait = make_portrait(image, size=768, face=args.face)
    if face.note:
        print(f"gioconda: note: {face.note}", file=sys.stderr)
    write_image(args.output, draw_report(portrait, face, args.photo.name))
    for name, value in facts(portrait, face):
        print(f"{name:<22}{value}")
