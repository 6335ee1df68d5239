"""Every evaluation of the released models on one set, in a folder, one after the other.

A part that is done is kept, so a run that was stopped goes on; and every figure of the final
result is read from what was kept, so it is the same as without a stop.
"""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from gioconda.data.clips import Clip
from gioconda.data.spoken.utterances import Utterance
from gioconda.errors import GiocondaError
from gioconda.evaluation.faults import evaluate_faults
from gioconda.evaluation.film_scores import Judges
from gioconda.evaluation.films import find_videos
from gioconda.evaluation.inputs import animate_inputs, write_inputs
from gioconda.evaluation.results import Report, silent, to_json
from gioconda.evaluation.systems import REAL, evaluate_videos
from gioconda.evaluation.validity import try_judges
from gioconda.media.files import whole_file
from gioconda.portrait import Portrait
from gioconda.version import __version__

OURS: Final = "gioconda"
CLIPS: Final = 24  # that are made into videos; a smaller run is a trial, small in all its parts
RESULT, RUN = "report.json", "run.json"
_EVERY: Final = 9  # of the spoken sentences
_TRIED: Final = 12  # real videos that the judges are tried on, all in memory
_REDRAWN: Final = 8  # clips that are drawn frame by frame
_ROOT: Final = Path(__file__).resolve().parents[3]

Part = Callable[["Subject", Report], Any]


