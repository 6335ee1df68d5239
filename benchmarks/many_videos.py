"""How much sooner is one command with many videos than a command for each, and are they the same?

``python benchmarks/many_videos.py PHOTO VOICE -o FOLDER [--pairs 20] [--size 64] [--ray]``

Makes videos of PHOTO and of pieces of VOICE, each with other words: by one command, by a command
for each, and with ``--ray`` by a Ray cluster on this machine, which has a worker for each core.
Prints the time of each, waited and of all processors, and whether all that is coded is the same (a
signature holds the time). It ends with 1 if it is not.
"""

import argparse
import resource
import subprocess
import sys
import time
import wave
from pathlib import Path

from killed_videos import ANIMATE, coded

from gioconda.media import SAMPLE_RATE, read_audio, to_int16

SECONDS = 1.0  # of each voice


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("voice", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--ray", action="store_true", help="by workers of Ray, too")
    args = parser.parse_args()
    args.output.mkdir(parents=True)
    voices = pieces(args.voice, args.output, args.pairs)
    one, each = args.output / "one", args.output / "each"
    each.mkdir()
    ways = [
        ("one command", one, [[*voices, "-o", one, "--workers", 1]]),
        ("a command for each", each, [[v, "-o", each / f"{v.stem}.mp4"] for v in voices]),
    ]
    if args.ray:
        many = args.output / "ray"
        ways.append(("workers of Ray", many, [[*voices, "-o", many, "--ray", "local"]]))
    for name, _, commands in ways:
        took, spent = timed([[args.photo, *rest, "--size", args.size] for rest in commands])
        print(f"{name}: {took:.1f} s, {spent:.1f} s of processor time", flush=True)
    same = True
    for name, folder, _ in ways[1:]:
        other = [v.stem for v in voices if found(folder, v) != found(one, v)]
        same &= not other
        print(f"{name}: {'the same packets' if not other else 'NOT the same: ' + str(other)}")
    return 0 if same else 1


def pieces(voice: Path, folder: Path, count: int) -> list[Path]:
    """Wav files of a second each, from all over a voice."""
    pcm = to_int16(read_audio(voice))
    size = round(SECONDS * SAMPLE_RATE)
    step = max(0, len(pcm) - size) // max(1, count - 1)
    files = [folder / f"{i:03}.wav" for i in range(count)]
    for i, path in enumerate(files):
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(pcm[i * step : i * step + size].tobytes())
    return files


def timed(commands: list[list[object]]) -> tuple[float, float]:
    """Seconds that commands took one after the other, and seconds of processor time."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        subprocess.run([*ANIMATE, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, spent


def found(folder: Path, voice: Path) -> list[tuple[int, int | None, str]]:
    return coded(folder / f"{voice.stem}.mp4")


if __name__ == "__main__":
    sys.exit(main())
