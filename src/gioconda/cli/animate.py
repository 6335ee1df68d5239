"""gioconda animate: a photo and a voice become a talking portrait."""

import argparse
import sys
from pathlib import Path
from typing import Any

from gioconda.cli import Subparsers
from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.cli.progress import progress_bar


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("animate", help="make a portrait speak")
    parser.add_argument("photo", help="a photo, painting or drawing of a face")
    parser.add_argument("audio", help="a voice: any sound, or video with sound")
    add_output_options(parser)
    parser.add_argument(
        "--seed", type=int, default=0, help="head motion, gaze and blinks of its own (default 0)"
    )
    mouth = parser.add_mutually_exclusive_group()
    mouth.add_argument(
        "--model",
        metavar="FILE",
        help="a file of `gioconda train renderer`, whose networks draw mouth and eyes",
    )
    mouth.add_argument(
        "--plain-mouth",
        action="store_true",
        help="draw the inside of the mouth without networks: plainer and faster",
    )
    add_dial_options(parser)


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that renders a portrait."""
    parser.add_argument("-o", "--output", required=True, help="the .mp4 to write")
    parser.add_argument(
        "--size",
        type=size,
        default=512,
        help="side of the video in pixels, even, 64 to 2160 (default 512)",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="keep the whole photo, at its own resolution (without --size)",
    )
    parser.add_argument("--face", type=int, help="which face of several, from the left, from 1")
    add_provenance_options(parser)


def add_provenance_options(parser: argparse.ArgumentParser) -> None:
    """What a video says of itself, besides the mark and the signature that all have."""
    parser.add_argument(
        "--consent", metavar="TEXT", help="who allowed what; written into the signed manifest"
    )
    parser.add_argument(
        "--badge", action="store_true", help="draw a small visible badge into a corner"
    )
    parser.add_argument(
        "--sign-key",
        metavar="PEM",
        help="private key and certificates to sign with (default: $GIOCONDA_SIGN_KEY, or a key "
        "of this machine's own)",
    )


def size(text: str) -> int:
    """A size of video in pixels, 64 to 2160, even."""
    if not text.isdecimal() or not 64 <= int(text) <= 2160 or int(text) % 2:
        raise argparse.ArgumentTypeError(f"{text} is not an even number from 64 to 2160")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Animate."""
    return speak(
        args,
        args.photo,
        args.audio,
        size=args.size,
        full=args.full,
        face=args.face,
        controls=read_controls(args),
        model=args.model,
        plain_mouth=args.plain_mouth,
    )


def speak(args: argparse.Namespace, photo: str | Path, audio: str | Path, **options: Any) -> int:
    """Animate as `add_provenance_options`, --output and --seed say, with other options."""
    from gioconda.animator import animate

    with progress_bar("frames") as report:
        made = animate(
            photo,
            audio,
            args.output,
            seed=args.seed,
            consent=args.consent,
            badge=args.badge,
            sign_key=args.sign_key,
            report=report,
            **options,
        )
    conclude(made.path, made.frames, made.seconds, made.note)
    return 0


def conclude(path: str, frames: int, seconds: float, note: str | None) -> None:
    """Say what was made, where it is and how fast it went."""
    from gioconda.media import FPS

    if note:
        print(f"gioconda: note: {note}", file=sys.stderr)
    speed = frames / seconds
    print(
        f"{path}: {frames / FPS:.1f} s of video in {seconds:.1f} s "
        f"({speed:.0f} frames a second, {speed / FPS:.1f} times real time)"
    )
