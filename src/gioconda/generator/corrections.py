"""Corrections: named steps after the network, each of which mends one thing in a frame.

`Generator` lists them in their order. They look at no frame that is to come.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gioconda.controls import EMOTIONS, Dials
from gioconda.face import actions, measure
from gioconda.face.basis import Basis, released_basis
from gioconda.generator.blinks import blink, eye_opening
from gioconda.generator.calibration import Calibration
from gioconda.generator.emotions import offset, parting
from gioconda.generator.gate import VoiceGate

_Floats = NDArray[np.floating]
_UNSEEN = 1e-3  # of an emotion: it moves points by far less than a pixel


@dataclass
class Frame:
    """A frame in the making. Corrections change pose, dynamics and certainties in place.

    Attributes:
        pose: (6,) as `Motion.pose`.
        dynamics: (D,).
        voice: certainty of a voice, 0 to 1.
        loudness: in dB against the level of the voice, at most about 0, as in `Speech`.
        meeting: certainty that lips meet in a voice, 0 to 1.
        meeting_next: the same of the next frame; in a call, where it is not known, 1.
        touching: certainty of f or v, 0 to 1.
        gaze: (2,) where the eyes are to rest against the portrait's own rest, radians; NaN if
            they are free.
        lids: how far a blink has shut them, 0 to 1.
        brows: how far a listener raises them, 0 to 1.
        dials: of this frame only.
    """

    pose: NDArray[np.float32]
    dynamics: NDArray[np.float32]
    voice: float
    loudness: float
    meeting: float
    meeting_next: float
    touching: float
    gaze: NDArray[np.float32]
    lids: float
    brows: float
    dials: Dials


class Correction(Protocol):
    """One step; may remember what it saw in the frames before."""

    def __call__(self, frame: Frame) -> None: ...


class SilentMouth:
    """The mouth moves in silence too, so a gate shuts it.

    A sound may begin in the middle of a word, but of its first frames the lips have heard too
    little: they count as a voice only where that is surer than of noise.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        c = calibration
        self._lower, self._sure, self._kept = basis.lower, c.gate_voice, c.gate_keep
        self._gate = VoiceGate(c.gate_rise, c.gate_fall, c.gate_hold, at_once=True)
        self._needed = c.gate_begin

    def __call__(self, frame: Frame) -> None:
        voice = frame.voice > self._needed
        if voice:
            self._needed = self._kept
        elif frame.voice <= self._kept:
            self._needed = self._sure
        part = self._gate.next(voice)
        frame.dynamics[self._lower] *= part
        frame.meeting *= part
        frame.touching *= part


class LipClosure:
    """Where lips are predicted to meet, though their mean is apart; and to come near, on f, v.

    The mouth moves by the least that brings the inner rims together, or that keeps them from
    passing through each other, and the outer rims follow: lips swell no more than real ones. A
    frame that is surer than its neighbours needs less certainty, for p, b and m are short.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._lower, self._calibration = basis.lower, calibration
        self._rest = measure.lip_gaps(basis.mean)
        moves = basis.dynamics[basis.lower]
        self._moves = measure.lip_gaps(moves)
        self._back = np.linalg.pinv(self._moves, rcond=calibration.closing_least)
        middle = measure.lip_gap(moves)
        self._swells = measure.lips_height(moves) - middle
        held = np.column_stack([self._swells, middle, measure.lip_width(moves)])
        self._thins = np.linalg.pinv(held)[0]  # (lower,) by 1, while gap and width stay
        self._met = self._touched = 0.0  # how far, 0 to 1
        self._before = 0.0  # certainty in the frame before

    def __call__(self, frame: Frame) -> None:
        c, lower = self._calibration, frame.dynamics[self._lower]
        peak = self._before <= frame.meeting >= frame.meeting_next
        self._before = frame.meeting
        met = _between(frame.meeting, *(c.meet if peak else c.meet_held))
        self._met = max(met, c.closing_release * self._met)
        self._touched = max(_between(frame.touching, *c.touch), c.closing_release * self._touched)
        gap = self._rest + lower @ self._moves
        near = self._touched * np.maximum(gap - c.teeth_gap, 0)
        over = gap - c.contact_gap
        met = self._met * np.maximum(over, 0)
        lower -= (np.maximum(near, met) + np.minimum(over, 0)) @ self._back
        lower -= max(float(lower @ self._swells) - c.lips_swell, 0.0) * self._thins


def _between(chance: float, start: float, full: float) -> float:
    return min(1.0, max(0.0, (chance - start) / (full - start)))


class Return:
    """What each clip has its own of, the network makes up as it goes: heads wander nearer and
    farther, lids lower and higher. So slow means of both are taken off.

    In a blink the mean of the lids waits.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._calibration = calibration
        self._upper = basis.upper
        self._opens = (eye_opening(np.eye(basis.parts[1]), basis) - 1).astype(np.float32)
        shut = blink()[basis.upper]
        self._shut = -shut / float(shut @ self._opens)  # (upper,) by all of a gap
        self._near = self._open = 0.0

    def __call__(self, frame: Frame) -> None:
        c = self._calibration
        self._near += c.distance_return * (float(frame.pose[5]) - self._near)
        frame.pose[5] -= self._near
        upper = frame.dynamics[self._upper]
        if not frame.lids:
            self._open += c.lids_return * (float(upper @ self._opens) - self._open)
        upper += np.float32(self._open) * self._shut


