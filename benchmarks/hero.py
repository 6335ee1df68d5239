"""The moving picture on top of the README: portraits that speak, side by side, without sound.

    python benchmarks/hero.py --song SONG -o docs/images/hero.webp

The Mona Lisa sings SONG, the bundled photo speaks the bundled voice, and a drawing, made here of
Vermeer's Girl with a Pearl Earring, speaks it happily. Each with its sound:

    gioconda animate src/gioconda/example/mona-lisa.jpg SONG -o mona-lisa.mp4
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from gioconda import Animator, Controls, example, make_portrait
from gioconda.media import FPS, read_audio, read_image
from gioconda.provenance import Unmarked

SIDE = 320  # of each portrait in the picture
DRAWN = 800  # of a frame, of which
WIDE = 2.9  # inter-ocular distances about the face are shown
EVERY = 2  # frames of a video to one of the picture
FOLDER = Path(example.PHOTO).parent


def drawing(picture: np.ndarray) -> np.ndarray:
    """A picture as a pencil would have it, on yellowed paper."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = cv2.GaussianBlur(grey, (0, 0), grey.shape[0] / 120)
    lines = np.clip(255 * (grey + 40) / (around + 40), 0, 255)
    tone = 90 + 0.65 * cv2.bilateralFilter(grey, 9, 40, 9)
    pencil = lines * np.clip(tone, 0, 255) / 255
    paper = np.array([0.99, 0.95, 0.87], np.float32)
    drawn: np.ndarray = (pencil[..., None] * paper).astype(np.uint8)
    return drawn


def speaking(picture: np.ndarray, voice: np.ndarray, controls: Controls) -> list[np.ndarray]:
    """Frames of a portrait, (SIDE, SIDE, 3)."""
    portrait = make_portrait(picture, DRAWN)
    animator = Animator(portrait, controls=controls, mark=Unmarked())
    head = portrait.head
    side = round(WIDE * float(head.size[0]))
    middle = head.centre[0] + [0, 0.35 * float(head.size[0])]
    left, top = np.clip(np.rint(middle - side / 2), 0, DRAWN - side).astype(int)
    shown = (frame for i, frame in enumerate(animator.speak(voice)) if i % EVERY == 0)
    return [
        cv2.resize(
            frame[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA
        )
        for frame in shown
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--song", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--quality", type=int, default=55)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    count = round(args.seconds * 16000)
    spoken = example.voice(args.seconds)
    rows = (
        (read_image(FOLDER / "mona-lisa.jpg"), read_audio(args.song)[:count], Controls()),
        (example.photo(), spoken, Controls()),
        (
            drawing(read_image(FOLDER / "pearl-earring.jpg")),
            spoken,
            Controls(emotion={"happy": 0.8}),
        ),
    )
    together = zip(*(speaking(*row) for row in rows), strict=False)
    pictures = [Image.fromarray(np.hstack(frames)) for frames in together]
    pictures[0].save(
        args.output,
        save_all=True,
        append_images=pictures[1:],
        duration=1000 * EVERY // FPS,
        loop=0,
        quality=args.quality,
        method=6,
    )
    print(f"{args.output}: {len(pictures)} pictures, {args.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
