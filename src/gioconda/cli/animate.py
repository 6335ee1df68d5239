"""gioconda animate: a photo and a voice become a talking portrait."""

import argparse
import sys
from pathlib import Path
from typing import Any

from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.cli.options import Subparsers, add_video_options, adder
from gioconda.cli.progress import progress_bar


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("animate", help="make a portrait speak")
    add = adder(parser)
    add("photo", str, "a photo, painting or drawing of a face")
    add("audio", str, "a voice: any sound, or video with sound")
    add_video_options(parser)
    add("--seed N", int, "head motion, gaze and blinks of its own (default 0)", default=0)
    add("--plain-mouth", bool, "draw the inside of the mouth without networks: plainer, faster")
    add_dial_options(parser)


def run(args: argparse.Namespace) -> None:
    """Animate."""
    speak(
        args,
        args.photo,
        args.audio,
        size=args.size,
        full=args.full,
        face=args.face,
        controls=read_controls(args),
        plain_mouth=args.plain_mouth,
    )


def speak(args: argparse.Namespace, photo: str | Path, audio: str | Path, **options: Any) -> None:
    """Animate as `add_provenance_options`, --output and --seed say, with other options."""
    from gioconda.start import loading

    with loading(renderer=not options.get("plain_mouth")), progress_bar("frames") as report:
        from gioconda.animator import animate  # takes long enough to load networks meanwhile

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
