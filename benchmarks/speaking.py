"""Portraits that speak in many voices, to be looked at and listened to.

    python benchmarks/speaking.py PORTRAITS... --voices VOICES... -o FOLDER

For each voice FOLDER gets an mp4 with all portraits side by side and that voice, and a sheet of
its frames, evenly spread, one row for each portrait.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from gioconda import Animator, Controls, make_portrait
from gioconda.media import SAMPLE_RATE, VideoWriter, read_audio, read_image, write_image

_COLUMNS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portraits", type=Path, nargs="+")
    parser.add_argument("--voices", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256, help="side of one portrait in pixels")
    parser.add_argument("--seconds", type=float, default=8, help="of each voice")
    parser.add_argument("--controls", type=Path, help="a YAML file that sets the dials")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    controls = Controls.load(args.controls) if args.controls else Controls()
    portraits = [make_portrait(read_image(file), args.size) for file in args.portraits]
    for file in args.voices:
        pcm = read_audio(file)[: round(args.seconds * SAMPLE_RATE)]
        total = -(-len(pcm) // 640)
        wanted = set(np.linspace(0, total - 1, _COLUMNS).astype(int).tolist())
        casts = [Animator(one, i, controls).speak(pcm) for i, one in enumerate(portraits)]
        sheet = []
        video = args.output / f"{file.stem}.mp4"
        with VideoWriter(video, args.size, args.size * len(portraits), pcm) as out:
            for i, frames in enumerate(islice(zip(*casts, strict=True), total)):
                row = np.hstack(frames)
                out.write(row)
                if i in wanted:
                    sheet.append(np.vstack(frames))
        write_image(args.output / f"{file.stem}.png", np.hstack(sheet))
        print(video)


if __name__ == "__main__":
    main()
