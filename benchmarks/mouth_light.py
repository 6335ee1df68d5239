"""How light the inside of mouths is, from the upper lip to the lower: real and drawn, in the mean.

    python benchmarks/mouth_light.py DATA --cache DIR --split val
    python benchmarks/mouth_light.py DATA --cache DIR --split train --fit 5

A frame in which the lips are shut is the portrait; up to six others are drawn by the geometry
alone. Rows are openings in inter-ocular distances; light is in per cent of the skin's, at places
from the inner rim of the upper lip, as it is tracked (left), to that of the lower one, and a fifth
of the gap beyond both; over the middle of the mouth, and over its outer fifths. Each person counts
the same. Means and spreads say where teeth are and how light it is between them without punishing
a row for standing a pixel beside its place, as a picture's error does. `--fit MINUTES` looks for
the roll of the lips, lighting, tones, upper row and jaw with which they agree best.
"""

import argparse
import time
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from gioconda.data.clips import Clip, read_clips
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.face.encode import smooth
from gioconda.face.measure import mouth_opening
from gioconda.media import cut_out
from gioconda.renderer.lips import Roll
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.mouth.predictor import released_model, tones_in
from gioconda.renderer.mouth.shading import Lighting
from gioconda.renderer.mouth.state import MouthPose, Tones
from gioconda.renderer.reenactor import Reenactor, portrait_of
from gioconda.training.mouth_state.recipe import Recipe, choose

SIDE, READ, EACH = 256, 100, 6
PLACES, BANDS = 16, 5  # from lip to lip, and from corner to corner
OPENINGS = (0.06, 0.1, 0.14, 0.19, 0.6)
# Of red, green and blue: light, and, twice, tint, which tells teeth from lips that are as light.
OPPONENT = np.array([[1 / 3, 2, 0], [1 / 3, -2, 2], [1 / 3, 0, -2]])
TONES = [tone + colour for tone in ("teeth", "soft", "dark") for colour in "rgb"]
# What is fitted: the first step, and the range. Tones and jaw multiply the released ones.
FITTED = {
    "drop": (0.015, -0.1, 0.1),
    "ambient": (0.1, 0.4, 1.0),
    "near": (0.04, 0.0, 0.3),
    "reach": (0.08, 0.03, 0.6),
    "reach_open": (0.3, 0.0, 2.0),
    "side": (0.04, 0.0, 0.3),
    "side_width": (0.08, 0.03, 0.5),
    "side_teeth": (0.2, 0.0, 1.0),
    "free_tongue": (0.2, 0.0, 1.0),
    "upper_shadow": (0.12, 0.0, 0.6),
    "upper_width": (0.02, 0.01, 0.12),
    "lower_shadow": (0.1, 0.0, 0.6),
    "lower_width": (0.02, 0.01, 0.12),
    "upper": (0.006, 0.001, 0.04),
    "lower": (0.008, 0.001, 0.06),
    "seam": (0.05, 0.01, 0.6),
    "share": (0.06, 0.05, 0.45),
    "jaw": (0.15, 0.5, 1.5),
    "jaw_more": (0.03, -0.1, 0.15),
    **dict.fromkeys(TONES[:3], (0.1, 0.7, 1.4)),
    **dict.fromkeys(TONES[3:6], (0.2, 0.5, 1.6)),
    **dict.fromkeys(TONES[6:], (0.3, 0.3, 2.5)),
}


@dataclass(frozen=True)
class Seen:
    """A frame, what of it is real, and how the released geometry would draw it."""

    person: tuple[str, str]
    opening: float
    reenactor: Reenactor
    points: np.ndarray
    real: np.ndarray
    mouth: GeometricMouth
    pose: MouthPose


class Profiles(NamedTuple):
    """Light of each class of openings: mean and spread, (classes, PLACES, BANDS, 3)."""

    mean: np.ndarray
    spread: np.ndarray


