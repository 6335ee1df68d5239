"""What a face does while the other one speaks: does it listen?

It hears held-out people's clips, one after the other with pauses, and says nothing; beside it the
same face hears nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, measure, silent
from gioconda.face import measure as face
from gioconda.face.basis import Basis, released_basis
from gioconda.generator import Generator
from gioconda.generator.calibration import Calibration
from gioconda.generator.network import released_network
from gioconda.generator.reactions import Laughter
from gioconda.media import FPS, SAMPLE_RATE, Sound
from gioconda.motion import Motion
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES

LISTENING, IDLE = "listens", "hears nobody"
_PAUSE: Final = round(1.6 * FPS)  # frames after each clip
_AFTER: Final = 2 * FPS  # frames from the end of a phrase in which a nod belongs to it
_LEAST: Final = FPS  # frames of a clip that make a phrase
# A nod: the head goes down by so many degrees, and comes back by so many, within as many frames.
_DOWN, _BACK, _WITHIN = 2.5, 2.0, 10
_APART: Final = FPS  # frames within which dips are one nod
_HELD: Final = 5.0  # degrees within which eyes look at the viewer
_SETTLE: Final = FPS  # frames at the start that are not counted


@dataclass(frozen=True)
class Listening:
    """How a silent face behaves; the viewer is straight ahead."""

    nods_at_ends: float = measure("nods after phrase ends", "a minute", ".1f")
    nods_elsewhere: float = measure("nods elsewhere", "a minute", ".1f")
    speed: float = measure("head speed", "degrees a frame")
    lips: float = measure("lips' opening, most against rest", "% of the eye distance", ".3f")
    gaze: float = measure("gaze from the viewer, mean", "degrees")
    on_viewer: float = measure("gaze within 5 degrees of the viewer", "% of frames", ".0f")


@dataclass(frozen=True)
class ListeningResult:
    """A face that listens beside one that hears nobody, and how laughter is told from speech."""

    minutes: float
    phrases: int
    columns: dict[str, Listening]
    smiles_in_speech: float  # times a minute that speech is taken for laughter
    laughs: dict[str, bool]  # sounds of laughter, and whether they are noticed


def evaluate_listening(
    clips: Sequence[Sound],
    laughs: Mapping[str, Sound] | None = None,
    minutes: float = 2.0,
    report: Report = silent,
) -> ListeningResult:
    """Figures of the released generator.

    Args:
        clips: speech of others, (samples,) each, 16 kHz mono.
        laughs: laughter, by name.
        minutes: how long it listens.
        report: called with steps done and steps in all.

    Raises:
        GiocondaError: if no clip is a second long.
    """
    other, ends = conversation(clips, round(60 * minutes * FPS))
    columns = {}
    for step, (name, heard) in enumerate({LISTENING: other, IDLE: other[:0]}.items(), start=1):
        columns[name] = listening(_motion(heard, len(other)), ends, released_basis())
        report(step, 3)
    calibration = released_network().calibration
    times = _smiles(other, calibration)
    noticed = {name: _smiles(pcm, calibration) > 0 for name, pcm in (laughs or {}).items()}
    report(3, 3)
    spoken = len(other) / SAMPLE_RATE / 60
    return ListeningResult(spoken, len(ends), columns, times / spoken, noticed)


def conversation(clips: Sequence[Sound], frames: int) -> tuple[Sound, list[int]]:
    """Clips with a pause after each, and the frames at which each ends, of at most `frames`.

    Raises:
        GiocondaError: if no clip is a second long.
    """
    parts: list[Sound] = []
    ends: list[int] = []
    length = 0
    for pcm in clips:
        whole = len(pcm) // SAMPLES
        if whole < _LEAST:
            continue
        if length + whole + _PAUSE > frames and ends:
            break
        parts += [pcm[: whole * SAMPLES], np.zeros(_PAUSE * SAMPLES, np.float32)]
        ends.append(length + whole)
        length += whole + _PAUSE
    if not ends:
        raise GiocondaError("no clip is a second long; give a set with speech")
    return np.concatenate(parts), ends


def listening(motion: Motion, ends: Sequence[int], basis: Basis) -> Listening:
    """How a silent face behaves.

    Args:
        motion: of the face.
        ends: frames at which phrases of the other one ended.
        basis: of the motion.
    """
    after = np.zeros(len(motion), bool)
    for end in ends:
        after[end : end + _AFTER] = True
    nodded = nods(np.degrees(motion.pose[:, 1]))
    minutes = np.array([after.sum(), (~after).sum()]) / FPS / 60
    at_ends = sum(after[frame] for frame in nodded)
    faces = basis.rebuild(motion.dynamics, basis.mean)
    opening = face.mouth_opening(faces) - face.mouth_opening(basis.mean[None])
    looks = np.degrees(face.gaze(faces, basis.mean) + motion.pose[:, :2])[_SETTLE:]
    off = np.linalg.norm(looks, axis=1)
    turns = np.degrees(np.diff(motion.pose[:, :3], axis=0))
    return Listening(
        nods_at_ends=float(at_ends / minutes[0]) if minutes[0] else float("nan"),
        nods_elsewhere=float((len(nodded) - at_ends) / minutes[1]) if minutes[1] else float("nan"),
        speed=float(np.abs(turns).mean()),
        lips=100 * float(np.abs(opening).max()),
        gaze=float(off.mean()),
        on_viewer=100 * float((off < _HELD).mean()),
    )


def nods(pitch: NDArray[np.floating]) -> list[int]:
    """Frames at which a nod is at its lowest.

    Args:
        pitch: (T,) of the head in degrees, up is positive.
    """
    found: list[int] = []
    for i in range(_WITHIN, len(pitch) - _WITHIN):
        near = pitch[i - _WITHIN : i + _WITHIN + 1]
        before, behind = near[:_WITHIN].max() - pitch[i], near[_WITHIN:].max() - pitch[i]
        lowest = pitch[i] == pitch[i - 3 : i + 4].min()
        apart = not found or i - found[-1] > _APART
        if lowest and apart and before >= _DOWN and behind >= _BACK:
            found.append(i)
    return found


def _motion(heard: Sound, samples: int) -> Motion:
    generator = Generator()
    generator.listen(heard)
    silence = np.zeros(SAMPLE_RATE, np.float32)
    parts = [generator.append(silence[: samples - at]) for at in range(0, samples, len(silence))]
    return Motion.joined([*parts, generator.finish()])


def _smiles(pcm: Sound, calibration: Calibration) -> int:
    """How often a sound makes a face smile."""
    laughter = Laughter(calibration.laughter, calibration.laughter_lasting)
    times, since = 0, calibration.smile_hold + 1
    for spectra in listen(pcm).mel:
        laughs = laughter.next(spectra)
        times += laughs and since > calibration.smile_hold
        since = 0 if laughs else since + 1
    return times
