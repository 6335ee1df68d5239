"""gioconda say: a photo speaks a text."""

import argparse
import os
import tempfile
from pathlib import Path

from gioconda.cli.animate import ready, speak
from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.cli.options import Subparsers, add_video_options, adder
from gioconda.errors import GiocondaError

_SHOWN = 8  # voices that an error names


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("say", help="make a portrait speak a text")
    add = adder(parser)
    add("PHOTO", str, "a photo, painting or drawing of a face")
    add("TEXT", str, "what to say", nargs="+")
    voice = "the bundled English voice (default), or a language of espeak-ng, such as de or fr"
    add("--voice NAME", str, voice)
    add_video_options(parser)
    add("--seed N", int, "another seed gives other head motion and blinks (default 0)", default=0)
    add_dial_options(parser)


def run(args: argparse.Namespace) -> None:
    """Say it."""
    with ready():
        _say(args)


def _say(args: argparse.Namespace) -> None:
    from gioconda.text_to_speech import synthesise

    last = args.text[-1]
    if os.path.isfile(last) and not os.path.exists(args.photo):
        raise GiocondaError(f"{args.photo:.40} is no file, but {last} is; give the photo first.")
    sound = synthesise(" ".join(args.text), _voice(args.voice))
    with tempfile.TemporaryDirectory(prefix="say-") as folder:
        voice = Path(folder) / "voice.wav"
        voice.write_bytes(sound)
        speak(
            args,
            args.photo,
            voice,
            size=args.size,
            full=args.full,
            face=args.face,
            anyway=args.anyway,
            controls=read_controls(args),
        )


def _voice(name: str | None) -> str:
    from gioconda.text_to_speech import voices

    known = voices()
    if not known:
        raise GiocondaError(
            "there is no voice; pip install hibari-tts (English), or install espeak-ng"
        )
    if name is not None and name not in known:
        some = ", ".join(list(known)[:_SHOWN])
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        raise GiocondaError(f"there is no voice {name!r:.40}; there are {some}{more}")
    return name or next((voice for voice in known if voice.startswith("en")), next(iter(known)))