def frames_of(clip: Clip) -> list[Seen]:
    """Frames of a clip, from hardly to most open."""
    track, basis = clip.track(), released_basis()
    pictures = list(islice(clip.frames(), READ))
    points = smooth(track.points[: len(pictures)], track.seen[: len(pictures)])
    neutral = basis.identify(points[:: max(1, len(points) // 24)])
    gap = mouth_opening(basis.rebuild(basis.pose(points, neutral)[1], neutral))
    seen = track.seen[: len(gap)]
    shown = [i for i in np.argsort(-gap) if seen[i] and gap[i] > OPENINGS[0]]
    if len(shown) < 2:
        return []
    source = int(np.argmin(np.where(seen, gap, np.inf)))
    portrait = portrait_of(pictures[source], points[source], neutral, SIDE)
    reenactor, mouth = Reenactor(portrait, points[source], neutral), GeometricMouth(portrait)
    found = []
    for i in np.take(shown, np.unique(np.linspace(0, len(shown) - 1, EACH).astype(int))):
        pose = mouth.pose(reenactor.warp(points[i]))
        real = cut_out(pictures[i], reenactor.to_crop, (portrait.size, portrait.size))
        light = profile(real, reenactor.on_crop(points[i])) / mouth.skin.mean()
        person = (clip.source, clip.person)
        found.append(Seen(person, float(gap[i]), reenactor, points[i], light, mouth, pose))
    return [] if mouth.mouth.hollow else found


def profile(picture: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """Colours from the upper lip to the lower, (PLACES, BANDS, 3)."""
    upper, lower = (
        mesh[rim, None, :2] for rim in (topology.LIP_INNER_UPPER, topology.LIP_INNER_LOWER)
    )
    down = np.linspace(-0.2, 1.2, PLACES)[:, None]
    places = (upper + (lower - upper) * down).transpose(1, 0, 2)  # (PLACES, 11, 2)
    across = np.linspace(0, len(upper) - 1, 5 * BANDS)
    left = np.minimum(across.astype(int), len(upper) - 2)
    part = (across - left)[:, None]
    fine = places[:, left] + part * (places[:, left + 1] - places[:, left])
    x, y = (np.ascontiguousarray(one, np.float32) for one in np.moveaxis(fine, -1, 0))
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light: np.ndarray = found.astype(np.float64).reshape(PLACES, BANDS, -1, 3).mean(2)
    return light


def drawn(frames: list[Seen], state: dict[str, float]) -> np.ndarray:
    """Profiles of all frames as the geometry draws them in a state, (N, PLACES, BANDS, 3)."""
    lighting = Lighting(**{name: state[name] for name in Lighting._fields})
    roll = Roll(**{name: state[name] for name in Roll._fields})
    model = released_model()
    factors = np.array([state[name] for name in TONES]).reshape(3, 3)
    found = []
    for seen in frames:
        skin, warper = seen.mouth.skin, seen.reenactor.warper
        warper.sheet = replace(warper.sheet, roll=roll)
        tones = Tones(*tones_in(skin, factors * model.tones).astype(np.float32))
        interior = seen.mouth.interior
        interior.lighting = lighting
        interior.become(replace(seen.mouth.mouth, drop=state["drop"], tones=tones))
        frame = seen.reenactor.warp(seen.points)
        jaw = max(0.0, seen.pose.jaw * state["jaw"] + state["jaw_more"])
        interior.draw(frame, seen.pose._replace(jaw=jaw))
        found.append(profile(frame.picture, seen.reenactor.on_crop(seen.points)) / skin.mean())
    return np.array(found)


def together(frames: list[Seen], light: np.ndarray) -> Profiles:
    """Mean and spread of profiles, each person counting the same."""
    means, spreads = [], []
    for low, high in pairwise(OPENINGS):
        chosen = [i for i, seen in enumerate(frames) if low <= seen.opening < high]
        people = [frames[i].person for i in chosen]
        weight = np.array([1 / people.count(person) for person in people])
        weight /= weight.sum()
        mean = np.tensordot(weight, light[chosen], 1)
        means.append(mean)
        spreads.append(np.sqrt(np.tensordot(weight, (light[chosen] - mean) ** 2, 1)))
    return Profiles(np.array(means), np.array(spreads))


def fit(frames: list[Seen], start: dict[str, float], minutes: float) -> dict[str, float]:
    """The state whose profiles are nearest: steps by chance, kept where they gain.

    One frame in three is enough for this.
    """
    frames = frames[::3]
    real = opponent(np.array([seen.real for seen in frames]))
    wanted = together(frames, real)

    def error(state: dict[str, float]) -> float:
        light = opponent(drawn(frames, state))
        found = together(frames, light)
        parts = (found.mean - wanted.mean, found.spread - wanted.spread, light - real)
        return float(np.dot([1, 1, 0.15], [(part**2).mean() for part in parts]))

    chance, names = np.random.default_rng(0), list(FITTED)
    step = {name: FITTED[name][0] for name in names}
    best, least, end = start, error(start), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        moved = chance.choice(names, chance.integers(1, 4), replace=False)
        tried = dict(best)
        for name in moved:
            value = best[name] + step[name] * chance.normal()
            tried[name] = float(np.clip(value, *FITTED[name][1:]))
        gained = (now := error(tried)) < least
        if gained:
            best, least = tried, now
        for name in moved:
            step[name] = max(step[name] * (1.3 if gained else 0.93), 0.1 * FITTED[name][0])
    return best


def opponent(light: np.ndarray) -> np.ndarray:
    """Colours (..., 3) as light and tint."""
    return np.asarray(light @ OPPONENT, np.float64)


def show(frames: list[Seen], light: np.ndarray) -> None:
    """Print both, in per cent of the skin's light."""
    real = together(frames, np.array([seen.real for seen in frames]))
    found = together(frames, light)
    for i, (low, high) in enumerate(pairwise(OPENINGS)):
        people = {seen.person for seen in frames if low <= seen.opening < high}
        print(f"{low:.2f} to {high:.2f}, {len(people)} people")
        for band in (0, BANDS // 2, BANDS - 1):
            for name, one in (("real", real), ("drawn", found)):
                row = one.mean[i, :, band].mean(-1)
                print(f"{band} {name:6}", *(f"{100 * value:3.0f}" for value in row))
    mean, spread = (100 * np.sqrt(((a - b) ** 2).mean()) for a, b in zip(found, real, strict=True))
    print(f"off in the mean {mean:.1f}, in the spread {spread:.1f} per cent of the skin's light")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--fit", type=float, metavar="MINUTES", default=0.0)
    parser.add_argument("--set", nargs="*", metavar="NAME=VALUE", default=[], help="to start with")
    args = parser.parse_args()
    clips = choose(read_clips(args.data, args.split, args.cache), Recipe(clips=2))
    frames = [seen for clip in clips for seen in frames_of(clip)]
    state = Lighting()._asdict() | Roll()._asdict() | dict.fromkeys([*TONES, "jaw"], 1.0)
    state |= {"jaw_more": 0.0, "drop": float(released_model().drop[0])}
    state |= {name: float(value) for name, value in (one.split("=") for one in args.set)}
    show(frames, drawn(frames, state))
    if args.fit:
        state = fit(frames, state, args.fit)
        show(frames, drawn(frames, state))
        print({name: round(state[name], 3) for name in FITTED})


if __name__ == "__main__":
    main()
