"""How real do drawn frames look? A clip's first frame is moved as its other frames are.

`evaluation/drawn.py` draws them; `evaluation/reenactment.py` measures where things are drawn.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation.drawn import REGIONS, SIDE, Drawn, redraw
from gioconda.evaluation.identity import Recogniser
from gioconda.evaluation.jaws import lay_on_upper
from gioconda.evaluation.mouths import Mouths, spoiled
from gioconda.evaluation.reenactment import sample_clips
from gioconda.evaluation.results import Report, counted, measure, silent
from gioconda.media import FPS, VideoWriter, read_video
from gioconda.portrait import Portrait
from gioconda.renderer.renderer import Decoder

FRAMES: Final = 50  # of a clip, from its first
LEAST: Final = 4  # pixels of a region from which a frame is measured there
# A blurred pixel of the real clip that changes by less is still, of 255.
_STILL: Final = {"face": 2.0, "inner mouth": 8.0}
_CHANGES: Final = (
    ("flicker", "face", 1),
    ("wander", "inner mouth", FPS // 2),
)  # after so many frames
_APART: Final = FPS // 2  # frames between those whose teeth are compared; multiples count, too
_CLEAR: Final = 0.7  # least share of inner mouth in a pixel of the jaw that counts
_BOX: Final = 9 / 256  # side of the box filter
_ENOUGH: Final = 100  # pixels from which a change or a contrast is measured
_RECOGNISED: Final = 5  # one frame in so many is given to the face recognition
_CROPS: Final = ("crops", "crops_low", "crops_high")
_SEEN: Final = 3  # and one in so many to the network that sees mouths


@dataclass(frozen=True)
class RegionScores:
    """How real one region looks as one method draws it, each frame counting the same."""

    l1: float | None = measure("L1", "of 255", ".3g")
    psnr: float | None = measure("PSNR", "dB", ".3g")  # of the mean squared error of all frames
    ssim: float | None = measure("SSIM", form=".3g")
    # Of lips and eyes: the energy of the gradients over that of the real ones.
    sharpness: float | None = measure("sharpness", form=".3g")
    # Of the inner mouth: the standard deviation of the light over the real one's, which fog lacks;
    # and the difference of the mean colours, the part of L1 that is no detail.
    contrast: float | None = measure("contrast", form=".3g")
    tone: float | None = measure("tone", "of 255", ".3g")
    # The change over that of the real clip where that is still: of the face from frame to frame,
    # and of the inner mouth over half a second.
    flicker: float | None = measure("flicker", form=".3g")
    wander: float | None = measure("wander", form=".3g")
    # Of the inner mouth, the largest change from one frame of a clip to the next over the real one.
    pop: float | None = measure("pop", form=".3g")
    # How alike the detail on the upper jaw is half a second apart and more, over how alike the
    # real one is: under 1 if teeth change more than real ones, above 1 if they are too still.
    sameness: float | None = measure("sameness", form=".3g")
    # How like the real face is, at most 1, where the `identity` extra is installed.
    identity: float | None = measure("identity", form=".3g")
    # Of the inner mouth, with its 95 % interval over people, where the `judges` extra is installed.
    crops: float | None = measure("crops, Fréchet distance to real ones", form=".2f")
    crops_low: float | None = measure("  from", form=".2f")
    crops_high: float | None = measure("  to", form=".2f")


@dataclass(frozen=True)
class RendererResult:
    """Scores by method and by region."""

    clips: int
    frames: int
    methods: dict[str, dict[str, RegionScores]]


def evaluate_renderer(
    clips: list[Clip],
    decoders: Mapping[str, Callable[[Portrait], Decoder]],
    count: int | None = None,
    report: Report = silent,
) -> RendererResult:
    """Drawn against real frames over clips.

    Args:
        clips: of people that nothing was learned from; those of a second and more serve.
        decoders: what makes the decoders to be compared, by name; the bare warp, the
            geometry of the mouth alone stand beside them, and the real clip: encoded anew,
            blurred, and with fog in its mouth.
        count: how many clips to take, the same number of each person as far as there are, the
            largest faces first; None for all.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if no clip serves.
    """
    chosen = sample_clips(clips, count)
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    recogniser, mouths, frames = None, None, 0
    with suppress(GiocondaError):  # where the extra is not installed
        recogniser = Recogniser()
    with suppress(GiocondaError):
        mouths = Mouths()
    for clip, _ in counted(chosen, report):
        drawn = redraw(clip, decoders, FRAMES)
        again = _encoded_anew([one.real for one in drawn])
        for now, encoded in zip(drawn, again, strict=True):
            now.pictures.update({"re-encoded": encoded} | spoiled(now))
            for name, picture in now.pictures.items():
                tallies[name].add(now, picture)
            if recogniser and frames % _RECOGNISED == 0:
                _recognise(recogniser, now, tallies)
            if mouths and frames % _SEEN == 0:
                mouths.add(clip.person, now)
            frames += 1
        _compare_over_time(drawn, tallies)
    if not frames:
        raise GiocondaError(
            f"none of the {len(clips)} clips can be used; give clips of a second or more"
        )
    for name, found in mouths.distances().items() if mouths else ():
        for score, value in zip(_CROPS, vars(found).values(), strict=True):
            tallies[name].put(score, "inner mouth", value, 1.0)
    methods = {name: tally.result() for name, tally in tallies.items()}
    return RendererResult(len(chosen), frames, methods)


def _recognise(recogniser: Recogniser, now: Drawn, tallies: Mapping[str, "_Tally"]) -> None:
    known = recogniser.describe(now.real, now.mesh)
    for name, picture in now.pictures.items():
        likeness = float(known @ recogniser.describe(picture, now.mesh))
        tallies[name].put("identity", "face", likeness, 1.0)


def _compare_over_time(drawn: Sequence[Drawn], tallies: Mapping[str, "_Tally"]) -> None:
    """What changes between frames of one clip."""
    frames = {now.number: now for now in drawn}
    laid = {now.number: _laid(now) for now in drawn}
    steps = [
        _steps(before, now) for before, now in pairwise(drawn) if before.number == now.number - 1
    ]
    for name, largest in _largest(steps).items():
        tallies[name].put("pop", "inner mouth", *largest)
    for now in drawn:
        for score, region, lag in _CHANGES:
            if before := frames.get(now.number - lag):
                for name, changes in _changes(before, now, region).items():
                    tallies[name].put(score, region, *changes)
        for lag in range(_APART, FRAMES + 1, _APART):
            if earlier := laid.get(now.number - lag):
                for name, alike in _alike(earlier, laid[now.number]).items():
                    tallies[name].put("sameness", "inner mouth", *alike)


class _Tally:
    """Sums over frames."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(self, now: Drawn, picture: NDArray[np.uint8]) -> None:
        off = picture.astype(np.float32) - now.real
        maps = {
            "l1": np.abs(off).mean(-1),
            "psnr": (off**2).mean(-1),
            "ssim": similarity(picture, now.real),
        }
        for region, inside in now.regions.items():
            weight = float(inside.sum())
            if weight < LEAST:
                continue
            for score, found in maps.items():
                self.put(score, region, float((inside * found).sum()) / weight, 1.0)
            if region in ("lips", "eyes"):
                self.put("sharpness", region, *(_energy(p, inside) for p in (picture, now.real)))
            if region == "inner mouth":
                mean = np.tensordot(inside, off, 2) / weight
                self.put("tone", region, float(np.abs(mean).mean()), 1.0)
                if weight >= _ENOUGH:
                    contrasts = (_contrast(p, inside) for p in (picture, now.real))
                    self.put("contrast", region, *contrasts)

    def put(self, score: str, region: str, value: float, weight: float) -> None:
        sums = self._sums[score, region]
        sums[0] += value
        sums[1] += weight

    def result(self) -> dict[str, RegionScores]:
        unknown: dict[str, float | None] = {each.name: None for each in fields(RegionScores)}
        found: dict[str, dict[str, float | None]] = defaultdict(unknown.copy)
        for (score, region), (value, weight) in self._sums.items():
            mean = value / max(weight, 1e-9)
            if score == "psnr":
                mean = 10 * float(np.log10(255**2 / max(mean, 1e-9)))
            found[region][score] = mean
        return {region: RegionScores(**found[region]) for region in REGIONS if region in found}


