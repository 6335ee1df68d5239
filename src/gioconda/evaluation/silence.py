"""What a generator does where nobody speaks, and whether it drifts over ten minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gioconda.evaluation.results import measure
from gioconda.evaluation.trials import Maker, generate
from gioconda.face import measure as face
from gioconda.face.basis import Basis
from gioconda.media import FPS, SAMPLE_RATE, Sound
from gioconda.motion import POSE, Motion

SHUT: Final = 0.01  # inter-ocular distances of mouth opening
_MINUTE: Final = 60 * FPS  # frames
_PAUSES: Final = (0.4, 0.8, 1.6)  # seconds between clips, in turn


def quiet_sounds(seconds: float = 60.0) -> dict[str, Sound]:
    """Sounds without a voice, (samples,) each: silence, faint noise, music."""
    rng = np.random.default_rng(0)
    count = round(seconds * SAMPLE_RATE)
    noise = 10 ** (-60 / 20) * rng.standard_normal(count)
    return {
        "silence": np.zeros(count, np.float32),
        "noise at -60 dB": noise.astype(np.float32),
        "music": music(seconds),
    }


def music(seconds: float, seed: int = 0) -> Sound:
    """Chords of decaying harmonics and a drum of noise, 120 beats a minute, (samples,).

    About -20 dB root mean square; nothing in it is a voice.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    beat = SAMPLE_RATE // 2
    time = np.arange(2 * beat) / SAMPLE_RATE
    chords = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # C, a, F, G: semitones over C
    sound = np.zeros(count + 4 * beat)
    for i, start in enumerate(range(0, count, beat)):
        for semitones in chords[i // 4 % len(chords)]:
            pitch = 130.81 * 2 ** (semitones / 12)
            for k in range(1, 9):
                phase = rng.uniform(0, 2 * np.pi)
                tone = np.sin(2 * np.pi * k * pitch * time + phase) / k
                sound[start : start + 2 * beat] += tone * np.exp(-(2 + k) * time)
        hit = rng.standard_normal(beat) * np.exp(-(60 if i % 2 else 25) * time[:beat])
        sound[start : start + beat] += 1.5 * hit
    loudness = np.sqrt((sound[:count] ** 2).mean())
    return np.asarray(0.1 * sound[:count] / loudness, np.float32)


@dataclass(frozen=True)
class MouthAtRest:
    """How still and shut a mouth is kept; shut are openings under 1 % of the eye distance."""

    shut: float = measure("frames with the mouth shut", "%", ".1f")
    jitter: float = measure("jitter of the opening", "% of the eye distance a frame", ".4f")
    widest: float = measure("mouth opening, 99th percentile", "%")


@dataclass(frozen=True)
class Drift:
    """Means and standard deviations of the first and the last minute, in degrees or percent."""

    first: float
    last: float
    first_spread: float
    last_spread: float
    between: float  # deviation of the means of all minutes, against which a drift must be seen


def mouth_at_rest(motion: Motion, basis: Basis) -> MouthAtRest:
    """How still and shut the mouth of the mean face is kept."""
    opening = face.mouth_opening(basis.rebuild(motion.dynamics, basis.mean))
    return MouthAtRest(
        shut=100 * float((opening < SHUT).mean()),
        jitter=100 * float(np.abs(np.diff(opening)).mean()),
        widest=100 * float(np.quantile(opening, 0.99)),
    )


def evaluate_silence(make: Maker, basis: Basis) -> dict[str, MouthAtRest]:
    """`mouth_at_rest` for a minute of each of `quiet_sounds`."""
    return {
        name: mouth_at_rest(generate(make, sound), basis) for name, sound in quiet_sounds().items()
    }


def minute_of_speech(sounds: Sequence[Sound]) -> Sound:
    """A minute (960000,) of recordings one after the other, with pauses between them."""
    parts: list[Sound] = []
    length, i = 0, 0
    while length < 60 * SAMPLE_RATE:
        pause = np.zeros(round(_PAUSES[i % len(_PAUSES)] * SAMPLE_RATE), np.float32)
        parts += [sounds[i % len(sounds)], pause]
        length += len(parts[-2]) + len(parts[-1])
        i += 1
    return np.concatenate(parts)[: 60 * SAMPLE_RATE]


def evaluate_long(
    make: Maker, sounds: Sequence[Sound], basis: Basis, minutes: int = 10
) -> dict[str, Drift]:
    """The last minute of a long run against the first; the speech of each minute is the same.

    Args:
        make: the generator.
        sounds: speech, (samples,) 16 kHz mono.
        basis: of its motion.
        minutes: at least two.

    Returns:
        Of yaw, pitch, roll, gaze yaw and gaze pitch (degrees), x, y, log scale and mouth opening
        (percent).
    """
    whole = generate(make, np.tile(minute_of_speech(sounds), minutes))
    return compare_minutes(whole, basis)


def compare_minutes(motion: Motion, basis: Basis) -> dict[str, Drift]:
    """See `evaluate_long`; of motion of two whole minutes and more."""
    faces = basis.rebuild(motion.dynamics, basis.mean)
    series = {
        name: (np.degrees(motion.pose[:, i]) if i < 3 else 100 * motion.pose[:, i])
        for i, name in enumerate(POSE)
    }
    gaze = np.degrees(face.gaze(faces))
    series |= {"gaze yaw": gaze[:, 0], "gaze pitch": gaze[:, 1]}
    series["mouth opening"] = 100 * face.mouth_opening(faces)
    result = {}
    for name, values in series.items():
        rows = values[: len(values) // _MINUTE * _MINUTE].reshape(-1, _MINUTE)
        means, moved = rows.mean(1), rows.std(1)
        ends = float(means[0]), float(means[-1]), float(moved[0]), float(moved[-1])
        result[name] = Drift(*ends, between=float(means.std()))
    return result
