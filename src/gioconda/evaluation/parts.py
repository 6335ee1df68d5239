"""The parts of the whole report: each evaluation, on what the report is made of.

A part imports in its body what it measures with, for by that is known what its figures depend on.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from gioconda.data.clips import Clip
from gioconda.data.spoken.utterances import Utterance
from gioconda.evaluation.dependencies import emptied, fingerprint
from gioconda.evaluation.film_scores import Judges
from gioconda.evaluation.results import Report
from gioconda.inference import MODELS
from gioconda.portrait import Portrait

OURS: Final = "gioconda"
CLIPS: Final = 24  # that are made into videos; a smaller run is a trial, small in all its parts
_EVERY: Final = 9  # of the spoken sentences
_TRIED: Final = 16  # real videos that the judges are tried on, all in memory
_REDRAWN: Final = 8  # clips that are drawn frame by frame

Part = Callable[["Subject", Report], Any]


@dataclass(frozen=True)
class Subject:
    """What is judged, and on what.

    Attributes:
        folder: the report's.
        data: the prepared set's folder, as reports name it.
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

    def about(self) -> dict[str, Any]:
        """What tells this report's data from another's."""
        return {
            "set": self.data.resolve().name,
            "clips": self.count,
            "portraits": sorted(self.portraits),
            "sentences": len(self.sentences),
            "models": self.models,
        }

    @property
    def models(self) -> str:
        """The name of the folder of the user's own, or "released"."""
        return Path(os.environ.get(MODELS) or "released").name

    def sample(self, clips: list[Clip]) -> list[Clip]:
        """Clips with speech for the other parts: all, or in a trial as many, evenly spread."""
        spoken = [clip for clip in clips if clip.speech]
        return spoken if self.count >= CLIPS else spoken[:: max(1, len(spoken) // self.count)]

    @cached_property
    def judges(self) -> Judges:
        """Who judges videos."""
        return self.find_judges()


# --- the parts ---


def _videos(subject: Subject, report: Report) -> Any:
    """Real videos, and the same portraits and voices made into videos as users make them."""
    from gioconda.evaluation import systems
    from gioconda.evaluation.animations import animate_inputs
    from gioconda.evaluation.films import find_videos
    from gioconda.evaluation.inputs import write_inputs

    folder = subject.folder
    inputs = write_inputs(subject.held_out, subject.count, folder, report)
    animate_inputs(inputs, folder / "videos" / OURS, report)
    places = {
        name: find_videos(folder / "videos" / name, folder / "inputs")
        for name in (systems.REAL, OURS)
    }
    kept = emptied(folder / "parts" / "videos", fingerprint(systems))
    return systems.evaluate_videos(places, subject.judges, kept, report)


def _judges(subject: Subject, report: Report) -> Any:
    from gioconda.data.people import for_judge
    from gioconda.evaluation.films import find_videos
    from gioconda.evaluation.head_voice import long_stretches
    from gioconda.evaluation.inputs import write_inputs
    from gioconda.evaluation.systems import REAL
    from gioconda.evaluation.validity import try_judges

    folder = subject.folder
    inputs = write_inputs(subject.held_out, min(_TRIED, subject.count), folder, report)
    real = find_videos(folder / "videos" / REAL, folder / "inputs")
    heads = long_stretches([one for one in subject.others if not for_judge(one.person)])
    return try_judges({one.name: real[one.name] for one in inputs}, subject.judges, report, heads)


def _faults(subject: Subject, report: Report) -> Any:
    from gioconda.evaluation.faults import evaluate_faults

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
        {subject.models: partial(Generator, later=LATER)},
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
