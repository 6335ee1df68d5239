"""What systems are compared on: a first frame and a voice of held-out people, and what they did."""

import sys
import wave
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Final

from gioconda.data.clips import Clip
from gioconda.errors import GiocondaError
from gioconda.evaluation import head_judge
from gioconda.evaluation.dependencies import emptied, fingerprint
from gioconda.evaluation.results import Report
from gioconda.evaluation.trials import Trial, read_trials
from gioconda.face.basis import released_basis
from gioconda.face.finder import find_face
from gioconda.media import (
    FPS,
    SAMPLE_RATE,
    Sound,
    VideoWriter,
    to_int16,
    write_image,
)
from gioconda.media.files import whole_file

SHORTEST: Final = FPS  # frames
LONGEST: Final = head_judge.LEAST


@dataclass(frozen=True)
class Input:
    """One person's first frame and voice, and the real video of them.

    Attributes:
        name: of the clip.
        person: whose it is.
        portrait: a PNG of the first frame.
        voice: a WAV.
        real: the video, with the voice.
    """

    name: str
    person: str
    portrait: Path
    voice: Path
    real: Path


def write_inputs(clips: list[Clip], count: int, folder: Path, report: Report) -> list[Input]:
    """Cut what is said in some clips into `folder/inputs` and `folder/videos/real`.

    What this code has made already stays. Every person's longest clip is taken first, then every
    person's second. A clip whose first frame is no portrait is left out.

    Args:
        clips: of people that nothing was learned from.
        count: how many to take, if there are so many of a second and more.
        folder: where to.
        report: called with clips done and clips in all.

    Raises:
        GiocondaError: if no clip serves.
    """
    by_name = {clip.name: clip for clip in clips}
    trials = read_trials([clip for clip in clips if clip.speech], released_basis())
    state = fingerprint(sys.modules[__name__])
    places = [emptied(folder / part, state) for part in ("inputs", "videos/real")]
    found: list[Input] = []
    for trial in _in_turn([trial for trial in trials if _long(trial)]):
        if len(found) == count:
            break
        inputs, real = (place / trial.person for place in places)
        one = Input(
            trial.name,
            trial.person,
            inputs / f"{trial.name}.png",
            inputs / f"{trial.name}.wav",
            real / f"{trial.name}.mp4",
        )
        if one.real.is_file() or _write(by_name[trial.name], trial, one):
            found.append(one)
            report(len(found), count)
    if not found:
        raise GiocondaError(
            f"none of the {len(clips)} held-out clips has {SHORTEST // FPS} s of speech in a run "
            "that begins with a face that can be animated"
        )
    return found


def _long(trial: Trial) -> bool:
    return len(trial.spoken) >= SHORTEST and bool(trial.seen[trial.speech].all())


def _in_turn(trials: list[Trial]) -> list[Trial]:
    people: dict[str, list[Trial]] = defaultdict(list)
    for trial in sorted(trials, key=lambda one: (-len(one.spoken), one.name)):
        people[trial.person].append(trial)
    groups = [people[person] for person in sorted(people)]
    return [trial for trial in chain(*zip_longest(*groups)) if trial is not None]


def _write(clip: Clip, trial: Trial, to: Input) -> bool:
    """Whether its first frame is a portrait; the real video last, for it says all are there."""
    count = min(len(trial.spoken), LONGEST)
    start = trial.speech.start
    frames = list(islice(clip.frames(), start, start + count))
    try:
        find_face(frames[0])
    except GiocondaError:
        return False
    for file in (to.portrait, to.real):
        file.parent.mkdir(exist_ok=True)
    pcm = trial.pcm[: count * SAMPLE_RATE // FPS]
    write_image(to.portrait, frames[0])
    write_sound(to.voice, pcm)
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    with VideoWriter(to.real, height, width, pcm) as video:
        for frame in frames:
            video.write(frame[:height, :width].copy())
    return True


def write_sound(path: Path, pcm: Sound) -> None:
    """A WAV of 16 kHz mono."""
    with whole_file(path, (".wav",)) as partial, wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(to_int16(pcm).tobytes())
