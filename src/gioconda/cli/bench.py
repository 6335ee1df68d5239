"""gioconda bench: how fast, stage by stage; how much memory."""

import argparse
from pathlib import Path
from typing import Any

from gioconda.cli import Subparsers, minutes, positive
from gioconda.cli.animate import size
from gioconda.cli.table import show
from gioconda.errors import GiocondaError


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("bench", help="measure speed or memory on this machine")
    parser.add_argument(
        "what",
        nargs="?",
        choices=("speed", "generator", "decoder", "memory", "live", "provenance"),
        default="speed",
        help="speed of every stage (default); speed and delay of speech to motion alone; the "
        "learned decoder alone; peak memory for 10 s and for 5 minutes of speech; how soon a "
        "live portrait answers and how many this machine holds; or how well mark and signature "
        "hold",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        help="a file of `gioconda train renderer` (default: the released networks)",
    )
    parser.add_argument(
        "--size", type=size, default=512, help="side of the video in pixels (default 512)"
    )
    live = parser.add_argument_group("live")
    live.add_argument("--trials", type=positive, default=100, help="of latency (default 100)")
    live.add_argument(
        "--minutes", type=minutes, default=1.0, help="to watch one viewer's pace (default 1)"
    )
    marks = parser.add_argument_group("provenance")
    marks.add_argument(
        "--portraits", nargs="*", type=Path, default=(), help="pictures to speak and be attacked"
    )
    marks.add_argument(
        "--unmarked", nargs="*", type=Path, default=(), help="videos in which no mark may be found"
    )
    marks.add_argument(
        "--keys", type=positive, default=1, help="search each of them with so many keys (default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure."""
    if args.what == "memory":
        _memory(args)
    elif args.what == "decoder":
        _decoder(args)
    elif args.what == "provenance":
        _provenance(args)
    elif args.what == "live":
        _live(args)
    elif args.what == "generator":
        _generator(args)
    else:
        _speed(args)
    return 0


def _speed(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_speed

    result = bench_speed(args.size, seconds=20, model=args.model)
    line = result["pipeline"]
    title = (
        f"{args.size} x {args.size}, {result['seconds']:.0f} s of speech\n"
        f"whole line: {line['fps']:.0f} frames a second, "
        f"{line['times_real_time']:.1f} times real time, "
        f"{line['ratio_to_encoding_alone']:.2f} of the speed of encoding alone; "
        f"portrait made ready in {result['portrait_seconds']:.2f} s"
    )
    _show_stages(result, args.json, title)


def _decoder(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_decoder

    result = bench_decoder(args.size, args.model)
    title = (
        "{decoder_gmac:.2f} GMAC a frame, {encoder_gmac:.2f} once for each portrait; "
        "PSNR of the drawn view against f32: "
    ).format(**result) + ", ".join(f"{k} {v:.1f} dB" for k, v in result["psnr"].items())
    _show_stages(result, args.json, title)


def _show_stages(result: dict[str, Any], as_json: bool, title: str) -> None:
    rows = [
        [row["stage"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", f"{row['fps']:.0f}"]
        for row in result["stages"]
    ]
    show(result, as_json, title, ["stage", "ms a frame, median", "p95", "frames a second"], rows)


def _generator(args: argparse.Namespace) -> None:
    from gioconda.evaluation.latency import bench_generator
    from gioconda.generator import BaselineGenerator, Generator

    makers = {"generator": Generator, "version 0": BaselineGenerator}
    result = bench_generator(makers, args.size)
    rows = [
        [
            name,
            f"{row['fps']:.0f}",
            f"{row['median_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
            f"{row['to_rendering']:.2f}",
            f"{row['hop']:.0f}",
            f"{row['look_ahead_ms']:.0f}",
            f"{row['latency_ms']:.0f}",
        ]
        for name, row in result["generators"].items()
    ]
    title = (
        "Speech to motion alone, {seconds:.0f} s of speech; drawing a frame of {size} x {size} "
        "takes {render_ms:.2f} ms"
    ).format(**result)
    heads = ["", "frames a second", "ms a hop", "p95", "of drawing", "hop, frames"]
    show(result, args.json, title, [*heads, "look-ahead, ms", "both, ms"], rows)


def _live(args: argparse.Namespace) -> None:
    from gioconda.cli.progress import progress_bar

    try:
        from gioconda.evaluation.live import bench_live
    except ModuleNotFoundError as error:
        raise GiocondaError(
            f"{error.name} is missing; install Gioconda with its live parts: "
            "pip install 'gioconda[live]'"
        ) from error
    with progress_bar("trials") as report:
        result = bench_live(args.trials, args.minutes, report=report)
    title = (
        f"{result['size']} x {result['size']}, {result['frame_ms']:.1f} ms of processor time a "
        f"frame; first decoded frame {result['first_frame_ms']['p50']:.0f} ms after asking for a "
        f"session (at most {result['first_frame_ms']['most']:.0f})\n"
        f"viewers at once with 25 frames a second and under 1 % late: {result['viewers']}"
    )
    if "pace" in result:
        title += (
            "\none viewer for {seconds:.0f} s: {fps:.1f} frames a second, {percent:.2f} % late"
        ).format(percent=100 * result["pace"]["late"], **result["pace"])
    heads = ["from the beginning of a sound", "p50, ms", "p95, ms", "trials"]
    rows = []
    for name, key in (
        ("undisturbed", "undisturbed"),
        ("in this process", "session"),
        ("through WebRTC", "webrtc"),
    ):
        for what, part in (
            ("to the frame that carries it", "shown"),
            ("to the mouth's opening", "opened"),
            ("of that the mouth's own", "own"),
        ):
            found = result[key][part]
            if found["p50_ms"] is not None:
                times = [f"{found[each]:.0f}" for each in ("p50_ms", "p95_ms")]
                rows.append([f"{name}, {what}", *times, str(found["trials"] - found["missing"])])
    show(result, args.json, title, heads, rows)


def _memory(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_memory

    lengths = bench_memory(args.size, (10, 300))
    rows = [[f"{r['seconds']:.0f}", f"{r['peak_mib']:.0f}", f"{r['fps']:.0f}"] for r in lengths]
    grown = lengths[-1]["peak_mib"] / lengths[0]["peak_mib"]
    title = (
        f"{args.size} x {args.size}, peak memory; ratio of the longest to the shortest {grown:.2f}"
    )
    heads = ["s of speech", "MiB at most", "frames a second"]
    show({"lengths": lengths, "ratio": grown}, args.json, title, heads, rows)


def _provenance(args: argparse.Namespace) -> None:
    import tempfile

    from gioconda.cli.progress import progress_bar
    from gioconda.evaluation.provenance import bench_chance, bench_mark, bench_signature

    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        result["signature"] = signature = bench_signature(Path(folder))
    title = (
        "signed in {sign_ms:.0f} ms: {whole}; {noticed} of {changed} changed bytes noticed; "
        "copied without its manifest: {copied}, mark still found: {still_found}"
    ).format(**signature)
    if args.unmarked:
        with progress_bar("unmarked videos") as report:
            result["chance"] = chance = bench_chance(args.unmarked, args.keys, report)
        title += (
            "\n{found} false positives in {searches} searches of unmarked video (under "
            "{at_most:.1e} with 95 % confidence; {designed:.0e} by construction; extrapolated from "
            "the highest scores, sync {sync[highest]:.1f} of {sync[needed]:.1f} and data "
            "{data[highest]:.1f} of {data[needed]:.1f}: {sync[rate]:.0e} and {data[rate]:.0e})"
        ).format(**chance)
    with progress_bar("attacks") as report:
        result["mark"] = mark = bench_mark(args.portraits, report)
    title += (
        "\nmark: {mark_ms:.2f} ms a frame on one core, PSNR {least:.1f} dB at least, {mean:.1f} in "
        "the mean, {portraits} portraits"
    ).format(**mark, **mark["psnr_db"])
    rows = [
        [name]
        + [
            f"{100 * r['found']:.0f} {100 * r['read']:.0f} {100 * r['bit_errors']:4.1f}"
            for r in lengths.values()
        ]
        for name, lengths in mark["attacks"].items()
    ]
    heads = ["% found, id read, coded bits wrong", "1 s", "2 s", "5 s"]
    show(result, args.json, title, heads, rows)
