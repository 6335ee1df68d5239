"""gioconda verify: were these made by Gioconda, and are they as they were made?"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gioconda.cli.options import Subparsers, adder
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gioconda.provenance import Finding, Manifest

STATUS = {"signed": 0, "marked": 0, "not found": 1, "unreadable": 2, "tampered": 3}


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser(
        "verify",
        help="tell whether Gioconda made a video",
        description="Reads a video's signed manifest and searches its pictures for the invisible "
        "mark. Exit status: 0 made by Gioconda, 1 nothing found, 2 the file cannot be read, "
        "3 signed but changed since; of several files the highest.",
    )
    add = adder(parser)
    add("file", Path, "a video, a picture, or a folder of pictures", nargs="+", metavar="FILE")
    add("--trust PEM", Path, "certificates whose signatures you trust")
    add("--json", bool, "print one JSON object, or of several files a list of them")


def run(args: argparse.Namespace) -> int:
    """Verify."""
    from gioconda.media.files import reason

    try:
        trusted = args.trust.read_bytes() if args.trust else None
    except OSError as error:
        raise GiocondaError(f"{args.trust} cannot be read: {reason(error)}") from error
    found: list[dict[str, Any]] = []
    status = 0
    for file in args.file:
        try:
            one = examine(file, trusted)
        except GiocondaError as error:  # the others are looked at all the same
            print(f"gioconda: error: {error}", file=sys.stderr)
            status = max(status, STATUS["unreadable"])
            continue
        status = max(status, STATUS[one["answer"]])
        found.append(one)
        if not args.json:
            print(one["sentence"], flush=True)
    if args.json and len(args.file) > 1:
        print(json.dumps(found))
    elif args.json and found:
        print(json.dumps(found[0]))
    return status


def examine(file: Path, trusted: bytes | None) -> dict[str, Any]:
    """What a file says of itself, as `--json` prints it.

    Args:
        file: a video, a picture or a folder of pictures.
        trusted: certificates, PEM.

    Raises:
        GiocondaError: if it cannot be read.
    """
    from gioconda.media.files import check_readable
    from gioconda.provenance import CHANCE, Manifest, find_mark, read_manifest

    manifest = Manifest("absent")
    if not file.is_dir():
        check_readable(file)
        manifest = read_manifest(file, trusted)
    mark = find_mark(_frames(file))
    number = {} if mark.id is None else {"id": f"{mark.id:08x}"}
    return {
        "file": str(file),
        "answer": verdict(manifest, mark),
        "sentence": say(file.name, manifest, mark),
        "manifest": asdict(manifest),
        "mark": asdict(mark) | number,
        "false_positive_rate": CHANCE,
    }


def verdict(manifest: "Manifest", mark: "Finding") -> str:
    """A key of STATUS."""
    if manifest.state == "tampered":
        return "tampered"
    if manifest.state != "absent" and manifest.generator.startswith("Gioconda"):
        return "signed"
    return "marked" if mark.found else "not found"


def say(name: str, manifest: "Manifest", mark: "Finding") -> str:
    """The answer in one sentence."""
    from gioconda.provenance import CHANCE

    if not mark.found:
        seen = (
            "its pictures have no invisible mark that can be found (damage can hide a mark, so "
            "this proves nothing)"
        )
    else:
        number = "its id can no longer be read" if mark.id is None else f"id {mark.id:08x}"
        seen = (
            f"Gioconda's invisible mark is in its pictures ({number}; chance matches as well in at "
            f"most 1 of {_power(mark.chance)} videos, and fewer than 1 search of {_power(CHANCE)} "
            "raises a false alarm)"
        )
    if manifest.state == "absent":
        claim = f"{name} was made by Gioconda" if mark.found else f"{name} is not known"
        return f"{claim}: it has no signed manifest, and {seen}."
    made = f"{manifest.generator or 'an unknown program'} on {manifest.time or 'an unknown day'}"
    if manifest.state == "tampered":
        failed = ", ".join(p for p in manifest.problems if p != "signingCredential.untrusted")
        return (
            f"{name} was CHANGED after it was signed, or its signature is damaged ({failed}): it "
            f"claims to be by {made}, and {seen}."
        )
    if manifest.state == "trusted":
        who = f"signed by {manifest.signer}, whom you trust"
    elif manifest.local:
        who = (
            "signed with a local key, which proves that nobody changed it since, but not who "
            "made it"
        )
    else:
        who = f"signed in the name of {manifest.signer}, which nothing here proves"
    consent = manifest.output.get("consent")
    allowed = f', with the consent "{consent}"' if consent else ""
    return f"{name} was made by {made}{allowed}, {who}; {seen}."


def _power(chance: float) -> str:
    from math import ceil, log10

    exponent = -ceil(log10(max(chance, 1e-300)))
    return f"{10**exponent:,}" if exponent <= 6 else f"10^{exponent}"


def _frames(path: Path) -> "Iterator[NDArray[np.uint8]]":
    """The pictures of a video, of a folder in the order of their names, or one picture."""
    from gioconda.media import read_image, read_video
    from gioconda.media.image import SUFFIXES

    if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
        yield from read_video(path)
        return
    files = path.iterdir() if path.is_dir() else [path]
    pictures = sorted(file for file in files if file.suffix.lower() in SUFFIXES)
    if not pictures:
        raise GiocondaError(f"{path} has no pictures; expected {', '.join(SUFFIXES)}")
    for file in pictures:
        yield read_image(file)