def _changes(before: Drawn, now: Drawn, region: str) -> dict[str, tuple[float, float]]:
    """By method, how much the picture changes where the real one is still, and how much that does.

    Nothing where too little is still.
    """
    real = now.real.astype(np.float32) - before.real
    still = np.abs(cv2.GaussianBlur(real, (0, 0), 2)).max(-1) < _STILL[region]
    inside = still * np.minimum(now.regions[region], before.regions[region])
    if inside.sum() < _ENOUGH:
        return {}

    def amount(change: NDArray[np.float32]) -> float:
        return float((inside * np.abs(change).mean(-1)).sum())

    return {
        name: (amount(picture.astype(np.float32) - before.pictures[name]), amount(real))
        for name, picture in now.pictures.items()
    }


def _detail(
    picture: NDArray[np.float32], inner_mouth: NDArray[np.uint8], side: int
) -> NDArray[np.float32]:
    """What of a picture is finer than teeth are wide, in its own levels, signed, (h, w, C).

    Args:
        picture: (h, w, C); only what is inside the mouth counts.
        inner_mouth: (h, w) 0 to 255; where it is less, so much less is given.
        side: S of the view.
    """
    inside = inner_mouth * np.float32(1 / 255)
    box = 2 * int(_BOX * side / 2) + 1  # odd, or it would lie off its middle
    both = np.dstack([picture * inside[..., None], inside])
    for _ in range(2):
        both = cv2.blur(both, (box, box), borderType=cv2.BORDER_CONSTANT)
    coarse = both[..., :-1] / np.maximum(both[..., -1:], 1e-3)
    return np.asarray(inside[..., None] * (picture - coarse), np.float32)


