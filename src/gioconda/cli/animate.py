"""gioconda animate: a photo and a voice become a talking portrait, or many of them many."""

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.cli.options import LISTEN, Subparsers, add_options, add_video_options, adder, positive
from gioconda.cli.progress import progress_bar
from gioconda.errors import GiocondaError
from gioconda.machine import cores


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("animate", help="make a portrait speak")
    add = adder(parser)
    add("PHOTO", str, "a photo, painting or drawing of a face")
    add("VOICE", str, "a voice: any sound or video file; several make several videos", nargs="+")
    parser.add_argument(
        "--pairs",
        metavar="CSV",
        type=Path,
        action=_Pairs,
        help="instead of PHOTO and VOICE: a table with columns photo, voice and perhaps output",
    )
    add_video_options(parser)
    add("--seed N", int, "another seed gives other head motion and blinks (default 0)", default=0)
    add_options(parser, [LISTEN])
    add("--plain-mouth", bool, "draw lips and eyes without networks: plainer, faster")
    add(
        "--workers N",
        positive,
        "for several videos: how many at once, two cores each (default %(default)s)",
        default=max(1, cores() // 2),
    )
    add(
        "--ray ADDRESS",
        str,
        "make several videos on a Ray cluster ('local' starts one on this machine)",
    )
    add(
        "--format F",
        ("mp4", "webm", "mov", "gif", "webp", "png"),
        "for several videos: the format of those without a name (default mp4); png makes folders",
    )
    add_dial_options(parser)


class _Pairs(argparse.Action):
    """Stores the table; photo and voice are not needed then."""

    def __call__(
        self, parser: argparse.ArgumentParser, args: argparse.Namespace, value: Any, *_: Any
    ) -> None:
        setattr(args, self.dest, value)
        for action in parser._actions:
            action.required &= action.dest not in ("photo", "voice")


def run(args: argparse.Namespace) -> None:
    """Animate."""
    here = args.ray is None and args.workers == 1
    with ready(renderer=not args.plain_mouth) if here else nullcontext():
        _animate(args)


def ready(renderer: bool = True) -> AbstractContextManager[None]:
    """As `start.loading`, for a command that has imported nothing large yet."""
    from gioconda.start import lighten, loading

    lighten()
    return loading(renderer)


def _animate(args: argparse.Namespace) -> None:
    options = {
        "size": args.size,
        "full": args.full,
        "face": args.face,
        "anyway": args.anyway,
        "controls": read_controls(args),
        "plain_mouth": args.plain_mouth,
        "listen": args.listen and os.path.abspath(args.listen),
        "background": args.background,
    }
    if args.pairs is None and len(args.voice) == 1:
        if args.format is not None:
            raise GiocondaError(
                "--format is for several videos; for one, the name after --output sets the format"
            )
        speak(args, args.photo, args.voice[0], **options)
        return
    from gioconda.cli.many import animate_pairs, pairs_of, read_pairs

    folder = Path(args.output)
    if args.pairs is None:
        pairs = pairs_of(Path(args.photo), map(Path, args.voice), folder, args.format or "mp4")
    elif args.photo is None:
        pairs = read_pairs(args.pairs, folder, args.format or "mp4")
    else:
        raise GiocondaError("--pairs replaces PHOTO and VOICE; give one or the other")
    options |= {"seed": args.seed, "consent": args.consent}
    options |= {"badge": args.badge, "sign_key": args.sign_key and os.path.abspath(args.sign_key)}
    animate_pairs(pairs, args.workers, options, args.ray)


def speak(
    args: argparse.Namespace,
    photo: str | Path,
    audio: str | Path,
    size: int = 512,
    full: bool = False,
    face: int | None = None,
    anyway: bool = False,
    **options: Any,
) -> None:
    """Animate as `add_provenance_options`, --output and --seed say, with other options."""
    from concurrent.futures import ThreadPoolExecutor

    from gioconda.portrait import read_portrait

    pool = ThreadPoolExecutor(1)
    try:
        # needs a third of the packages that the rest needs, so it does not wait for their import
        portrait = pool.submit(read_portrait, photo, None if full else size, face, anyway)
        with progress_bar("frames") as report:
            from gioconda.animator import animate

            made = animate(
                photo,
                audio,
                args.output,
                seed=args.seed,
                size=size,
                full=full,
                face=face,
                anyway=anyway,
                consent=args.consent,
                badge=args.badge,
                sign_key=args.sign_key,
                make=lambda *_: portrait.result(),
                report=report,
                **options,
            )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    conclude(made.path, made.frames, made.seconds, made.note, made.earlier)


def conclude(path: str, frames: int, seconds: float, note: str | None, earlier: int = 0) -> None:
    """Say what was made, where it is and how fast it went; some frames were there already."""
    from gioconda.media import FPS
    from gioconda.media.formats import STANDARD_OUTPUT

    if note:
        print(f"gioconda: note: {note}", file=sys.stderr)
    speed = (frames - earlier) / seconds
    went_on = f", going on at {earlier / FPS:.0f} s" if earlier else ""
    print(
        f"{path}: {frames / FPS:.1f} s of video in {seconds:.1f} s{went_on} "
        f"({speed:.0f} frames a second, {speed / FPS:.1f} times real time)",
        file=sys.stderr if path == STANDARD_OUTPUT else sys.stdout,
    )
