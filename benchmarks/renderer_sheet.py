"""Sheets to look at what a decoder draws.

    python benchmarks/renderer_sheet.py held-out DATA -o sheet.png
    python benchmarks/renderer_sheet.py portraits FOLDER --voice VOICE -o sheet.png
    python benchmarks/renderer_sheet.py eyes FOLDER -o sheet.png

`held-out`: people of the val split; for each the portrait, then frames with the mouth or the
eyes far from it, as three rows: real, warp, network. `portraits`: every picture of a folder
speaks, with `--wider 2` twice as wide; two rows each: the networks of `--before` and of `--model`,
by default the released ones. `eyes`: every picture shuts its eyes; three rows
each: the picture, then drawn frames of it with shut and with half shut eyes as the picture.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from gioconda import GiocondaError, make_portrait
from gioconda.data.clips import read_clips
from gioconda.evaluation.drawn import redraw
from gioconda.evaluation.reenactment import sample_clips
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.lids import shutting
from gioconda.face.measure import lip_distances
from gioconda.face.tracker import Track
from gioconda.generator import Generator
from gioconda.media import read_audio, read_image, write_image
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.view import VIEW

FACE, MOUTH = 2.4, 1.2  # widths of what is shown, in inter-ocular distances


def held_out(args: argparse.Namespace) -> list[np.ndarray]:
    """Three rows for each clip."""
    everyone = sample_clips(read_clips(args.data, "val", args.cache), None)
    people = {(clip.source, clip.person) for clip, _ in everyone}
    clips = sorted(everyone[: len(people)], key=lambda item: -_width(item[1]))[: args.people]
    rows = []
    for clip, track in clips:
        points = track.points[: args.span]
        gap = lip_distances(points)[:, 1]
        source = int(gap.argmin()) if args.shut else int(np.argmax(track.seen))
        source = min(source, len(points) // 2)
        shown = redraw(
            clip, {"network": lambda p: NeuralDecoder(p, args.model)}, len(points) - source, source
        )
        openness = gap[source + 1 : source + 1 + len(shown)]
        picks = np.sort(_apart(openness, args.frames))
        methods = ("warp", "network")
        real = [shown[i].real for i in picks]
        drawn = [[shown[i].pictures[m] for i in picks] for m in methods]
        side = len(real[0])
        size = side / VIEW * np.array([width := MOUTH if args.mouth else VIEW, width])
        middle = side * np.array([0.5, 0.63 if args.mouth else 0.5])
        rows += [
            np.hstack([_cell(_about(x, middle, size), args.cell) for x in row])
            for row in (real, *drawn)
        ]
        print(clip.name, len(shown), "frames")
    return rows


def eyes(args: argparse.Namespace) -> list[np.ndarray]:
    """Three rows for each portrait."""
    shut = shutting(released_basis())
    rows = []
    for portrait in _portraits(args):
        shown = [portrait]
        for much in (1, 0.55):
            moved = portrait.lids(much * shut[None])[0]
            frame = Renderer(portrait).render(portrait.pose, moved)
            shown.append(make_portrait(frame, 512))
        for each in shown:
            renderer, row = Renderer(each), []
            for much in np.linspace(0, 1.1, args.frames):
                frame = renderer.render(each.pose, each.lids(much * shut[None])[0])
                size = each.head.size[0] * np.array([FACE, FACE / 2])
                row.append(_cell(_about(frame, each.head.centre[0], size), args.cell))
            rows.append(np.hstack(row))
    return rows


def portraits(args: argparse.Namespace) -> list[np.ndarray]:
    """Two rows for each portrait."""
    voice = read_audio(args.voice)[: 16000 * args.seconds]
    rows = []
    for portrait in _portraits(args):
        motion = Generator(0, rest=portrait.gaze).append(voice)
        dynamics = motion.dynamics.copy()
        dynamics[:, portrait.basis.lower] *= args.wider
        gap = lip_distances(portrait.basis.rebuild(dynamics, portrait.neutral))[:, 1]
        picks = np.sort(_apart(gap, args.frames))
        middle, width = portrait.points[topology.LIPS, :2].mean(0), MOUTH
        if not args.mouth:
            middle, width = portrait.head.centre[0] + [0, portrait.head.size[0] / 2], FACE
        size = portrait.head.size[0] * np.array([width, width])
        for model in (args.before, args.model):
            renderer, row = Renderer(portrait, NeuralDecoder(portrait, model)), []
            for i in range(int(picks[-1]) + 1):  # all of them: a decoder may remember
                frame = renderer.render(motion.pose[i], dynamics[i])
                if i in picks:
                    row.append(_cell(_about(frame, middle, size), args.cell))
            rows.append(np.hstack(row))
    return rows


def _portraits(args: argparse.Namespace) -> Iterator[Portrait]:
    """The pictures of a folder, those that are refused left out."""
    for file in sorted(args.data.glob("*.jpg")):
        if args.only and file.stem not in args.only:
            continue
        try:
            portrait = make_portrait(read_image(file), 512)
        except GiocondaError as refusal:
            print(f"{file.name}: refused: {refusal}")
            continue
        print(file.name)
        yield portrait


def _about(frame: np.ndarray, middle: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The part of a frame about a place, of a width and a height."""
    width, height = np.minimum(size.astype(int), frame.shape[1::-1])
    limit = np.subtract(frame.shape[1::-1], (width, height))
    left, top = np.clip((middle - size / 2).astype(int), 0, limit)
    return frame[top : top + height, left : left + width].copy()


def _width(track: Track) -> float:
    return float(np.median(np.ptp(track.points[..., 0], axis=1)))


def _apart(values: np.ndarray, count: int) -> np.ndarray:
    """Frames at even steps of a quantity, half of them in its upper quarter."""
    order = np.argsort(values)
    lower = np.linspace(0, 0.75, count // 2, endpoint=False)
    upper = np.linspace(0.75, 1, count - count // 2)
    at = np.concatenate([lower, upper]) * (len(values) - 1)
    return order[np.unique(at.astype(int))]


def _cell(picture: np.ndarray, width: int) -> np.ndarray:
    """The picture, so wide."""
    size = width, width * picture.shape[0] // picture.shape[1]
    smaller = width < picture.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(picture, size, interpolation=how))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("held-out", "portraits", "eyes"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "gioconda")
    parser.add_argument("--model", type=Path, help="default: the released networks")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--people", type=int, default=12, help="one clip each, sharpest first")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--cell", type=int, default=192, help="side of one frame in pixels")
    parser.add_argument("--span", type=int, default=100, help="frames of a clip to choose from")
    parser.add_argument("--shut", action="store_true", help="a shut mouth is the portrait")
    parser.add_argument("--mouth", action="store_true", help="show the mouth alone")
    parser.add_argument("--voice", type=Path)
    parser.add_argument("--before", type=Path, help="networks to compare with")
    parser.add_argument("--wider", type=float, default=1.0, help="factor of the lips' movement")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--only", nargs="*", help="names of pictures, without their endings")
    args = parser.parse_args()
    rows = {"held-out": held_out, "portraits": portraits, "eyes": eyes}[args.what](args)
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    write_image(args.output, np.vstack(padded))


if __name__ == "__main__":
    main()