def _steps(before: Drawn, now: Drawn) -> dict[str, float]:
    """By method and under "real", the mean change inside the mouth; nothing where too little is
    seen."""
    inside = np.minimum(before.regions["inner mouth"], now.regions["inner mouth"])
    if inside.sum() < _ENOUGH:
        return {}
    shown = [{"real": one.real, **one.pictures} for one in (before, now)]
    change = {
        name: np.abs(shown[1][name].astype(np.float32) - a).mean(-1) for name, a in shown[0].items()
    }
    return {name: float(np.average(each, weights=inside)) for name, each in change.items()}


def _largest(steps: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """By method, the largest of its steps and of the real ones."""
    seen = [step for step in steps if step]
    if not seen:
        return {}
    found = {name: max(step[name] for step in seen) for name in seen[0]}
    real = found.pop("real")
    return {name: (most, real) for name, most in found.items()}


class _Laid(NamedTuple):
    """A frame's inner mouth as pictures of the upper jaw.

    Attributes:
        clear: (h, w) where no lip is.
        details: (h, w) by method, and under "real", the detail of what it shows in grey.
    """

    clear: NDArray[np.bool_]
    details: dict[str, NDArray[np.float32]]


def _laid(frame: Drawn) -> _Laid:
    inside, side = frame.regions["inner mouth"], len(frame.real)
    mouth = np.rint(255 * inside).astype(np.uint8)
    matrix = frame.jaws.upper(side)
    details = {}
    for name, picture in {"real": frame.real, **frame.pictures}.items():
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        own = _detail(grey[..., None], mouth, side)[..., 0]
        details[name] = lay_on_upper(own, matrix, side)
    return _Laid(lay_on_upper(inside, matrix, side) > _CLEAR, details)


def _alike(before: _Laid, now: _Laid) -> dict[str, tuple[float, float]]:
    """By method, how alike the detail of two frames is, and how alike it really is.

    2 <a, b> / (|a|^2 + |b|^2): 1 where they are the same, 0 where they have nothing to do with
    each other. Nothing where too little is seen in both.
    """
    both = before.clear & now.clear
    if both.sum() < _ENOUGH:
        return {}
    found = {}
    for name, late in now.details.items():
        a, b = before.details[name][both], late[both]
        found[name] = 2 * float(a @ b) / max(float(a @ a + b @ b), 1e-9)
    real = found.pop("real")
    return {name: (alike, real) for name, alike in found.items()}


def similarity(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The map of structural similarity of two pictures' grey (Wang et al., TIP 2004), (h, w)."""
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (a, b))

    def mean(v: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(v, (11, 11), 1.5), np.float32)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mx * my + c1) * (2 * both + c2)
    return np.asarray(top / ((mx * mx + my * my + c1) * (vx + vy + c2)), np.float32)


def _energy(picture: NDArray[np.uint8], inside: NDArray[np.float32]) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    down, across = np.gradient(grey)
    return float((inside * (down**2 + across**2)).sum())


def _contrast(picture: NDArray[np.uint8], inside: NDArray[np.float32]) -> float:
    """The standard deviation of the light in there."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    mean = np.average(grey, weights=inside)
    return float(np.sqrt(np.average((grey - mean) ** 2, weights=inside)))


def _encoded_anew(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The frames as a video of them shows them."""
    if not frames:
        return []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "again.mp4"
        with VideoWriter(file, SIDE, SIDE, None) as video:
            for frame in frames:
                video.write(frame)
        return list(read_video(file))