class AmplitudeGain:
    """The network moves brows less far than people do, so they have a gain.

    Beyond what clips taught the amplitude is a gain of head and brows. Lids stay as they are.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._upper, self._calibration = basis.upper, calibration
        lids = eye_opening(np.eye(basis.parts[1]), basis) - 1
        self._lids = (lids / np.linalg.norm(lids)).astype(np.float32)  # (upper,) opens the eyes

    def __call__(self, frame: Frame) -> None:
        wanted = frame.dials.amplitude[0] * self._calibration.amplitude
        gain = wanted / np.clip(wanted, *self._calibration.amplitude_range)
        frame.pose *= gain
        upper = frame.dynamics[self._upper]
        brows = gain * self._calibration.brows
        upper += (brows - 1) * (upper - upper @ self._lids * self._lids)


class AddedEmotion:
    """Clips show hardly any strong emotion, so the dial is added.

    Not as it stands: an emotion comes within half a second and goes within one, starting and
    ending softly, and while it is held it swells and sinks with the voice. Where it parts the lips
    it does so in pauses only, for in speech the voice says how open they are. Lids that it widens
    or narrows still shut in a blink.
    """

    def __init__(self, basis: Basis, calibration: Calibration) -> None:
        self._calibration = calibration
        self._opens = measure.lid_gap(basis.dynamics) / measure.lid_gap(basis.mean)  # (D,)
        self._towards = np.zeros(len(EMOTIONS), np.float32)
        self._level = np.zeros(len(EMOTIONS), np.float32)  # follows `_towards`, which follows
        self._swell = 0.0  # of the voice, 0 to 1
        self._speech = 0.0  # whether there is any, 0 to 1

    def __call__(self, frame: Frame) -> None:
        c = self._calibration
        speaks = float(frame.voice > c.gate_voice)
        loud = speaks * _between(frame.loudness, -c.emotion_quiet, 0)
        self._swell, self._speech = (
            at + (c.swell_rise if to > at else c.swell_fall) * (to - at)
            for at, to in ((self._swell, loud), (self._speech, speaks))
        )
        self._towards = self._nearer(self._towards, frame.dials.emotion[0])
        self._level = self._nearer(self._level, self._towards)
        if not self._level.any():
            return
        strength = (1 - c.emotion_swing * (1 - self._swell)) * self._level[None]
        added = (offset(strength) - np.float32(self._speech) * parting(strength))[0]
        wide = float(added @ self._opens)
        frame.dynamics += added + np.float32(frame.lids * wide) * blink()

    def _nearer(self, at: NDArray[np.float32], to: NDArray[np.float32]) -> NDArray[np.float32]:
        c = self._calibration
        part = np.where(to > at, c.emotion_rise, c.emotion_fall)
        moved = np.asarray(at + part * (to - at), np.float32)
        moved[moved < _UNSEEN] = 0
        return moved


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


def raised_brows(frame: Frame) -> None:
    """A network that hears one voice gives no sign to another, so a listener's is added."""
    if frame.brows:
        frame.dynamics += np.float32(frame.brows) * raising()


@cache
def raising() -> NDArray[np.float32]:
    """Dynamics (D,) of raised brows, as the actions raise them."""
    names = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
    weights = np.array([name in names for name in actions.ACTIONS], float)
    return actions.project(actions.face(weights), released_basis()).astype(np.float32)
