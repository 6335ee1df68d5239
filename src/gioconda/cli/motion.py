"""gioconda motion: a voice becomes motion."""

import argparse
import sys
from time import perf_counter

from gioconda.cli.dials import add_dial_options, read_controls
from gioconda.cli.options import LISTEN, Subparsers, add_options, add_output, adder
from gioconda.cli.progress import progress_bar


def add_parser(subparsers: Subparsers) -> None:
    """Offer the command."""
    parser = subparsers.add_parser("motion", help="turn a voice into a motion file")
    add = adder(parser)
    add("AUDIO", str, "a voice: any sound, or video with sound")
    add_output(parser, "motion file, .npz")
    add("--seed N", int, "another seed gives other head motion and blinks (default 0)", default=0)
    add_options(parser, [LISTEN])
    add_dial_options(parser)


def run(args: argparse.Namespace) -> None:
    """Move."""
    from gioconda.animator import HOP
    from gioconda.generator import LATER, Generator
    from gioconda.media import FPS, SAMPLE_RATE
    from gioconda.media.audio import hear, in_step
    from gioconda.media.files import PendingFile, check_apart
    from gioconda.motion import Motion

    controls = read_controls(args)
    check_apart(args.output, [args.audio])
    PendingFile(args.output, (".npz",)).discard()  # before the work, is it writable?
    generator = Generator(args.seed, controls, later=LATER)
    voices = [hear(file) for file in (args.audio, args.listen) if file]
    if voices[0].note:
        print(f"gioconda: note: {voices[0].note}", file=sys.stderr)
    start = perf_counter()
    total = -(-max(voice.samples for voice in voices) * FPS // SAMPLE_RATE)
    parts = []
    with progress_bar("frames") as report:
        for speech, *others in in_step(voices, HOP):
            for other in others:
                generator.listen(other)
            parts.append(generator.append(speech))
            report(sum(map(len, parts)), total)
        parts.append(generator.finish())
        report(total, total)
    motion = Motion.joined(parts)
    motion.save(args.output)
    seconds = perf_counter() - start
    print(
        f"{args.output}: {len(motion)} frames ({len(motion) / FPS:.1f} s); "
        f"took {seconds:.1f} s, {len(motion) / seconds:.0f} frames a second"
    )
