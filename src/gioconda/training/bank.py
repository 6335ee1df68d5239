"""Recipe: collect stretches of real head motion, gaze, brows and blinks.

1. Of clips of people who talk, keep stretches of three seconds and more that are fully seen
   and steady: no cut, no large turn.
2. Pose, gaze and upper face are told against the stretch's own median and its straight drift
   is taken off, so that nobody's face, habits of posture or place in the picture stay.
3. Smooth without lag. Blinks are cut out of the lids' motion and kept as one number a frame.
4. A mirror for the coordinates is read off the mesh's symmetry.

`gioconda train bank DATA --cache DIR -o bank.safetensors`
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

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

LEAST: Final = 75  # frames
MOST: Final = 250
# Left out: readers who were told to keep still, and actors who make faces. Clips that are too
# short for head motion fall out by themselves.
LEFT_OUT: Final = frozenset(
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
# Half ranges: 15 degrees, 0.3 inter-ocular distances, 6 % in size.
LIMITS: Final = np.array([0.262, 0.262, 0.262, 0.3, 0.3, 0.06])
_FASTEST = 0.1  # radians, or inter-ocular distances, between two frames; more is a cut
_TALKS = 0.02  # standard deviation of the mouth opening of someone who talks
_SMOOTH_POSE, _SMOOTH_UPPER, _SMOOTH_GAZE = 2.0, 1.5, 0.8  # frames
_BLINK, _EDGE, _LONGEST = 0.55, 0.9, 14  # lids at the bottom and at the ends; frames
_BLINKS_A_SECOND = 0.75  # more is no blinking but a poor track


def train_bank(
    clips: list[Clip],
    output: Path,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, float]:
    """Collect the stretches and write them.

    Args:
        clips: training clips; those of the sources `LEFT_OUT` are left out.
        output: the .safetensors file.
        report: called with clips done and clips in all.

    Returns:
        Numbers of stretches, people and seconds; blinks a minute; the mean changes between
        frames of yaw, pitch and roll in degrees; the part of the upper dynamics that the
        mirror misses.

    Raises:
        GiocondaError: if no clip serves.
    """
    basis = released_basis()
    found: list[Segment] = []
    shutting: list[NDArray[np.float64]] = []
    people = set()
    for i, clip in enumerate(clips):
        if clip.source not in LEFT_OUT:
            stretches, shuts = _stretches(clip, basis)
            if stretches:
                people.add(clip.person)
            found += stretches
            shutting += shuts
        report(i + 1, len(clips))
    if not found or not shutting:
        raise GiocondaError(
            f"none of the {len(clips)} clips holds three steady seconds and a blink"
        )
    whole = Segment(
        *(np.concatenate([getattr(s, n) for s in found]) for n in ("pose", "upper", "blink"))
    )
    mirror, missed = mirror_of(basis, basis.lower.start)
    shut = np.median(shutting, axis=0)
    shut = (shut + shut @ mirror[basis.upper, basis.upper]) / 2  # both eyes alike
    shut /= 1 - float(eye_opening(shut, basis))
    save_file(
        {
            "lengths": np.array([len(s) for s in found], np.int32),
            "pose": whole.pose.astype(np.float16),
            "upper": whole.upper.astype(np.float16),
            "blink": whole.blink.astype(np.float16),
            "mirror": mirror.astype(np.float32),
            "shut": shut.astype(np.float32),
        },
        output,
        metadata={"basis": basis.name},
    )
    change = np.degrees(np.mean([np.abs(np.diff(s.pose[:, :3], axis=0)).mean(0) for s in found], 0))
    return {
        "stretches": len(found),
        "people": len(people),
        "seconds": len(whole) / 25,
        "blinks_a_minute": float((np.diff((whole.blink > 0.9).astype(int)) == 1).sum())
        / len(whole)
        * 1500,
        **dict(zip(("yaw_change", "pitch_change", "roll_change"), map(float, change), strict=True)),
        "mirror_missed": missed,
    }


def _stretches(clip: Clip, basis: Basis) -> tuple[list[Segment], list[NDArray[np.float64]]]:
    """The steady stretches of a clip, and how its blinks change the upper coordinates."""
    track = clip.track()
    if len(track.points) < LEAST or not track.seen.all():
        return [], []
    neutral = basis.identify(track.points)
    head, dynamics = basis.pose(track.points, neutral)
    opening = measure.mouth_opening(basis.rebuild(dynamics, neutral))
    size = float(np.median(head.size))
    pose = np.concatenate(
        [angles(head.rotation), head.centre / size, np.log(head.size / size)[:, None]], 1
    )
    cuts = np.flatnonzero(np.abs(np.diff(pose[:, :5], axis=0)).max(1) > _FASTEST) + 1
    stretches, shuts = [], []
    for shot in np.split(np.arange(len(pose)), cuts):
        if len(shot) < LEAST:
            continue
        for frames in np.array_split(shot, -(-len(shot) // MOST)):
            made = _stretch(pose[frames], dynamics[frames], basis)
            if made is not None and opening[frames].std() > _TALKS:
                stretches.append(made[0])
                shuts += made[1]
    return stretches, shuts


def _stretch(
    pose: NDArray[np.float64], dynamics: NDArray[np.float32], basis: Basis
) -> tuple[Segment, list[NDArray[np.float64]]] | None:
    pose = gaussian_filter1d(_level(pose), _SMOOTH_POSE, axis=0)
    if (np.quantile(np.abs(pose), 0.95, axis=0) > LIMITS).any():
        return None
    pose = LIMITS * np.tanh(pose / LIMITS)
    gaze = dynamics[:, basis.gaze].astype(np.float64)
    upper = dynamics[:, basis.upper].astype(np.float64)
    blink, bottoms = _blinks(eye_opening(upper, basis))
    if len(bottoms) > _BLINKS_A_SECOND * len(pose) / 25:
        return None
    seen = blink == 0
    frames = np.arange(len(pose))
    for column in (*gaze.T, *upper.T):  # what goes on behind a blink
        column[:] = np.interp(frames, frames[seen], column[seen])
    shuts = [dynamics[bottom, basis.upper] - upper[bottom] for bottom in bottoms]
    gaze = gaussian_filter1d(median_filter(gaze, (3, 1)), _SMOOTH_GAZE, axis=0)
    upper = gaussian_filter1d(upper, _SMOOTH_UPPER, axis=0)
    face = np.concatenate([gaze, upper], 1)
    face -= np.median(face, axis=0)
    end = len(pose)
    while end > LEAST and blink[end - BLEND // 2 - 1 : end - BLEND // 2 + 1].any():
        end -= 1
    return Segment(*(part[:end].astype(np.float32) for part in (pose, face, blink))), shuts


def _level(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without its straight drift, about its median."""
    time = np.linspace(-1, 1, len(pose))[:, None]
    slope = (time * (pose - pose.mean(0))).sum(0) / (time**2).sum()
    levelled = pose - slope * time
    centred: NDArray[np.float64] = levelled - np.median(levelled, axis=0)
    return centred


