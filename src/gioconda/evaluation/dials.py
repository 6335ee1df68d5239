"""Are the dials obeyed? Commanded against measured, on rendered frames.

A portrait is animated or drawn, its frames are tracked as any video would be, and what is found
is compared with what was asked for. Nothing that the frames were made from is used.

The tracker reads irises with a pull towards the middle, the more the less of them shows, and
every face differently. So gaze is read off pictures of the eyes (`eye_pictures.py`), calibrated on
each portrait, as an eye tracker is on each person: on eyes drawn in known directions, others than
those asked for, while the face speaks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda import example
from gioconda.data.samples.performances import rested
from gioconda.data.videos.blinks import blinks
from gioconda.errors import GiocondaError
from gioconda.evaluation.eye_pictures import EyeReader, eye_pictures
from gioconda.evaluation.results import Report, counted, measure, silent
from gioconda.face import measure as face
from gioconda.face.encode import smooth
from gioconda.face.pose import angles, rotation
from gioconda.face.tracker import track
from gioconda.generator import Generator
from gioconda.generator.corrections import following_lids
from gioconda.generator.network import released_network
from gioconda.media import FPS, Picture
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

CALIBRATED: Final = ((-24.0, -12.0, 0.0, 12.0, 24.0), (-12.0, -4.0, 4.0, 12.0))  # yaws, pitches
YAWS: Final = (-20.0, -10.0, 0.0, 10.0, 20.0)  # degrees of gaze against the camera
PITCHES: Final = (-10.0, 0.0, 10.0)
DISTANCES: Final = (0.8, 0.9, 1.0, 1.15, 1.3)
BLINKS: Final = (0.0, 0.5, 1.0, 2.0)
AMPLITUDES: Final = (0.0, 0.5, 1.0, 1.5, 2.0)
ARTICULATIONS: Final = (0.0, 0.5, 1.0, 1.5, 2.0)
_SETTLE: Final = 12  # frames at the start that are not counted
_HELD: Final = 12  # frames that a drawn gaze is held; the middle one counts
_SEED: Final = 99  # of the speech that the reading is calibrated on
_STEPS: Final = 8  # of Newton's method

_Series = NDArray[np.float64]

Shoot = Callable[[Portrait, Mapping[str, Any]], Iterable[Picture]]
"""Frames, at 25 a second, of a portrait under some controls (by name, as `Controls` has them)."""


@dataclass(frozen=True)
class Seen:
    """What is tracked in T rendered frames.

    Attributes:
        eyes: (T, 2) where the mesh has the eyes rest against the head: yaw and pitch in radians,
            their trembling taken off as it is from clips.
        pictures: (T, 1280) what the eyes look like, as of `eye_pictures`.
        turns: (T, 3, 3) how the head is turned.
        head: (T, 3) the same as yaw, pitch and roll of the head, degrees.
        distance: (T,) of the head against the portrait's own, as a ratio.
        shut: (T,) whether the eyes are in a blink.
        blinks: a minute.
        opening: (T,) of the mouth, inter-ocular distances.
    """

    eyes: _Series
    pictures: NDArray[np.float32]
    turns: _Series
    head: _Series
    distance: _Series
    shut: NDArray[np.bool_]
    blinks: float
    opening: _Series

    def gaze(self, reader: EyeReader | None = None) -> _Series:
        """Where the eyes look against the camera, (T, 2), see `directions`.

        Args:
            reader: of the eyes' pictures, see `calibrate`; None for what the mesh shows.
        """
        if reader is None:
            return directions(self.turns, self.eyes)
        read = rested(reader(self.pictures), self.shut).astype(np.float64)
        return directions(self.turns, read)


@dataclass(frozen=True)
class GazeErrors:
    """Commanded against measured gaze; a slope is NaN where the grid has one value only."""

    error: float = measure("error", "degrees", ".3f")  # mean angle between the two
    scatter: float = measure("scatter", "degrees", ".3f")  # each portrait's mean taken off
    yaw_slope: float = measure("yaw slope", form=".3f")
    pitch_slope: float = measure("pitch slope", form=".3f")


@dataclass(frozen=True)
class Reading:
    """What the tracker reads off frames whose gaze and distance are known exactly."""

    gaze: GazeErrors  # as it is read
    calibrated: float = measure("calibrated", "degrees", ".3g")  # error of the calibrated gaze
    distance_error: float = measure("distance error", form=".3g")


@dataclass(frozen=True)
class DialResult:
    """Commanded against measured, dial by dial."""

    gaze: GazeErrors  # over frames without blinks, with the reading calibrated
    gaze_as_read: GazeErrors
    distance_error: float  # mean of abs(measured / commanded - 1)
    distance_slope: float
    blinks: dict[float, float]  # a minute, for each value of the dial
    head_speed: dict[float, float]  # degrees a frame, for each value of the amplitude
    amplitude_monotone: float  # share of steps up of the amplitude that are steps up in speed
    lips: dict[float, float]  # spread of the opening, %, for each value of the articulation
    articulation_monotone: float  # share of its steps up that are steps up in spread


def look_at(frames: Iterable[Picture], portrait: Portrait) -> Seen:
    """Track rendered frames.

    Args:
        frames: (S, S, 3) RGB, of the portrait's crop.
        portrait: who is drawn; its neutral face and its size in the photo are the measure.

    Raises:
        GiocondaError: if no face is found.
    """
    greys: list[NDArray[np.uint8]] = []

    def watched() -> Iterator[Picture]:
        for frame in frames:
            greys.append(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8))
            yield frame

    found = track(watched())
    basis = portrait.basis
    points = smooth(found.points, found.seen)
    head, dynamics = basis.pose(points, portrait.neutral)
    faces = basis.rebuild(dynamics, portrait.neutral)
    lids = face.lid_opening(faces)
    shut = np.zeros(len(faces), bool)
    blinked = blinks(lids, found.seen)
    for blink in blinked:
        shut[blink.onset : blink.end + 1] = True
    held = head.to_image(portrait.neutral)[..., :2]
    return Seen(
        pictures=np.stack([eye_pictures(*one) for one in zip(greys, held, strict=True)]),
        eyes=rested(face.gaze(faces, portrait.neutral), shut).astype(np.float64),
        turns=head.rotation,
        head=np.degrees(angles(head.rotation)),
        distance=np.asarray(portrait.head.size[0] / head.size),
        shut=shut,
        blinks=len(blinked) * 60 * FPS / len(faces),
        opening=face.mouth_opening(faces),
    )


def directions(turns: _Series, gaze: _Series) -> _Series:
    """Gaze against the camera in degrees, (T, 2), of heads (T, 3, 3) and eyes (T, 2) in radians.

    Yaw to the image's right, pitch up; both 0 for eyes that look along the camera's axis.
    """
    return np.degrees(_angles(np.einsum("tij,tj->ti", turns, _unit(gaze))))


def evaluate_dials(
    portraits: Sequence[Portrait], shoot: Shoot, report: Report = silent
) -> DialResult:
    """Commanded against measured over a grid of every dial, the others left alone.

    Args:
        portraits: one or more.
        shoot: draws a portrait under controls; some seconds each, some tens for blinks.
        report: called with videos done and videos in all.
    """
    grids: dict[str, Sequence[Any]] = {
        "gaze": _gaze_grid(),
        "distance": DISTANCES,
        "blinks": BLINKS,
        "amplitude": AMPLITUDES,
        "articulation": ARTICULATIONS,
    }
    seen: dict[str, list[list[Seen]]] = {dial: [[] for _ in portraits] for dial in grids}
    values = [(dial, value) for dial, grid in grids.items() for value in grid]
    for (i, portrait), (dial, value) in counted([*product(enumerate(portraits), values)], report):
        seen[dial][i].append(look_at(shoot(portrait, {dial: value}), portrait))
    return _summary(seen, [calibrate(portrait) for portrait in portraits])


def _gaze_grid() -> list[tuple[float, float]]:
    return [(yaw, pitch) for yaw in YAWS for pitch in PITCHES]


def _summary(seen: Mapping[str, Sequence[Sequence[Seen]]], readers: list[EyeReader]) -> DialResult:
    """Of what is seen by dial, portrait and value."""

    def table(dial: str, measured: Callable[[Seen], float]) -> _Series:
        return np.array([[measured(one) for one in row] for row in seen[dial]])

    def gaze(readers: Sequence[EyeReader | None]) -> GazeErrors:
        rows = zip(seen["gaze"], readers, strict=True)
        looks = [[_open(one, reader) for one in row] for row, reader in rows]
        return gaze_errors(np.array(_gaze_grid()), looks)

    commanded = np.array(DISTANCES)
    measured = table("distance", lambda one: float(np.median(one.distance[_SETTLE:])))
    rates = table("blinks", lambda one: one.blinks)
    lips = table("articulation", lambda one: 100 * float(one.opening[_SETTLE:].std()))
    speeds = table("amplitude", lambda one: float(np.abs(np.diff(one.head, axis=0)).mean()))
    return DialResult(
        gaze=gaze(readers),
        gaze_as_read=gaze([None] * len(readers)),
        distance_error=float(np.abs(measured / commanded - 1).mean()),
        distance_slope=float(np.polyfit(np.tile(commanded, len(measured)), measured.ravel(), 1)[0]),
        blinks=dict(zip(BLINKS, rates.mean(0).tolist(), strict=True)),
        head_speed=dict(zip(AMPLITUDES, speeds.mean(0).tolist(), strict=True)),
        amplitude_monotone=float((np.diff(speeds, axis=1) > 0).mean()),
        lips=dict(zip(ARTICULATIONS, lips.mean(0).tolist(), strict=True)),
        articulation_monotone=float((np.diff(lips, axis=1) > 0).mean()),
    )


def gaze_errors(grid: _Series, seen: Sequence[Sequence[_Series]]) -> GazeErrors:
    """Errors and slopes of the gaze.

    Args:
        grid: (N, 2) commanded yaw and pitch, degrees.
        seen: for each portrait and each of the N, (frames, 2) measured.
    """
    errors, scatter, commanded, found = [], [], [], []
    for row in seen:
        middles = np.array([frames.mean(0) for frames in row])
        offset = (middles - grid).mean(0)
        for target, frames in zip(grid, row, strict=True):
            errors.append(angle_between(frames, target).mean())
            scatter.append(angle_between(frames - offset, target).mean())
        commanded.append(grid - grid.mean(0))
        found.append(middles - middles.mean(0))
    x, y = np.concatenate(commanded), np.concatenate(found)
    power = (x**2).sum(0)
    slopes = np.where(power > 0, (x * y).sum(0) / np.maximum(power, 1e-9), np.nan)
    return GazeErrors(float(np.mean(errors)), float(np.mean(scatter)), *map(float, slopes))


def angle_between(a: _Series, b: _Series) -> _Series:
    """Degrees between directions (..., 2) of yaw and pitch in degrees, (...)."""
    cosine = (_unit(np.radians(a)) * _unit(np.radians(b))).sum(-1)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _unit(gaze: _Series) -> _Series:
    """Unit vectors (..., 3) in the head frame, from yaw and pitch (..., 2) in radians."""
    yaw, pitch = np.moveaxis(gaze, -1, 0)
    return np.stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)], -1)


def _angles(looks: _Series) -> _Series:
    """Yaw and pitch (T, 2) in radians of unit vectors (T, 3)."""
    yaw = np.arctan2(looks[:, 0], -looks[:, 2])
    return np.stack([yaw, np.arcsin(np.clip(-looks[:, 1], -1, 1))], 1)


def _open(seen: Seen, reader: EyeReader | None) -> _Series:
    """Gaze of the frames that count."""
    kept = ~seen.shut
    kept[: min(_SETTLE, len(kept) - 1)] = False
    if not kept.any():
        raise GiocondaError("the eyes are shut in every frame; draw a longer video")
    return seen.gaze(reader)[kept]


def calibrate(portrait: Portrait) -> EyeReader:
    """What tells from a portrait's pictures where its eyes look.

    The portrait speaks, but its eyes are put into the directions of `CALIBRATED` one after the
    other. What is known is where they look against the camera, as whoever calibrates an eye tracker
    knows a point on the wall: so what the tracker misreads of the head, alike for all directions,
    goes into the reader, too. It shrinks the gaze by as much as pictures are unsure, which errs
    least.
    """
    grid = np.array([(yaw, pitch) for yaw in CALIBRATED[0] for pitch in CALIBRATED[1]])
    generator = Generator(_SEED)
    motion = generator.append(example.voice(_HELD * len(grid) / FPS + 1))
    eyes = np.repeat([eyes_towards(portrait, gaze) for gaze in grid], _HELD, axis=0)
    codes = motion.dynamics[: len(eyes)].copy()
    codes[:, portrait.basis.gaze] = 0
    codes = portrait.lids(codes + eyes)  # last, as they are animated
    poses = motion.pose + portrait.pose
    renderer = Renderer(portrait)
    seen = look_at((renderer.render(*step) for step in zip(poses, codes, strict=False)), portrait)
    eyes = face.gaze(portrait.basis.rebuild(codes, portrait.neutral), portrait.neutral)
    turns = np.stack([rotation(*pose[:3]) for pose in poses[: len(codes)]])
    looks = np.einsum("tij,tj->ti", turns, _unit(eyes))
    drawn = _angles(np.einsum("tji,tj->ti", seen.turns, looks))
    return EyeReader(seen.pictures[~seen.shut], drawn[~seen.shut])


def measure_reading(portrait: Portrait) -> Reading:
    """What the tracker reads back where the renderer is given exactly how the eyes look.

    The dynamics of each gaze of the grid are solved for on the portrait's own neutral face, its
    mouth shut and its head as in the photo; a few frames of it are drawn and tracked. This
    much of the dial's error comes from drawing and measuring alone.
    """
    renderer = Renderer(portrait)
    grid = np.array(_gaze_grid())
    codes = portrait.lids(np.stack([eyes_towards(portrait, gaze) for gaze in grid]))
    still = codes[len(codes) // 2]
    steps = [(portrait.pose, code) for code in codes]
    for distance in DISTANCES:
        pose = portrait.pose.copy()
        pose[5] -= np.log(distance)
        steps.append((pose, still))
    seen = look_at((renderer.render(*step) for step in steps for _ in range(_HELD)), portrait)
    read, true = (
        gaze_errors(grid, [list(seen.gaze(reader)[_HELD // 2 : _HELD * len(grid) : _HELD, None])])
        for reader in (None, calibrate(portrait))
    )
    distances = seen.distance[_HELD // 2 :: _HELD][len(grid) :]
    error = float(np.abs(distances / np.array(DISTANCES) - 1).mean())
    return Reading(read, true.error, error)


def eyes_towards(portrait: Portrait, gaze: _Series) -> NDArray[np.float32]:
    """Dynamics (D,) of the neutral face with eyes that look somewhere, and lids that follow.

    Solved by Newton's method with the smallest change of the coordinates.

    Args:
        portrait: whose face, and how its head is turned.
        gaze: (2,) yaw and pitch against the camera in degrees.
    """
    basis = portrait.basis
    code = np.zeros(len(basis.dynamics))
    part = basis.gaze

    def looks(codes: _Series) -> _Series:
        return face.gaze(basis.rebuild(codes, portrait.neutral), portrait.neutral)

    # the code itself, and each coordinate of its gaze moved a little
    steps = np.zeros((part.stop - part.start + 1, len(code)))
    steps[1:, part] = 0.01 * np.eye(part.stop - part.start)
    turns = np.repeat(portrait.head.rotation, len(steps), axis=0)
    for _ in range(_STEPS):
        found = directions(turns, looks(code + steps)) - gaze
        slopes = (found[1:] - found[0]) / 0.01
        code[part] -= np.linalg.pinv(slopes.T) @ found[0]
    follow = released_network().calibration.lids_follow
    pitch = looks(code[None])[0, 1]
    return np.asarray(code + following_lids(pitch, follow), np.float32)
