"""Recipe: collect stretches of real head motion, gaze, brows and blinks.

1. Of clips of people who talk, keep stretches of three seconds and more that are fully seen
   and steady: no cut, no large turn.
2. Pose, gaze and upper face count against the stretch's own median and its straight drift
   is taken off, so that no person's face, posture or place in the picture stays.
3. Smooth without lag. Blinks are cut out of the lids' motion and kept as one number a frame.
4. A mirror for the coordinates is read off the mesh's symmetry.

`gioconda train bank DATA --cache DIR -o bank.safetensors`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter1d, median_filter

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.face.pose import angles
from gioconda.generator.bank import BLEND, Segment
from gioconda.generator.blinks import eye_opening
from gioconda.media import FPS
from gioconda.training.steps import Report, reported, silent
from gioconda.training.targets import mirror_of


@dataclass(frozen=True)
class Recipe:
    """What can be set; pose is yaw, pitch, roll, x, y and log scale, in radians and inter-ocular
    distances.

    Attributes:
        least, most: frames of a stretch.
        left_out: sources of readers who had to keep still, and of actors who make faces.
            Clips that are too short for head motion fall out by themselves.
        limits: half ranges of the pose: 15 degrees, 0.3 inter-ocular distances, 6 % in size.
        fastest: change of the pose between two frames; more is a cut.
        talks: standard deviation of the mouth opening of someone who talks.
        smooth_pose, smooth_upper, smooth_gaze: by so many frames.
        shut: opening of the lids, of their median, that a blink comes under.
        edge: opening at which a blink begins and ends.
        longest: frames of a blink.
        blinks: a second; more is no blinking but a poor track.
    """

    least: int = 75
    most: int = 250
    left_out: frozenset[str] = frozenset(
        [
            "TVR28/LipNet",
            "rizkiarm/LipNet",
            "sam-0927/sam-0927.github.io",
            "KwaiVGI/LivePortrait",
            "warmshao/FasterLivePortrait",
            "GVCLab/PersonaLive",
            "bytedance/X-Portrait",
            "TMElyralab/MuseTalk",
            "afourast/deep_lip_reading",
        ]
    )
    limits: tuple[float, ...] = (0.262, 0.262, 0.262, 0.3, 0.3, 0.06)
    fastest: float = 0.1
    talks: float = 0.02
    smooth_pose: float = 2.0
    smooth_upper: float = 1.5
    smooth_gaze: float = 0.8
    shut: float = 0.55
    edge: float = 0.9
    longest: int = 14
    blinks: float = 0.75


def train_bank(
    clips: list[Clip], recipe: Recipe, output: Path, report: Report = silent
) -> dict[str, float]:
    """Collect the stretches and write them.

    Args:
        clips: training clips.
        recipe: what can be set.
        output: the .safetensors file.
        report: called with what is being done and how much of it is done, from 0 to 1.

    Returns:
        Numbers of stretches, people and seconds; blinks a minute; the mean changes between
        frames of yaw, pitch and roll in degrees; the part of the upper dynamics that the
        mirror misses.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    stretches: list[Segment] = []
    shuts: list[NDArray[np.float64]] = []
    people = set()
    for clip in reported(clips, "reading clips", report):
        if clip.source not in recipe.left_out:
            for stretch, shutting in _stretches(clip, recipe, basis):
                people.add(clip.person)
                stretches.append(stretch)
                shuts += shutting
    if not stretches or not shuts:
        raise GiocondaError(
            f"none of the {len(clips)} clips holds three steady seconds and a blink"
        )
    mirror, missed = mirror_of(basis, basis.lower.start)
    shut = np.median(shuts, axis=0)
    shut = (shut + shut @ mirror[basis.upper, basis.upper]) / 2  # both eyes alike
    shut /= 1 - float(eye_opening(shut, basis))
    whole = Segment(
        *(np.concatenate([getattr(s, n) for s in stretches]) for n in ("pose", "upper", "blink"))
    )
    save_file(
        {
            "lengths": np.array([len(s) for s in stretches], np.int32),
            "pose": whole.pose.astype(np.float16),
            "upper": whole.upper.astype(np.float16),
            "blink": whole.blink.astype(np.float16),
            "mirror": mirror.astype(np.float32),
            "shut": shut.astype(np.float32),
        },
        output,
        metadata={"basis": basis.name},
    )
    counts = {"stretches": len(stretches), "people": len(people)}
    return {**counts, **_figures(stretches, whole), "mirror_missed": missed}


