"""Contact sheets: each portrait at rest and in the most different frames of its speech.

    python benchmarks/contact_sheet.py PICTURES VOICE -o FOLDER [--full] [--rows N]

PICTURES is a folder; pictures that are refused are listed with the reason. The frames are the
same for all: the head's ends to each side, up, down and in tilt, the two widest mouths, a blink.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from gioconda import Controls, GiocondaError, Portrait
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator import LATER, GeneratedMotion, Generator
from gioconda.media import SAMPLE_RATE, Picture, Sound, read_audio, write_image
from gioconda.portrait import read_portrait
from gioconda.renderer import Renderer

_APART = 12  # frames between the two widest mouths


def speech(voice: Sound, controls: Controls) -> tuple[GeneratedMotion, list[int]]:
    """The motion of a voice, and its most different frames."""
    generator, basis = Generator(controls=controls, later=LATER), released_basis()
    motion = generator.append(np.pad(voice, (0, SAMPLE_RATE)))  # late enough for every frame
    faces = basis.rebuild(motion.dynamics, basis.mean)
    lids, mouth = measure.lid_opening(faces).mean(1), measure.mouth_opening(faces)
    yaw, pitch, roll = motion.pose[:, :3].T
    widest = int(mouth.argmax())
    mouth[max(widest - _APART, 0) : widest + _APART] = 0
    ends = [yaw.argmin(), yaw.argmax(), pitch.argmax(), pitch.argmin(), np.abs(roll).argmax()]
    return motion, [int(i) for i in (*ends, widest, mouth.argmax(), lids.argmin())]


def drawn(portrait: Portrait, motion: GeneratedMotion, picks: list[int], full: bool) -> Picture:
    """Frames side by side, the one at rest first."""
    renderer = Renderer(portrait, full=full)
    frames = [renderer.render(portrait.pose, portrait.expression).copy()]
    moved = portrait.performed(motion, motion.free)
    frames += [renderer.render(moved.pose[i], moved.dynamics[i]).copy() for i in picks]
    return np.hstack(frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("voice", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="the whole photo, not a square")
    parser.add_argument("--amplitude", type=float, default=1.5, help="the dial")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--cell", type=int, default=256, help="height of one frame in pixels")
    parser.add_argument("--rows", type=int, default=16, help="portraits a sheet")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    voice = read_audio(args.voice)[: 8 * SAMPLE_RATE]
    motion, picks = speech(voice, Controls(amplitude=args.amplitude))
    rows: list[Picture] = []
    for file in sorted(args.pictures.iterdir()):
        try:
            portrait = read_portrait(file, None if args.full else args.size)
        except GiocondaError as refusal:
            print(f"{file.name}: refused: {refusal}", flush=True)
            continue
        row = drawn(portrait, motion, picks, args.full)
        width = row.shape[1] * args.cell // len(row)
        small = cv2.resize(row, (width, args.cell), interpolation=cv2.INTER_AREA)
        rows.append(np.asarray(small, np.uint8))
        print(f"{file.name}: sheet {(len(rows) - 1) // args.rows}: {portrait.note or 'ok'}")
    for first in range(0, len(rows), args.rows):
        page = rows[first : first + args.rows]
        wide = max(row.shape[1] for row in page)
        page = [np.pad(row, ((0, 0), (0, wide - row.shape[1]), (0, 0))) for row in page]
        write_image(args.output / f"{first // args.rows:03d}.png", np.vstack(page))


if __name__ == "__main__":
    main()
