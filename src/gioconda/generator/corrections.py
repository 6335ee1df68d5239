"""Corrections: named steps after the network, each of which mends one thing in a frame.

`Generator` lists them in their order. They look at no frame that is to come.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import Dials
from gioconda.face import measure
from gioconda.face.basis import Basis
from gioconda.generator.blinks import blink, eye_opening
from gioconda.generator.calibration import Calibration
from gioconda.generator.emotions import offset
from gioconda.generator.gate import VoiceGate

_Floats = NDArray[np.floating]


@dataclass
class Frame:
    """A frame in the making. Corrections change pose, dynamics and certainties in place.

    Attributes:
        pose: (6,) as `Motion.pose`.
        dynamics: (D,).
        voice: certainty of a voice, 0 to 1.
        closing: certainty of p, b or m, 0 to 1.
        touching: certainty of f or v, 0 to 1.
        gaze: (2,) where the eyes are to rest against the portrait's own rest, radians; NaN if
            they are free.
        lids: how far a blink has shut them, 0 to 1.
        dials: of this frame only.
    """

    pose: NDArray[np.float32]
    dynamics: NDArray[np.float32]
    voice: float
    closing: float
    touching: float
    gaze: NDArray[np.float32]
    lids: float
    dials: Dials


class Correction(Protocol):
    """One step; may remember what it saw in the frames before."""

    def __call__(self, frame: Frame) -> None: ...


class SilentMouth:
    """The mouth moves in silence too, so a gate shuts it."""

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        c = calibration
        self._lower, self._sure, self._kept = basis.lower, c.gate_voice, c.gate_keep
        self._gate = VoiceGate(c.gate_rise, c.gate_fall, c.gate_hold, at_once=True)
        self._voice = True  # a sound may begin in the middle of a word

    def __call__(self, frame: Frame) -> None:
        self._voice = frame.voice > (self._kept if self._voice else self._sure)
        part = self._gate.next(self._voice)
        frame.dynamics[self._lower] *= part
        frame.closing *= part
        frame.touching *= part


class LipClosure:
    """Where the lips learned to meet too little, on p, b, m, and to come near, on f, v.

    The mouth moves by the least that brings the inner rims together.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._lower, self._calibration = basis.lower, calibration
        self._rest = measure.lip_gaps(basis.mean)
        self._moves = measure.lip_gaps(basis.dynamics[basis.lower])
        self._back = np.linalg.pinv(self._moves, rcond=calibration.closing_least)
        self._met = self._touched = 0.0  # how far, 0 to 1

    def __call__(self, frame: Frame) -> None:
        c, lower = self._calibration, frame.dynamics[self._lower]
        self._met = max(_between(frame.closing, *c.meet), c.closing_release * self._met)
        self._touched = max(_between(frame.touching, *c.touch), c.closing_release * self._touched)
        gap = self._rest + lower @ self._moves
        near = self._touched * np.maximum(gap - c.teeth_gap, 0)
        met = self._met * np.maximum(gap - c.contact_gap, 0)
        lower -= np.maximum(near, met) @ self._back


def _between(chance: float, start: float, full: float) -> float:
    return min(1.0, max(0.0, (chance - start) / (full - start)))


class DistanceReturn:
    """Heads wander nearer and farther, so a slow mean of the distance is taken off."""

    def __init__(self, calibration: Calibration) -> None:
        self._part, self._near = calibration.distance_return, 0.0

    def __call__(self, frame: Frame) -> None:
        self._near += self._part * (float(frame.pose[5]) - self._near)
        frame.pose[5] -= self._near


class AmplitudeGain:
    """Beyond what clips taught the amplitude is a gain of head and brows; lids stay as they are."""

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._upper, self._calibration = basis.upper, calibration
        lids = eye_opening(np.eye(basis.parts[1]), basis) - 1
        self._lids = (lids / np.linalg.norm(lids)).astype(np.float32)  # (upper,) opens the eyes

    def __call__(self, frame: Frame) -> None:
        wanted = frame.dials.amplitude[0] * self._calibration.amplitude
        gain = wanted / np.clip(wanted, *self._calibration.amplitude_range)
        frame.pose *= gain
        upper = frame.dynamics[self._upper]
        upper += (gain - 1) * (upper - upper @ self._lids * self._lids)


class GazeHold:
    """The network turns the eyes half of the way to where the dial is; the rest is added.

    That is how far a running mean over a few frames is off. The lids follow, or eyes that look up
    or down would be half hidden.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._part, self._calibration = basis.gaze, calibration
        ends = np.eye(sum(basis.parts), dtype=np.float32)[basis.gaze]
        # irises move by the sines of the angles
        there, back = (
            np.sin(measure.gaze(basis.rebuild(side * ends, basis.mean), basis.mean))
            for side in (1, -1)
        )
        self._turns = (there - back) / 2  # (gaze, 2) of each coordinate
        self._ahead = ((there + back) / 2).mean(0)  # (2,) where they look at rest
        self._coordinates = np.linalg.pinv(self._turns)  # (2, gaze)
        self._mean: _Floats | None = None

    def __call__(self, frame: Frame) -> None:
        dynamics = frame.dynamics
        sines = np.clip(dynamics[self._part] @ self._turns + self._ahead, -1, 1)
        eyes = np.arcsin(sines)
        gaze = eyes + frame.pose[:2]
        if self._mean is None:
            self._mean = gaze
        self._mean = self._mean + self._calibration.gaze_mean * (gaze - self._mean)
        if not np.isnan(frame.gaze).any():
            missing = frame.gaze - self._mean
            dynamics[self._part] += (np.sin(eyes + missing) - sines) @ self._coordinates
            dynamics += following_lids(float(missing[1]), self._calibration.lids_follow)


def following_lids(pitch: float, follow: float) -> NDArray[np.float32]:
    """Dynamics (D,) of lids that follow eyes turned up by some radians, see `lids_follow`."""
    return -follow * pitch * blink()


class BlinkClosing:
    """The network's lids come down half of the way in a blink; the rest is added."""

    def __init__(self, calibration: Calibration) -> None:
        self._part = calibration.blink_closing

    def __call__(self, frame: Frame) -> None:
        frame.dynamics += self._part * frame.lids * blink()


def added_pose(frame: Frame) -> None:
    """No pose is learned but against a person's usual one, so the dial is added."""
    frame.pose += frame.dials.pose[0]


def added_distance(frame: Frame) -> None:
    """Clips hardly change their distance, so the dial is added."""
    frame.pose[5] -= np.log(frame.dials.distance[0])


def added_emotion(frame: Frame) -> None:
    """Clips show hardly any strong emotion, so the dial is added."""
    frame.dynamics += offset(frame.dials.emotion)[0]
