"""The options of every command that takes the dials."""

import argparse
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.cli.options import add_option

if TYPE_CHECKING:
    from gioconda.controls import Controls

_DIALS = ("gaze", "distance", "emotion", "amplitude", "articulation", "blinks", "pose")


def add_dial_options(parser: argparse.ArgumentParser) -> None:
    """Offer the dials; `read_controls` reads them."""
    # so that "--gaze -10,5" is a value, as "--distance -1" is
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    add = partial(
        add_option,
        parser.add_argument_group("dials", "constant; --controls lets them change over time"),
    )
    add(
        "--gaze YAW,PITCH",
        _gaze,
        "where the eyes look: degrees to the picture's right and up, -30 to 30, relative to the "
        "camera; or free (default)",
    )
    add("--distance RATIO", float, "how far the head is, 0.5 to 2; 2 is twice as far (default 1)")
    add(
        "--emotion NAME[:STRENGTH]",
        _emotion,
        "happy, sad, angry, surprised, afraid or disgusted, 0 to 1 (default 1); may be repeated. "
        "Or auto: a mild guess from how lively the voice is, not from what it says",
        action="append",
    )
    add("--amplitude RATIO", float, "how much head and brows move, 0 to 2 (default 1)")
    add("--articulation RATIO", float, "how far the lips move, 0 to 2 (default 1)")
    add("--blinks RATIO", float, "how often the eyes blink, 0 to 4; 1 is natural (default)")
    add(
        "--pose YAW,PITCH,ROLL",
        _numbers,
        "turn the head: degrees to the picture's right, up and clockwise, -30 to 30",
    )
    add(
        "--controls FILE",
        Path,
        "YAML with dials over time, see docs/controls.md; options override",
    )


def read_controls(args: argparse.Namespace) -> "Controls":
    """The dials of the file, those that are given as options in place of the file's.

    Raises:
        GiocondaError: if a dial is set to what it cannot be.
    """
    from dataclasses import replace

    from gioconda.controls import AUTO, Controls

    given = {dial: getattr(args, dial) for dial in _DIALS if getattr(args, dial) is not None}
    if given.get("gaze") == "free":
        given["gaze"] = None
    if "emotion" in given:
        named = dict(given["emotion"])
        given["emotion"] = AUTO if named == {AUTO: 1.0} else named
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
        if name.isalpha():
            return name, float(strength) if colon else 1.0
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r}: expected NAME or NAME:STRENGTH")
