"""``gioconda track VIDEO -o m.npz``: a video becomes motion."""

import argparse
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from gioconda.cli.options import Subparsers, add_option, add_output
from gioconda.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("track", help="turn the face of a video into a motion file")
    add_option(parser, "VIDEO", Path, "a video of a face")
    add_output(parser, "motion file, .npz")


def run(args: argparse.Namespace) -> None:
    from gioconda.face.encode import encode
    from gioconda.face.tracker import track
    from gioconda.media import FPS, read_video
    from gioconda.media.files import PendingFile, check_apart

    check_apart(args.output, [args.video])
    PendingFile(args.output, (".npz",)).discard()  # before the work, is it writable?
    video = read_video(args.video)
    start = perf_counter()
    with progress_bar("frames") as report:

        def counted() -> "Iterator[NDArray[np.uint8]]":
            for i, frame in enumerate(video, start=1):
                yield frame
                report(i, max(i, video.count))

        found = track(counted())
    motion, _ = encode(found)
    motion.save(args.output)
    seconds = perf_counter() - start
    missed = f", face not seen in {(~found.seen).sum()}" if not found.seen.all() else ""
    print(
        f"{args.output}: {len(motion)} frames ({len(motion) / FPS:.1f} s){missed}; "
        f"took {seconds:.1f} s, {len(motion) / seconds:.0f} frames a second"
    )
