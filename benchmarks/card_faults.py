"""The faults that the model cards tell of, drawn: strips of the bundled portraits.

    python benchmarks/card_faults.py -o docs/images

Only portraits of `gioconda.example` are drawn, which are in the public domain.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from gioconda import example, make_portrait
from gioconda.emotions import PROTOTYPES
from gioconda.face import actions
from gioconda.generator import emotions
from gioconda.media import read_image, write_image
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

CELL = 256  # pixels of a picture of a strip
FACE, MOUTH = 2.6, 1.1  # inter-ocular distances that a cell shows
FOLDER = Path(example.PHOTO).parent


def portrait(name: str, size: int = 1080) -> Portrait:
    return make_portrait(read_image(FOLDER / f"{name}.jpg"), size)


def doing(who: Portrait, **weights: float) -> np.ndarray:
    """Dynamics (D,) of the portrait's own expression and of facial actions."""
    wanted = np.zeros(len(actions.ACTIONS))
    for name, weight in weights.items():
        wanted[actions.ACTIONS.index(name)] = weight
    return np.asarray(who.expression + actions.project(actions.face(wanted), who.basis))


def feeling(who: Portrait, emotion: str) -> np.ndarray:
    """Dynamics (D,) of an emotion at its full strength."""
    strengths = np.array([[float(name == emotion) for name in PROTOTYPES]])
    return np.asarray(who.expression + emotions.offset(strengths)[0])


def drawn(
    who: Portrait, dynamics: np.ndarray, yaw: float = 0.0, wide: float = FACE, below: float = 0.35
) -> np.ndarray:
    """A cell of the face, turned by so many degrees from how the photo shows it."""
    pose = who.pose.copy()
    pose[0] += np.deg2rad(yaw)
    frame = Renderer(who).render(pose, dynamics)
    unit = float(who.head.size[0])
    x, y = who.head.centre[0] + who.head.rotation[0][:2] @ [0, below * unit, 0]
    half = wide * unit / 2
    left, top = (int(np.clip(at - half, 0, who.size - 2 * half)) for at in (x, y))
    part = frame[top : top + round(2 * half), left : left + round(2 * half)]
    return cv2.resize(part, (CELL, CELL), interpolation=cv2.INTER_AREA)


def strips() -> Mapping[str, list[np.ndarray]]:
    """By the name of the file: its pictures, from the left."""
    mona, girl, photo = portrait("mona-lisa"), portrait("pearl-earring"), portrait("portrait")
    far = -np.sign(girl.pose[0]) * 12
    at_mouth = {"wide": MOUTH, "below": 1.0}
    talking = {"jawOpen": 0.5, "mouthStretchLeft": 0.6, "mouthStretchRight": 0.6}
    return {
        "faults-renderer": [
            drawn(girl, doing(girl, jawOpen=0.8), **at_mouth),
            drawn(mona, doing(mona, jawOpen=0.8), **at_mouth),
            drawn(photo, doing(photo, jawOpen=0.9, mouthFunnel=0.4), **at_mouth),
            drawn(mona, mona.expression, yaw=30),
        ],
        "faults-mouth": [drawn(who, doing(who, **talking), **at_mouth) for who in (mona, girl)],
        "faults-basis": [
            drawn(photo, photo.expression),
            drawn(photo, doing(photo, eyeBlinkLeft=1.0)),
            drawn(photo, doing(photo, browOuterUpRight=1.2)),
        ],
        "faults-generator": [
            drawn(photo, feeling(photo, "disgusted")),
            drawn(girl, feeling(girl, "angry"), yaw=far),
            drawn(girl, feeling(girl, "disgusted"), yaw=far),
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder")
    args = parser.parse_args()
    for name, pictures in strips().items():
        write_image(args.output / f"{name}.jpg", np.hstack(pictures))
        print(args.output / f"{name}.jpg")


if __name__ == "__main__":
    main()