@dataclass(frozen=True)
class Subject:
    """What is judged, and on what.

    Attributes:
        folder: the report's.
        data: the prepared set's folder, for the commands that are told.
        held_out, others: clips of people from whom nothing was learned, and of all others.
        portraits: by name.
        sentences: spoken by machines, perhaps none.
        count: clips that are made into videos; under `CLIPS`, the other parts take no more.
        find_judges: makes the judges when they are asked for.
    """

    folder: Path
    data: Path
    held_out: list[Clip]
    others: list[Clip]
    portraits: Mapping[str, Portrait]
    sentences: Sequence[Utterance]
    count: int
    find_judges: Callable[[], Judges]

    def sample(self, clips: list[Clip]) -> list[Clip]:
        """Clips with speech for the other parts: all, or in a trial as many, evenly spread."""
        spoken = [clip for clip in clips if clip.speech]
        return spoken if self.count >= CLIPS else spoken[:: max(1, len(spoken) // self.count)]

    @cached_property
    def judges(self) -> Judges:
        """Who judges videos."""
        return self.find_judges()


def run_everything(
    subject: Subject, only: Collection[str] = (), report: Report = silent
) -> dict[str, Any]:
    """Do what is left of the parts, and put all that is done together in `report.json`.

    Args:
        subject: what to judge.
        only: parts to do; all by default.
        report: called with parts done and parts in all.

    Returns:
        What is in `report.json`.

    Raises:
        GiocondaError: if the folder has a report of another state, set or size, or a part cannot
            be measured.
    """
    kept = subject.folder / "parts"
    kept.mkdir(parents=True, exist_ok=True)
    about = _about(subject)
    _begin(subject.folder / RUN, about)
    names = [name for name in PARTS if not only or name in only]
    for done, name in enumerate(names):
        file = kept / f"{name}.json"
        report(done, len(names))
        if not file.is_file():
            begun = time.perf_counter()
            found = to_json(PARTS[name](subject, silent))
            _write_json(file, found)
            _note(subject.folder / RUN, name, time.perf_counter() - begun)
    report(len(names), len(names))
    parts = {
        name: json.loads(file.read_text())
        for name in PARTS
        if (file := kept / f"{name}.json").is_file()
    }
    result = about | {"parts": parts}
    _write_json(subject.folder / RESULT, result)
    return result


def _about(subject: Subject) -> dict[str, Any]:
    """What tells this report from another; the same for every run of one state on one set."""
    return {
        "set": subject.data.resolve().name,
        "clips": subject.count,
        "version": __version__,
        "commit": _commit(),
        "models": os.environ.get("GIOCONDA_MODELS", "released"),
    }


def _commit() -> str:
    """Of the checkout that this code runs from; empty where it is none."""
    ask = partial(subprocess.run, cwd=_ROOT, capture_output=True, text=True, check=False)
    try:
        state = ask(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        changed = ask(["git", "status", "--porcelain", "--untracked-files=no"]).stdout.strip()
    except OSError:
        return ""
    return f"{state}, with changes" if changed and state else state


def _begin(file: Path, about: Mapping[str, Any]) -> None:
    """Say what the folder is of, or see that it is of the same."""
    if not file.is_file():
        _write_json(file, {"about": about, "seconds": {}})
        return
    before = json.loads(file.read_text())["about"]
    if differ := [key for key in about if before.get(key) != about[key]]:
        told = ", ".join(f"{key} {before.get(key)}, not {about[key]}" for key in differ)
        raise GiocondaError(f"{file.parent} has a report of another run ({told}); name another")


def _note(file: Path, part: str, seconds: float) -> None:
    """When, on which machine, and how long: what differs between runs of one state."""
    known = json.loads(file.read_text())
    known["machine"] = f"{_processor()}, {len(os.sched_getaffinity(0))} cores"
    known["date"] = datetime.now(UTC).date().isoformat()
    known["seconds"][part] = round(seconds, 1)
    _write_json(file, known)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _write_json(file: Path, content: Any) -> None:
    with whole_file(file, (".json",)) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


# --- the parts ---


def _videos(subject: Subject, report: Report) -> Any:
    """Real videos, and the same portraits and voices made into videos as users make them."""
    folder = subject.folder
    inputs = write_inputs(subject.held_out, subject.count, folder, report)
    animate_inputs(inputs, folder / "videos" / OURS, report)
    places = {
        name: find_videos(folder / "videos" / name, folder / "inputs") for name in (REAL, OURS)
    }
    kept = folder / "parts" / "videos"
    kept.mkdir(exist_ok=True)
    return evaluate_videos(places, subject.judges, kept, report)


def _judges(subject: Subject, report: Report) -> Any:
    folder = subject.folder
    inputs = write_inputs(subject.held_out, min(_TRIED, subject.count), folder, report)
    real = find_videos(folder / "videos" / REAL, folder / "inputs")
    return try_judges({one.name: real[one.name] for one in inputs}, subject.judges, report)


def _faults(subject: Subject, report: Report) -> Any:
    return {name: evaluate_faults(one) for name, one in subject.portraits.items()}


def _rest(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.rest import rest

    return {name: rest(one) for name, one in subject.portraits.items()}


def _emotion(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.emotion import by_blendshapes, by_geometry, evaluate_emotion

    reader = subject.judges.blendshapes
    judge = by_blendshapes(reader) if reader else by_geometry
    return evaluate_emotion(list(subject.portraits.values()), 1.0, judge, report)


def _renderer(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.renderer import evaluate_renderer
    from gioconda.renderer.neural import NeuralDecoder

    count = min(_REDRAWN, subject.count)
    return evaluate_renderer(subject.held_out, {"renderer": NeuralDecoder}, count, report)


def _reenactment(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.reenactment import evaluate_reenactment

    return evaluate_reenactment(subject.held_out, min(_REDRAWN, subject.count), report)


def _performance(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.performance import evaluate_performance
    from gioconda.generator import LATER, Generator

    return evaluate_performance(
        subject.sample(subject.held_out),
        subject.sample(subject.others),
        {"released": partial(Generator, later=LATER)},
        subject.sentences[::_EVERY],
        report,
    )


def _generator(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.generator import evaluate_generator
    from gioconda.generator import Generator

    return evaluate_generator(
        subject.sample(subject.held_out),
        subject.sample(subject.others),
        {"generator": Generator},
        subject.sentences[::_EVERY],
        report,
        subject.judges.sync,
    )


def _listening(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.listening import evaluate_listening

    sounds = [clip.audio() for clip in subject.sample(subject.held_out)]
    return evaluate_listening(sounds, {}, 1, report)


def _song(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.song import evaluate_song
    from gioconda.generator import LATER, Generator

    make = partial(Generator, steps=1, later=LATER)
    return evaluate_song(
        subject.sample(subject.held_out), make, subject.sentences[::_EVERY], {}, report
    )


PARTS: Final[dict[str, Part]] = {
    "videos": _videos,
    "judges": _judges,
    "faults": _faults,
    "rest": _rest,
    "emotion": _emotion,
    "renderer": _renderer,
    "reenactment": _reenactment,
    "performance": _performance,
    "generator": _generator,
    "listening": _listening,
    "song": _song,
}
