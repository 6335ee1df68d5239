"""gioconda bench: how fast, stage by stage; how much memory."""

import argparse
from pathlib import Path

from gioconda.cli import Subparsers
from gioconda.cli.animate import size
from gioconda.cli.table import show


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("bench", help="measure speed or memory on this machine")
    parser.add_argument(
        "what",
        nargs="?",
        choices=("speed", "memory", "decoder"),
        default="speed",
        help="speed of every stage (default), peak memory for 10 s and for 5 minutes of speech, "
        "or the learned decoder alone",
    )
    parser.add_argument(
        "--model", metavar="FILE", type=Path, help="a file of `gioconda train renderer`"
    )
    parser.add_argument(
        "--size", type=size, default=512, help="side of the video in pixels (default 512)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure."""
    if args.what == "memory":
        _memory(args)
    elif args.what == "decoder":
        _decoder(args)
    else:
        _speed(args)
    return 0


def _speed(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_speed

    result = bench_speed(args.size, seconds=20, model=args.model)
    rows = [
        [row["stage"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", f"{row['fps']:.0f}"]
        for row in result["stages"]
    ]
    line = result["pipeline"]
    title = (
        f"{args.size} x {args.size}, {result['seconds']:.0f} s of speech\n"
        f"whole line: {line['fps']:.0f} frames a second, "
        f"{line['times_real_time']:.1f} times real time, "
        f"{line['ratio_to_encoding_alone']:.2f} of the speed of encoding alone; "
        f"portrait made ready in {result['portrait_seconds']:.2f} s"
    )
    show(result, args.json, title, ["stage", "ms a frame", "p95", "frames a second"], rows)


def _decoder(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_decoder

    result = bench_decoder(args.size, args.model)
    rows = [
        [row["stage"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}", f"{row['fps']:.0f}"]
        for row in result["stages"]
    ]
    title = (
        "{decoder_gmac:.2f} GMAC a frame, {encoder_gmac:.2f} once for each portrait; "
        "PSNR of the drawn view against f32: "
    ).format(**result) + ", ".join(f"{k} {v:.1f} dB" for k, v in result["psnr"].items())
    show(result, args.json, title, ["stage", "ms a frame", "p95", "frames a second"], rows)


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
