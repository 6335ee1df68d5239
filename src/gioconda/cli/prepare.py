"""``gioconda prepare SOURCE... -o SHARDS``: videos become clean training shards."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gioconda.cli.options import JSON, Subparsers, add_options, adder, number, positive
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import show
from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from gioconda.data.videos.quality import Limits


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("prepare", help="turn talking videos into training shards")
    add = adder(parser)
    share = number("a share from 0 to 1", lambda value: 0 <= value <= 1)
    mebibytes = number("a size above 0 in MiB", lambda value: 0 < value < float("inf"))
    many = {"action": "append", "default": []}
    add(
        "sources",
        Path,
        "a folder, a video, a .txt list, or a .csv table of clip, person, split, licence, ...",
        metavar="SOURCE",
        nargs="*",
    )
    add("-o --output FOLDER", Path, "folder for the shards", required=True)
    add("--processes N", positive, "processes on this machine (default: one per core)")
    of_videos = (
        add(
            "--val SHARE",
            share,
            "share of the people to keep for evaluation (default 0.05)",
            default=0.05,
        ),
        add("--licence NAME", str, "licence of videos without one in a table", default=""),
        add("--release", bool, "refuse clips that may not be trained on and released"),
        add(
            "--allow-licence NAME",
            str,
            "a licence that --release accepts as well; may be repeated",
            **many,
        ),
        add("--limit NAME=VALUE", str, "quality limit, see docs/data.md; may be repeated", **many),
        add("--shard-size MIB", mebibytes, "largest shard (default: %(default)s)", default=50),
        add("--ray ADDRESS", str, "use a Ray cluster ('local' starts one on this machine)"),
        add("--work FOLDER", Path, "keep unfinished work here for a later run"),
    )
    add(
        "--tts",
        bool,
        "instead of videos: English sentences of flite and festival, with phone times",
    )
    add("--heads FOLDER", Path, "instead of videos: clips of synthetic heads, see docs/heads.md")
    add_options(parser, [JSON])
    parser.set_defaults(video_defaults={option.dest: option.default for option in of_videos})


def run(args: argparse.Namespace) -> None:
    from gioconda.data.videos.prepare import Options, prepare

    if args.tts:
        _spoken(args)
        return
    if args.heads:
        _heads(args)
        return
    if not args.sources:
        raise GiocondaError("no SOURCE is given; name a folder of videos, or a table")
    options = Options(
        val=args.val,
        licence=args.licence,
        release=args.release,
        allowed=tuple(args.allow_licence),
        limits=_limits(args.limit),
        shard_size=round(args.shard_size * 2**20),
    )
    with progress_bar("videos") as report:
        done = prepare(
            args.sources,
            args.output,
            options,
            args.processes,
            args.ray,
            args.work,
            lambda done, total, dropped: report(done, total, f"videos, {dropped} rejects"),
        )
    result: dict[str, Any] = {
        **done.manifest["figures"],
        "offsets": done.manifest["offsets"],
        "took_seconds": done.seconds,
        "videos_cut": done.fresh,
    }
    if done.core_seconds:
        result["video_minutes_a_core_hour"] = 60 * done.video_seconds / done.core_seconds
    heads = ["source", "clips", "sound late", "95 %", "left after correction", "95 %"]
    show(result, args.json, _summary(args.output, result), heads, _offsets(result["offsets"]))


def _summary(output: Path, result: dict[str, Any]) -> str:
    lines = [
        f"{output}: {result['clips']} clips, {result['minutes']:.1f} minutes, "
        f"{result['people']} people, {result['speech_minutes']:.1f} minutes of speech",
        *(
            f"dropped {v['count']} {kind}, {v['minutes']:.1f} min"
            for kind, v in sorted(result["rejects"].items())
        ),
    ]
    if "video_minutes_a_core_hour" in result:
        lines.append(
            f"{result['videos_cut']} videos cut in {result['took_seconds'] / 60:.1f} minutes; "
            f"{result['video_minutes_a_core_hour']:.0f} minutes of video in a core-hour"
        )
    else:
        lines.append("the set was there already; nothing was done")
    return "\n".join([*lines, "", "frames by which the sound comes after its picture"])


def _offsets(offsets: dict[str, Any]) -> list[list[str]]:
    rows = []
    for source, offset in offsets.items():
        cells = [source, str(offset["found"]["clips"])]
        for key in ("found", "left"):
            found = offset[key]
            mark = "" if found["sure"] else " ?"
            cells += [f"{found['frames']:.2f}{mark}", f"{found['low']:.2f} to {found['high']:.2f}"]
        rows.append(cells)
    return rows


def _spoken(args: argparse.Namespace) -> None:
    from gioconda.data.spoken.utterances import prepare_spoken

    _alone(args, "--tts")
    with progress_bar("sentences") as report:
        manifest = prepare_spoken(args.output, args.processes, report)
    figures = manifest["figures"]
    voices = sorted({voice["tool"] + " " + voice["name"] for voice in manifest["voices"]})
    title = (
        f"{args.output}: {sum(figures['utterances'].values())} sentences, "
        f"{sum(figures['minutes'].values()):.1f} minutes, {figures['diphones']} diphones\n"
        f"by {', '.join(voices)}; {len(manifest['failures'])} sentences failed"
    )
    rows = [[phone, str(count)] for phone, count in figures["phones"].items()]
    show(manifest, args.json, title, ["phone", "count"], rows)


def _heads(args: argparse.Namespace) -> None:
    from gioconda.data.heads.clips import prepare_heads

    _alone(args, "--heads")
    with progress_bar("heads") as report:
        manifest = prepare_heads(args.heads, args.output, report)
    rows = [[name, str(count)] for name, count in manifest["figures"].items()]
    show(manifest, args.json, f"{args.output}: clips of synthetic heads", ["", "count"], rows)


def _alone(args: argparse.Namespace, kind: str) -> None:
    """Refuse what is about videos beside another kind of set."""
    if args.sources:
        raise GiocondaError(f"{kind} makes its own set; leave out {args.sources[0]}")
    usual = args.video_defaults
    given = [option for option in usual if getattr(args, option) != usual[option]]
    if given:
        names = ", ".join(f"--{option.replace('_', '-')}" for option in given)
        raise GiocondaError(f"{names} is for videos and does not work with {kind}; leave it out")


def _limits(given: list[str]) -> "Limits":
    from gioconda.data.videos.quality import Limits

    names = [field.name for field in fields(Limits)]
    values = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            raise GiocondaError(f"--limit {text}; expected NAME=NUMBER") from None
        if name not in names:
            raise GiocondaError(f"--limit {text}; expected one of {', '.join(names)}")
    return Limits(**values)