def _figures(stretches: list[Segment], whole: Segment) -> dict[str, float]:
    """Seconds, blinks a minute, and changes of the pose between frames."""
    blinks = (np.diff((whole.blink > 0.9).astype(int)) == 1).sum()
    changes = [np.abs(np.diff(s.pose[:, :3], axis=0)).mean(0) for s in stretches]
    yaw, pitch, roll = map(float, np.degrees(np.mean(changes, 0)))
    return {
        "seconds": len(whole) / FPS,
        "blinks_a_minute": float(blinks) / len(whole) * 60 * FPS,
        "yaw_change": yaw,
        "pitch_change": pitch,
        "roll_change": roll,
    }


def _stretches(
    clip: Clip, recipe: Recipe, basis: Basis
) -> Iterator[tuple[Segment, list[NDArray[np.float64]]]]:
    """The steady stretches of a clip, and how their blinks change the upper coordinates."""
    track = clip.track()
    if len(track.points) < recipe.least or not track.seen.all():
        return
    neutral = basis.identify(track.points)
    head, dynamics = basis.pose(track.points, neutral)
    opening = measure.mouth_opening(basis.rebuild(dynamics, neutral))
    size = float(np.median(head.size))
    pose = np.concatenate(
        [angles(head.rotation), head.centre / size, np.log(head.size / size)[:, None]], 1
    )
    cuts = np.flatnonzero(np.abs(np.diff(pose[:, :5], axis=0)).max(1) > recipe.fastest) + 1
    for shot in np.split(np.arange(len(pose)), cuts):
        if len(shot) < recipe.least:
            continue
        for frames in np.array_split(shot, -(-len(shot) // recipe.most)):
            made = _stretch(pose[frames], dynamics[frames], recipe, basis)
            if made is not None and opening[frames].std() > recipe.talks:
                yield made


def _stretch(
    pose: NDArray[np.float64], dynamics: NDArray[np.float32], recipe: Recipe, basis: Basis
) -> tuple[Segment, list[NDArray[np.float64]]] | None:
    """The stretch, and how its blinks change the upper coordinates; None where it turns or blinks
    too much."""
    limits = np.array(recipe.limits)
    pose = gaussian_filter1d(_level(pose), recipe.smooth_pose, axis=0)
    if (np.quantile(np.abs(pose), 0.95, axis=0) > limits).any():
        return None
    pose = limits * np.tanh(pose / limits)
    gaze = dynamics[:, basis.gaze].astype(np.float64)
    upper = dynamics[:, basis.upper].astype(np.float64)
    blink, bottoms = _blinks(eye_opening(upper, basis), recipe)
    if len(bottoms) > recipe.blinks * len(pose) / FPS:
        return None
    seen = blink == 0
    frames = np.arange(len(pose))
    for column in (*gaze.T, *upper.T):  # what goes on behind a blink
        column[:] = np.interp(frames, frames[seen], column[seen])
    shuts = [dynamics[bottom, basis.upper] - upper[bottom] for bottom in bottoms]
    gaze = gaussian_filter1d(median_filter(gaze, (3, 1)), recipe.smooth_gaze, axis=0)
    upper = gaussian_filter1d(upper, recipe.smooth_upper, axis=0)
    face = np.concatenate([gaze, upper], 1)
    face -= np.median(face, axis=0)
    end = len(pose)
    while end > recipe.least and blink[end - BLEND // 2 - 1 : end - BLEND // 2 + 1].any():
        end -= 1
    return Segment(*(part[:end].astype(np.float32) for part in (pose, face, blink))), shuts


def _level(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without its straight drift, about its median."""
    time = np.linspace(-1, 1, len(pose))[:, None]
    slope = (time * (pose - pose.mean(0))).sum(0) / (time**2).sum()
    levelled = pose - slope * time
    centred: NDArray[np.float64] = levelled - np.median(levelled, axis=0)
    return centred


def _blinks(gap: NDArray[np.float64], recipe: Recipe) -> tuple[NDArray[np.float64], list[int]]:
    """How far blinks have shut the eyes, (T,), and the frame in which each has shut them most."""
    lids = gap / np.median(gap)
    blink = np.zeros(len(gap))
    bottoms = []
    low = np.flatnonzero(np.diff(np.concatenate([[0], lids < recipe.edge, [0]]).astype(int)))
    for first, after in low.reshape(-1, 2):
        bottom = first + int(lids[first:after].argmin())
        inside = first > 1 and after < len(gap) - 1
        if lids[bottom] < recipe.shut and after - first <= recipe.longest and inside:
            depth = (recipe.edge - lids[first:after]) / (recipe.edge - lids[bottom])
            blink[first:after] = np.clip(depth, 0.001, 1)
            bottoms.append(bottom)
    return blink, bottoms