def _blinks(gap: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[int]]:
    """How far blinks have shut the eyes, (T,), and the frame in which each has shut them most."""
    lids = gap / np.median(gap)
    blink = np.zeros(len(gap))
    bottoms = []
    low = np.flatnonzero(np.diff(np.concatenate([[0], lids < _EDGE, [0]]).astype(int)))
    for first, after in low.reshape(-1, 2):
        bottom = first + int(lids[first:after].argmin())
        inside = first > 1 and after < len(gap) - 1
        if lids[bottom] < _BLINK and after - first <= _LONGEST and inside:
            depth = (_EDGE - lids[first:after]) / (_EDGE - lids[bottom])
            blink[first:after] = np.clip(depth, 0.001, 1)
            bottoms.append(bottom)
    return blink, bottoms


def mirror_of(basis: Basis, count: int) -> tuple[NDArray[np.float64], float]:
    """The matrix that mirrors the first `count` coordinates, and the part that it misses."""
    flipped = basis.mean * [-1, 1, 1]
    distance = np.linalg.norm(flipped[:, None] - basis.mean[None], axis=-1)
    partner = distance.argmin(1)
    moves = basis.dynamics[:count].reshape(count, -1).astype(np.float64)
    mirrored = (basis.dynamics[:count, partner] * [-1, 1, 1]).reshape(moves.shape)
    matrix = mirrored @ np.linalg.pinv(moves)
    missed = float(((matrix @ moves - mirrored) ** 2).sum() / (mirrored**2).sum())
    return matrix, missed
