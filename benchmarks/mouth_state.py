"""Is the state of a mouth's geometry known well enough to draw it?

    python benchmarks/mouth_state.py DATA --cache DIR --clips 8

On the frames of held-out clips with large faces: the mean absolute error inside the mouth, of 255,
when each method's mean colour is made that of the real frame, so that detail alone counts. `no
detail` is that colour alone; `usual` the geometry with the row that is believed without a photo,
`told` with what the portrait shows, jaw and tongue by the face; `own row` likewise with the clip's
fitted row, `own row and tones` with its tones, too; `fitted` with jaw and tongue fitted to each
frame; `network` is what the released decoder draws over `told`.
"""

import argparse
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from gioconda.data.clips import Clip, read_clips
from gioconda.data.samples.scenes import eye_distance
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.face.measure import mouth_opening
from gioconda.media import cut_out
from gioconda.renderer.geometry import masks
from gioconda.renderer.mouth import GeometricMouth, MouthInterior
from gioconda.renderer.mouth.interior import neutral_face
from gioconda.renderer.mouth.predictor import released_model, tones_in
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones
from gioconda.renderer.mouth.style import Style
from gioconda.renderer.mouth.trial import DROPS, JAWS, TONGUES
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.reenactor import Reenactor, portrait_of
from gioconda.training.mouth_state.fitting import OPEN, SIDE, USUAL, solve, try_frames

_READ = 50  # frames after the portrait
_EACH = 14  # of them that are measured


def measure(clip: Clip) -> dict[str, list[float]]:
    """By method, the error in each frame."""
    track = clip.track()
    source = int(np.argmax(track.seen))
    pictures = list(islice(clip.frames(), source + 1 + _READ))
    count, basis = len(pictures), released_basis()
    points = smooth(track.points[:count], track.seen[:count])
    neutral = basis.identify(points[:: max(1, count // 24)])
    gap = mouth_opening(basis.rebuild(basis.pose(points, neutral)[1], neutral))
    later = np.arange(source + 1, count)
    shown = later[track.seen[later] & (gap[later] > OPEN)]
    picked = shown[np.unique(np.linspace(0, len(shown) - 1, min(_EACH, len(shown))).astype(int))]
    portrait = portrait_of(pictures[source], points[source], neutral, SIDE)
    reenactor = Reenactor(portrait, points[source], neutral)
    tried = try_frames(portrait, reenactor, points, {int(i): pictures[i] for i in picked})
    if len(tried) < 3:
        return {}
    geometric = GeometricMouth(portrait)
    skin = geometric.skin
    row, tones, poses = solve(list(tried.values()), tones_in(skin, USUAL))
    usual = released_model().mouth(neutral_face(portrait), skin, 255.0, Style.of(portrait))
    fitted = Mouth(float(DROPS[row]), usual.size, Tones(*tones.astype(np.float32)))
    states = dict(zip(tried, poses, strict=True))
    network = NeuralDecoder(portrait)
    found: dict[str, list[float]] = {}
    for i in states:
        warped = reenactor.warp(points[i])

        def drawn(decoder, warped=warped):
            frame = replace(warped, picture=warped.picture.copy())
            decoder(frame)
            return frame.picture

        told = geometric.pose(warped)
        jaw, tongue = states[i]
        best = MouthPose(float(JAWS[jaw]), float(TONGUES[tongue]))
        methods = {
            "usual": (usual, told),
            "told": (geometric.mouth, told),
            "own row": (replace(usual, drop=fitted.drop), told),
            "own row and tones": (fitted, told),
            "fitted": (fitted, best),
        }
        shots = {"warp": warped.picture, "network": drawn(network)}
        for name, (mouth, pose) in methods.items():
            interior = MouthInterior(neutral_face(portrait), mouth)
            shots[name] = drawn(lambda f, m=interior, p=pose: m.draw(f, p))
        real = cut_out(pictures[i], reenactor.to_crop, (portrait.size, portrait.size))
        inside = masks(warped.mesh[:, :2].astype(np.float64), *real.shape[:2])[0] / 255
        for name, error in errors(real, shots, inside).items():
            found.setdefault(name, []).append(error)
    return found


def errors(real: np.ndarray, shots: dict[str, np.ndarray], inside: np.ndarray) -> dict[str, float]:
    """Of each picture inside the mouth, its mean colour made the real one's."""
    x, y, width, height = cv2.boundingRect((inside > 0).astype(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    weight = inside[box] / inside.sum()
    true = real[box].astype(np.float64)
    true -= np.tensordot(weight, true, 2)
    found = {"no detail": float(np.tensordot(weight, np.abs(true).mean(-1), 2))}
    for name, picture in shots.items():
        seen = picture[box].astype(np.float64)
        seen -= np.tensordot(weight, seen, 2)
        found[name] = float(np.tensordot(weight, np.abs(seen - true).mean(-1), 2))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=8, help="those with the largest faces")
    args = parser.parse_args()
    clips = sorted(read_clips(args.data, "val", args.cache), key=lambda c: -eye_distance(c.track()))
    together: dict[str, list[float]] = {}
    served = 0
    for clip in clips:
        if served == args.clips:
            break
        if not (found := measure(clip)):
            continue
        served += 1
        print(clip.name, len(found["warp"]), *(f"{k} {np.mean(v):.1f}" for k, v in found.items()))
        for name, values in found.items():
            together.setdefault(name, []).extend(values)
    print(f"\n{served} clips, {len(together['warp'])} frames")
    for name, values in together.items():
        print(f"{name:18} {np.mean(values):.1f}")


if __name__ == "__main__":
    main()
