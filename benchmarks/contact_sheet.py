"""A contact sheet: portraits x 6 frames that speak and 6 that are driven by a video.

    python benchmarks/contact_sheet.py PORTRAITS VOICE DRIVER -o sheet.png

PORTRAITS is a folder of pictures; those that are refused are listed with the reason. The
driven frames are the most different ones of the driver: turned most to each side, up, down,
lids most shut, mouth most open.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from gioconda import Animator, GiocondaError, Motion, make_portrait
from gioconda.face import measure
from gioconda.face.encode import encode
from gioconda.face.tracker import track
from gioconda.media import read_audio, read_image, read_video, write_image
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

_FRAMES = 6


def speaking(portrait: Portrait, voice: np.ndarray, cell: int) -> list[np.ndarray]:
    """Frames spread evenly over the voice."""
    animator = Animator(portrait)
    total = len(voice) // 640
    wanted = set(np.linspace(0.1 * total, 0.95 * total, _FRAMES).astype(int).tolist())
    frames = enumerate(animator.speak(voice))
    return [small(frame, cell) for i, frame in frames if i in wanted]


def driven(portrait: Portrait, motion: Motion, picks: list[int], cell: int) -> list[np.ndarray]:
    """The picked frames of a motion about the portrait's own pose."""
    renderer = Renderer(portrait)
    moved = portrait.driven(motion)
    return [small(renderer.render(moved.pose[i], moved.dynamics[i]), cell) for i in picks]


def extremes(motion: Motion, portrait: Portrait) -> list[int]:
    """Frames in which the driver does the most."""
    faces = portrait.basis.rebuild(motion.dynamics, portrait.neutral)
    lids, gaze = measure.lid_opening(faces).mean(1), measure.gaze(faces)[:, 0]
    pose = motion.pose
    return [
        int(i)
        for i in (
            pose[:, 0].argmin(),
            pose[:, 0].argmax(),
            np.abs(pose[:, 1] - np.median(pose[:, 1])).argmax(),
            lids.argmin(),
            np.abs(gaze - np.median(gaze)).argmax(),
            measure.mouth_opening(faces).argmax(),
        )
    ]


def small(frame: np.ndarray, cell: int) -> np.ndarray:
    return cv2.resize(frame, (cell, cell), interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portraits", type=Path)
    parser.add_argument("voice", type=Path)
    parser.add_argument("driver", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--cell", type=int, default=256, help="side of one frame in pixels")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--only", nargs="*", help="names of pictures, without their endings")
    args = parser.parse_args()
    voice = read_audio(args.voice)[: 16000 * 8]
    motion, _ = encode(track(read_video(args.driver)))
    rows = []
    for file in sorted(args.portraits.glob("*.jpg")):
        if args.only and file.stem not in args.only:
            continue
        try:
            portrait = make_portrait(read_image(file), args.size)
        except GiocondaError as refusal:
            print(f"{file.name}: refused: {refusal}")
            continue
        frames = speaking(portrait, voice, args.cell)
        frames += driven(portrait, motion, extremes(motion, portrait), args.cell)
        rows.append(np.hstack(frames))
        print(f"{file.name}: {portrait.note or 'ok'}")
    write_image(args.output, np.vstack(rows))


if __name__ == "__main__":
    main()
