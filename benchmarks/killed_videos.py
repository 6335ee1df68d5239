"""Is a long video the same, packet by packet, however often the run that makes it is killed?

``python benchmarks/killed_videos.py PHOTO VOICE -o FOLDER [--kills 10] [--size 128] [OPTION...]``

Makes the video once undisturbed and once with kills at random moments (signal 9), each a whole run.
Then compares all that is coded in the two files, pictures and sound; a signature holds the time.
Other options are those of ``gioconda animate``, such as ``--plain-mouth``.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import av

ANIMATE = [
    *(sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())"),
    "animate",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("voice", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    args, options = parser.parse_known_args()
    args.options = options
    args.output.mkdir(parents=True)
    whole, killed = args.output / "whole.mp4", args.output / "killed.mp4"
    started = time.monotonic()
    if run(args, whole).wait():
        return 1  # it has said why
    seconds = time.monotonic() - started
    print(f"undisturbed: {seconds:.0f} s", flush=True)
    with av.open(str(whole)) as container:
        minutes = (container.duration or 0) / av.time_base / 60
    # most runs keep a minute, and the last ones are far in
    pace = max(10, 0.8 * seconds / args.kills, 2 * seconds / minutes)
    chance, started = random.Random(args.seed), time.monotonic()
    kills = 0
    process = run(args, killed)
    while kills < args.kills:
        try:
            process.wait(chance.uniform(0.5, 1.5) * pace)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            parts = [file for file in args.output.glob(".gioconda-*/*") if file.name.isdecimal()]
            print(f"kill {kills}: {len(parts)} minutes are kept", flush=True)
            process = run(args, killed)
    if process.wait():
        return 1
    same = coded(whole) == coded(killed)
    print(
        f"{kills} kills, {time.monotonic() - started:.0f} s; "
        f"{'the same packets' if same else 'NOT the same packets'}"
    )
    return 0 if same else 1


def run(args: argparse.Namespace, output: Path) -> "subprocess.Popen[bytes]":
    files = [str(args.photo), str(args.voice), "-o", str(output), "--size", str(args.size)]
    return subprocess.Popen([*ANIMATE, *files, *args.options], stdout=subprocess.DEVNULL)


def coded(file: Path) -> list[tuple[int, int | None, str]]:
    """Of all packets stream, time and hash."""
    with av.open(str(file)) as container:
        return [
            (packet.stream.index, packet.pts, hashlib.sha256(bytes(packet)).hexdigest())
            for packet in container.demux()
            if packet.size
        ]


if __name__ == "__main__":
    sys.exit(main())
