"""Examples: clips and their copies, in the network's units."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.samples.performances import Performance
from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.face.measure import lip_gap
from gioconda.generator.bank import MIRRORED_POSE
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import speech_condition
from gioconda.speech import listen
from gioconda.speech.encoder import SpeechEncoder
from gioconda.training import augmentation
from gioconda.training.people import for_judge
from gioconda.training.steps import Report, reported
from gioconda.training.targets import mirror_of, resampled, smooth

_AMPLITUDE: Final = 1.3  # at most so far from the median, as a logarithm


@dataclass(frozen=True)
class Example:
    """T frames of a clip, or of a copy of it whose sound and speed are changed.

    Attributes:
        motion: (T, C) as in `Channels`.
        mirrored: (T, C) the same in a mirror.
        conditions: (T, 135) as in `Conditions`; 0 where nothing was measured.
        own: (T,) where the sound is speech of this face.
        neutral_gap: between the lips of the neutral face.
        lips: whether they may be learned.
        person: who it is.
    """

    motion: NDArray[np.float32]
    mirrored: NDArray[np.float32]
    conditions: NDArray[np.float32]
    own: NDArray[np.bool_]
    neutral_gap: float
    lips: bool
    person: str

    def __len__(self) -> int:
        return len(self.motion)


Copies = list[Example]
"""A clip as it is, and its copies."""


def read_examples(
    performances: list[Performance],
    speeds: Sequence[float],
    calibration: Calibration,
    report: Report,
) -> tuple[list[Copies], list[Copies]]:
    """The long clips, and the short ones.

    Raises:
        GiocondaError: if there is no clip.
    """
    rng = np.random.default_rng(0)
    maker = _Maker(SpeechEncoder(), calibration, released_basis())
    amplitudes = _amplitudes([one for one in performances if one.long])
    long: list[Copies] = []
    short: list[Copies] = []
    for one in reported(performances, "hearing clips", report):
        if for_judge(one.clip.person) and not one.long:
            continue
        amplitude = amplitudes.get(one.clip.name, np.nan)
        copies = [maker.make(one, one.pcm, 1.0, amplitude)]
        for speed in speeds if one.own.any() else ():
            at = np.arange(0, len(one.pcm) - 1, speed)
            pcm = augmentation.augmented(np.interp(at, np.arange(len(one.pcm)), one.pcm), rng)
            copies.append(maker.make(one, pcm, speed, amplitude))
        (long if one.long else short).append(copies)
    if not long and not short:
        raise GiocondaError("no clip serves; make a set with gioconda prepare")
    return long, short


def _amplitudes(performances: list[Performance]) -> dict[str, float]:
    """By clip: how fast the head moves against the median of people, as a logarithm."""
    speeds = {
        one.clip.name: float(np.abs(np.diff(one.motion.pose[:, :3], axis=0)).mean())
        for one in performances
    }
    people: dict[str, list[float]] = defaultdict(list)
    for one in performances:
        people[one.clip.person].append(speeds[one.clip.name])
    usual = float(np.median([float(np.median(of_one)) for of_one in people.values()] or [1.0]))
    return {
        name: float(np.clip(np.log(speed / usual), -_AMPLITUDE, _AMPLITUDE))
        for name, speed in speeds.items()
    }


class _Maker:
    def __init__(self, encoder: SpeechEncoder, calibration: Calibration, basis: Basis) -> None:
        self._encoder, self._basis = encoder, basis
        self._pose_scale = np.array(calibration.pose_scale, np.float32)
        self._gaze_scale = calibration.gaze_scale
        self._mirror = mirror_of(basis, sum(basis.parts))[0].astype(np.float32)

    def make(
        self, one: Performance, pcm: NDArray[np.float32], speed: float, amplitude: float
    ) -> Example:
        """A clip at another speed, with the sound at that speed; amplitude as a logarithm."""
        speech = listen(pcm)
        features = speech_condition(self._encoder.whole(speech.mel), speech.loudness)
        at = np.arange(0, len(one) - 1, speed)[: len(features)]
        nearest = np.round(at).astype(int)
        # pose and lips without the jitter of their tracking; lids are too quick for that
        pose = smooth(smooth(one.motion.pose)) / self._pose_scale
        dynamics = one.motion.dynamics.copy()
        dynamics[:, self._basis.lower] = smooth(dynamics[:, self._basis.lower])
        mirrored = np.concatenate([pose * MIRRORED_POSE, dynamics @ self._mirror], 1)
        amplitudes = np.full(len(one), amplitude + np.log(speed), np.float32)
        others = np.column_stack([one.gaze / self._gaze_scale, amplitudes, one.blinking])[nearest]
        conditions = np.concatenate([features[: len(at)], np.nan_to_num(others)], 1)
        return Example(
            resampled(np.concatenate([pose, dynamics], 1), at),
            resampled(mirrored, at),
            conditions.astype(np.float32),
            one.own[nearest],
            float(lip_gap(one.neutral)),
            not for_judge(one.clip.person),
            one.clip.person,
        )
