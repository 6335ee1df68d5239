"""gioconda bench: how fast, stage by stage; how much memory; how well marks hold."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.cli import Subparsers, needs
from gioconda.cli.options import JSON, Commands, add_options, adder, minutes, positive, size
from gioconda.cli.progress import progress_bar
from gioconda.cli.table import cells, headings, show

if TYPE_CHECKING:
    from gioconda.evaluation.provenance import ProvenanceBench
    from gioconda.evaluation.speed import DecoderBench, SpeedBench

_BENCHES = Commands()  # each takes the arguments


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("bench", help="measure speed or memory on this machine")
    add = adder(parser)
    meaning = "; ".join(f"{name}: {bench.help}" for name, bench in _BENCHES.items())
    add("what", tuple(_BENCHES), meaning, nargs="?", default="speed")
    add("--size N", size, "side of the video in pixels (default 512)", default=512)
    add("--photo FILE", Path, "a photo instead of the bundled one")
    add("--full", bool, "the whole photo, at its own resolution (without --size)")
    add("--speech N", positive, "seconds of speech (default 20)", default=20)
    live = adder(parser.add_argument_group("live"))
    live("--trials N", positive, "how many answers to time (default 100)", default=100)
    live("--minutes N", minutes, "how long to watch a viewer (default 1)", default=1.0)
    memory = adder(parser.add_argument_group("memory"))
    memory(
        "--seconds N",
        positive,
        "lengths of speech (default 10 300; an hour, 3600, takes half an hour)",
        nargs="+",
        default=(10, 300),
    )
    marks = adder(parser.add_argument_group("provenance"))
    many = {"nargs": "*", "default": ()}
    marks("--portraits FILE", Path, "pictures to animate and attack", **many)
    marks("--unmarked FILE", Path, "videos in which no mark may be found", **many)
    marks("--keys N", positive, "how many keys to search them with (default 1)", default=1)
    add_options(parser, [JSON])


def run(args: argparse.Namespace) -> None:
    """Measure."""
    from gioconda.start import lighten

    lighten()
    _BENCHES[args.what].run(args)


@_BENCHES.offer("every stage (default)")
def _speed(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_speed

    result = bench_speed(args.size, args.speech, args.photo, args.full)
    whole = result.pipeline
    title = (
        f"{result.width} x {result.height}, {result.seconds:.0f} s of speech\n"
        f"whole line: {whole.fps:.0f} frames a second, "
        f"{whole.times_real_time:.1f} times real time, "
        f"{whole.ratio_to_encoding_alone:.2f} of the speed of encoding alone; "
        f"portrait made ready in {result.portrait_seconds:.2f} s"
    )
    _show_stages(result, args.json, title)


@_BENCHES.offer("the learned decoder alone")
def _decoder(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import bench_decoder

    result = bench_decoder(args.size)
    psnr = ", ".join(f"{name} {value:.1f} dB" for name, value in result.psnr.items())
    title = (
        f"{result.decoder_gmac:.2f} GMAC a frame, {result.encoder_gmac:.2f} once for each "
        f"portrait; PSNR of the drawn view against f32: {psnr}"
    )
    _show_stages(result, args.json, title)


def _show_stages(result: "SpeedBench | DecoderBench", as_json: bool, title: str) -> None:
    from gioconda.evaluation.speed import Stage

    rows = [[stage.stage, *cells(stage)] for stage in result.stages]
    show(result, as_json, title, ["stage", *headings(Stage)], rows)


@_BENCHES.offer("speed and delay of speech to motion")
def _generator(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import Delay, GeneratorSpeed, bench_generator
    from gioconda.generator import BaselineGenerator, Generator

    result = bench_generator({"generator": Generator, "version 0": BaselineGenerator}, args.size)
    rows = [[name, *cells(row), *cells(row.delay)] for name, row in result.generators.items()]
    title = (
        f"Speech to motion alone, {result.seconds:.0f} s of speech; drawing a frame of "
        f"{args.size} x {args.size} takes {result.render_ms:.2f} ms"
    )
    show(result, args.json, title, ["", *headings(GeneratorSpeed), *headings(Delay)], rows)


@_BENCHES.offer("how soon a live portrait answers and how many this machine serves")
def _live(args: argparse.Namespace) -> None:
    with needs("live"):
        from gioconda.evaluation.live import Latency, bench_live
    with progress_bar("trials") as report:
        result = bench_live(args.trials, args.minutes, report=report)
    title = (
        f"{result.size} x {result.size}, {result.frame_ms:.1f} ms of processor time a "
        f"frame; first decoded frame {result.first_frame.p50_ms:.0f} ms after asking for a "
        f"session (at most {result.first_frame.most_ms:.0f})\n"
        f"viewers at once with 25 frames a second and under 1 % late: {result.viewers}"
    )
    if pace := result.pace:
        title += (
            f"\none viewer for {pace.seconds:.0f} s: {pace.fps:.1f} frames a second, "
            f"{100 * pace.late:.2f} % late"
        )
    rows = [
        [f"{name}, {what}", *cells(found), str(found.trials - found.missing)]
        for name, way in (
            ("undisturbed", result.undisturbed),
            ("in this process", result.session),
            ("through WebRTC", result.webrtc),
        )
        for what, found in (
            ("to the frame that carries it", way.frame),
            ("to the mouth's opening", way.opening),
            ("of that the mouth's own", way.mouth),
        )
        if found.p50_ms is not None
    ]
    heads = ["from the beginning of a sound", *headings(Latency), "trials"]
    show(result, args.json, title, heads, rows)


@_BENCHES.offer("the peak for speech of several lengths")
def _memory(args: argparse.Namespace) -> None:
    from gioconda.evaluation.speed import Memory, bench_memory

    result = bench_memory(args.size, args.seconds)
    rows = [[f"{memory.seconds:.0f}", *cells(memory)] for memory in result.lengths]
    title = (
        f"{args.size} x {args.size}, peak memory; the peaks are {result.spread_mib:.0f} MiB apart"
    )
    show(result, args.json, title, ["s of speech", *headings(Memory)], rows)


@_BENCHES.offer("how well mark and signature hold")
def _provenance(args: argparse.Namespace) -> None:
    import tempfile

    from gioconda.evaluation import provenance

    with tempfile.TemporaryDirectory() as folder:
        signature = provenance.bench_signature(Path(folder))
    chance = None
    if args.unmarked:
        with progress_bar("unmarked videos") as report:
            chance = provenance.bench_chance(args.unmarked, args.keys, report)
    with progress_bar("attacks") as report:
        mark = provenance.bench_mark(args.portraits, report)
    result = provenance.ProvenanceBench(signature, chance, mark)
    rows = [
        [
            name,
            *(
                f"{100 * rates.found:.0f} {100 * rates.read:.0f} {100 * rates.bit_errors:4.1f}"
                for rates in lengths.values()
            ),
        ]
        for name, lengths in mark.attacks.items()
    ]
    heads = [
        "% found, id read, coded bits wrong",
        *(f"{seconds} s" for seconds in provenance.LENGTHS),
    ]
    show(result, args.json, _provenance_title(result), heads, rows)


def _provenance_title(result: "ProvenanceBench") -> str:
    signature, chance, mark = result.signature, result.chance, result.mark
    lines = [
        f"signed in {signature.sign_ms:.0f} ms: {signature.whole}; {signature.noticed} of "
        f"{signature.changed} changed bytes noticed; copied without its manifest: "
        f"{signature.copied}, mark still found: {signature.still_found}"
    ]
    if chance:
        sync, data = chance.sync, chance.data
        lines.append(
            f"{chance.found} false positives in {chance.searches} searches of unmarked video "
            f"(under {chance.at_most:.1e} with 95 % confidence; {chance.designed:.0e} by "
            f"construction; extrapolated from the highest scores, sync {sync.highest:.1f} of "
            f"{sync.needed:.1f} and data {data.highest:.1f} of {data.needed:.1f}: "
            f"{sync.rate:.0e} and {data.rate:.0e})"
        )
    lines.append(
        f"mark: {mark.mark_ms:.2f} ms a frame on one core, PSNR {mark.psnr_least:.1f} dB at "
        f"least, {mark.psnr_mean:.1f} in the mean, {mark.portraits} portraits"
    )
    return "\n".join(lines)
