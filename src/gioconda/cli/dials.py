"""The options of every command that takes the dials."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gioconda.controls import Controls

_DIALS = ("gaze", "distance", "emotion", "amplitude", "blinks", "pose")


def add_dial_options(parser: argparse.ArgumentParser) -> None:
    """Offer the dials; `read_controls` reads them."""
    # so that "--gaze -10,5" is a value, as "--distance -1" is
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    dials = parser.add_argument_group("dials", "constant; --controls also lets them change")
    dials.add_argument(
        "--gaze",
        metavar="YAW,PITCH",
        type=_gaze,
        help="where the eyes look: degrees to the picture's right and up, -30 to 30, against the "
        "camera; or free (default)",
    )
    dials.add_argument(
        "--distance",
        metavar="RATIO",
        type=float,
        help="of the head from the camera, 0.5 to 2; 2 is twice as far (default 1)",
    )
    dials.add_argument(
        "--emotion",
        metavar="NAME[:STRENGTH]",
        type=_emotion,
        action="append",
        help="happy, sad, angry, surprised, afraid or disgusted, 0 to 1 (default 1); may be "
        "given several times",
    )
    dials.add_argument(
        "--amplitude",
        metavar="RATIO",
        type=float,
        help="how much head and brows move, 0 to 2 (default 1)",
    )
    dials.add_argument(
        "--blinks",
        metavar="RATIO",
        type=float,
        help="how often the eyes blink, against the natural rate, 0 to 4 (default 1)",
    )
    dials.add_argument(
        "--pose",
        metavar="YAW,PITCH,ROLL",
        type=_numbers,
        help="turn the head: degrees to the picture's right, up and clockwise, -30 to 30",
    )
    dials.add_argument(
        "--controls",
        metavar="FILE",
        type=Path,
        help="a YAML file that sets the dials over time, see docs/controls.md; the options above "
        "go before it",
    )


def read_controls(args: argparse.Namespace) -> "Controls":
    """The dials of the file, those that are given as options in place of the file's.

    Raises:
        GiocondaError: if a dial is set to what it cannot be.
    """
    from dataclasses import replace

    from gioconda.controls import Controls

    given = {dial: getattr(args, dial) for dial in _DIALS if getattr(args, dial) is not None}
    if given.get("gaze") == "free":
        given["gaze"] = None
    if "emotion" in given:
        given["emotion"] = dict(given["emotion"])
    return replace(Controls.load(args.controls) if args.controls else Controls(), **given)


def _gaze(text: str) -> tuple[float, ...] | str:
    return text if text == "free" else _numbers(text)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers between commas") from None


def _emotion(text: str) -> tuple[str, float]:
    name, colon, strength = text.partition(":")
    try:
        return name, float(strength) if colon else 1.0
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME or NAME:STRENGTH") from None
